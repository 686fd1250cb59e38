/** Participants and states for tests and for the demo page. */

import type { ChatMessage, MeetingState, Participant, VideoSource } from "../../session/api";
import { ALL_ALLOWED, NO_BREAKOUTS, NO_SECURITY } from "../../session/api";

/** A camera source that is on, without a stream unless one is given. */
export function camera(id: string, stream: MediaStream | null = null): VideoSource {
  return { name: `${id}-v0`, kind: "camera", muted: false, stream };
}

/** A shared screen. */
export function screen(id: string, stream: MediaStream | null = null): VideoSource {
  return { name: `${id}-v1`, kind: "desktop", muted: false, stream };
}

/** A participant with everything on and quiet, changed where the test says. */
export function person(id: string, change: Partial<Participant> = {}): Participant {
  return {
    id,
    name: id.charAt(0).toUpperCase() + id.slice(1),
    avatar: null,
    local: false,
    moderator: false,
    audioMuted: false,
    videoMuted: false,
    videos: [camera(id)],
    audio: null,
    raisedHandAt: null,
    quality: "good",
    active: true,
    joinedAt: 0,
    ...change,
  };
}

/** A line of chat. */
export function message(id: string, from: string, text: string, change: Partial<ChatMessage> = {}): ChatMessage {
  return { id, from, name: from, local: false, text, at: 0, privateTo: null, announcement: false, ...change };
}

/** A joined meeting, changed where the test says. */
export function meetingState(change: Partial<MeetingState> = {}): MeetingState {
  return {
    phase: "joined",
    error: null,
    room: "calm-otter-lake",
    localId: "me",
    participants: [],
    dominantSpeaker: null,
    speaking: new Set(),
    messages: [],
    bridgeChannelOpen: true,
    iceState: "connected",
    startedAt: 0,
    entry: null,
    security: NO_SECURITY,
    allowed: ALL_ALLOWED,
    approved: { audio: new Set(), video: new Set(), desktop: new Set() },
    knockers: [],
    breakouts: NO_BREAKOUTS,
    polls: [],
    speakers: [],
    ...change,
  };
}
