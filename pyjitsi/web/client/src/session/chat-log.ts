/** What was written in each room, as we go from one to another. */

import type { ChatMessage } from "./api";

export class ChatLog {
  readonly #rooms = new Map<string, readonly ChatMessage[]>();

  of(room: string): readonly ChatMessage[] {
    return this.#rooms.get(room) ?? [];
  }

  /** Keeps a line; returns all of the room. */
  add(room: string, message: ChatMessage): readonly ChatMessage[] {
    const messages = [...this.of(room), message];
    this.#rooms.set(room, messages);
    return messages;
  }

  clear(): void {
    this.#rooms.clear();
  }
}
