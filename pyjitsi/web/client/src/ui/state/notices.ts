/** Finds what is worth saying aloud when a meeting goes from one state to the next. */

import type { ChatMessage, MeetingState } from "../../session/api";

export type Notice =
  | { readonly kind: "joined" | "left" | "hand"; readonly name: string }
  | { readonly kind: "message"; readonly name: string; readonly message: ChatMessage };

/**
 * The notices between two snapshots of one meeting, of other people only. Whoever is there when one joins is not news:
 * nothing is said of a first snapshot, nor across a reconnection, when everybody may seem to leave and come back.
 */
export function noticesBetween(before: MeetingState, after: MeetingState): Notice[] {
  if (before.phase !== "joined" || after.phase !== "joined") return [];
  const earlier = new Map(before.participants.map((participant) => [participant.id, participant]));
  const later = new Set(after.participants.map((participant) => participant.id));
  const notices: Notice[] = [];
  // Where a meeting is split, people come and go all the time; the list of rooms says where they are.
  const split = after.breakouts.rooms.length > 0;
  const small = after.breakouts.rooms.some((room) => room.here && !room.main);
  for (const participant of after.participants) {
    if (participant.local) continue;
    const old = earlier.get(participant.id);
    if (old === undefined && (small || !split)) notices.push({ kind: "joined", name: participant.name });
    if (participant.raisedHandAt !== null && old !== undefined && old.raisedHandAt === null) {
      notices.push({ kind: "hand", name: participant.name });
    }
  }
  for (const participant of before.participants) {
    if (!split && !participant.local && !later.has(participant.id))
      notices.push({ kind: "left", name: participant.name });
  }
  const known = new Set(before.messages.map((message) => message.id));
  for (const message of after.messages) {
    if (!message.local && !message.announcement && !known.has(message.id))
      notices.push({ kind: "message", name: message.name, message });
  }
  return notices;
}

/** People with a raised hand, whoever raised it first at the head of the queue. */
export function handQueue(participants: MeetingState["participants"]): string[] {
  return participants
    .filter((participant) => participant.raisedHandAt !== null)
    .sort((a, b) => (a.raisedHandAt ?? 0) - (b.raisedHandAt ?? 0) || a.id.localeCompare(b.id))
    .map((participant) => participant.id);
}
