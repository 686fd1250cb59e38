/** Why a room did not let us in, and why it put us out, as its presence tells (4-services section 2.2). */

import type { ErrorCode } from "./api";
import { NS } from "./namespaces";
import { child, children, textOf } from "./xml";
import { conditionOf } from "./xmpp";

export type RefusalCode = ErrorCode | "name-required" | "lobby" | "no-room" | "too-fast";

export interface Refusal {
  readonly code: RefusalCode;
  readonly lobby: string | null;
  readonly waitingForHost: boolean;
}

/** Reads a presence of type error. */
export function readRefusal(presence: Element): Refusal {
  const error = child(presence, "error");
  const lobby = textOf(error, "lobbyroom", NS.jitmeet) || textOf(presence, "lobbyroom") || null;
  return {
    code: codeOf(error, conditionOf(presence), lobby !== null),
    lobby,
    waitingForHost: child(error, "waiting-for-host", NS.jitmeet) !== null,
  };
}

function codeOf(error: Element | null, condition: string, hasLobby: boolean): RefusalCode {
  switch (condition) {
    case "not-authorized":
      return "password-required";
    case "registration-required":
      return hasLobby ? "lobby" : "not-allowed";
    case "service-unavailable":
      return "room-full";
    case "resource-constraint":
    case "policy-violation":
      return error?.getAttribute("type") === "wait" ? "too-fast" : "room-full";
    case "forbidden":
      return "banned";
    case "not-acceptable":
      return child(error, "displayname-required", NS.jitmeet) === null ? "unknown" : "name-required";
    case "item-not-found":
      return "no-room";
    case "not-allowed":
      return notAllowed(error);
    default:
      return "unknown";
  }
}

function notAllowed(error: Element | null): RefusalCode {
  if (child(error, "authentication-required", NS.jitmeet) !== null) return "log-in-required";
  const missing = child(error, "room-does-not-exist", NS.jitmeet) !== null;
  // Rooms are made by the focus; where it is not there yet, nobody else may make one.
  return missing || textOf(error, "text").includes("creation") ? "no-room" : "not-allowed";
}

/** Where people go on whose room was ended: breakout rooms name their main room. */
export function readAlternate(presence: Element): string | null {
  return child(child(presence, "x", NS.mucUser), "destroy")?.getAttribute("jid") || null;
}

/** Why we are out of the room: kicked, banned, or the room was ended. Null where the server merely shuts down. */
export function readRemoval(presence: Element): ErrorCode | null {
  const user = child(presence, "x", NS.mucUser);
  const codes = children(user, "status").map((status) => status.getAttribute("code"));
  if (codes.includes("332")) return null;
  const destroyed = child(user, "destroy");
  if (destroyed !== null) {
    return /\btime\b|duration/i.test(textOf(destroyed, "reason")) ? "time-over" : "room-destroyed";
  }
  if (codes.includes("301")) return "banned";
  if (codes.includes("321") || codes.includes("322")) return "not-allowed";
  return "kicked";
}
