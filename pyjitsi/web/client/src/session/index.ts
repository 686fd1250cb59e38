/** The session core: signalling and media of a meeting, with nothing of the interface. */

import { PasswordAccount } from "./account";
import type { CreateMeeting } from "./api";
import { MeetingSession } from "./meeting";

export { accountOf } from "./account";

export const createMeeting: CreateMeeting = (config, account, access) =>
  new MeetingSession(config, account instanceof PasswordAccount ? account : null, access);
