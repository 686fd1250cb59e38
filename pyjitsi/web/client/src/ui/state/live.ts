/** A `Meeting` of the session core, made readable from Svelte. */

import { createSubscriber } from "svelte/reactivity";
import type { Meeting, MeetingState } from "../../session/api";

export class LiveMeeting {
  readonly #subscribe: () => void;

  constructor(readonly meeting: Meeting) {
    this.#subscribe = createSubscriber((update) => meeting.subscribe(update));
  }

  /** The latest snapshot; reading it in a component keeps the component up to date. */
  get state(): MeetingState {
    this.#subscribe();
    return this.meeting.state;
  }
}
