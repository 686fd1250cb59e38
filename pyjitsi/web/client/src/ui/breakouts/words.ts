/** Breakout rooms in words. */

import { t } from "../../i18n";
import type { BreakoutRoom } from "../../session/api";

export function roomName(room: Pick<BreakoutRoom, "name" | "main">): string {
  return room.main ? t("breakouts.main") : room.name;
}
