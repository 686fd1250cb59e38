/** The session core: signalling and media of a meeting, with nothing of the interface. */

import type { CreateMeeting } from "./api";
import { MeetingSession } from "./meeting";

export const createMeeting: CreateMeeting = (config) => new MeetingSession(config);
