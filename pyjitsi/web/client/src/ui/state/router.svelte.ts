/** Which page the address stands for: "/" is the front page, every other path is a room. */

import { readRoomName } from "../text/roomname";

export class Router {
  #room: string | null = $state(null);

  constructor() {
    this.#read();
    addEventListener("popstate", () => this.#read());
  }

  /** The room in the address, null on the front page. */
  get room(): string | null {
    return this.#room;
  }

  /** The room as the server's pages are told of it, to come back to. */
  get place(): string | null {
    return this.#room;
  }

  /** Opens a room's page. */
  openRoom(room: string): void {
    this.#go(`/${encodeURIComponent(room)}${location.hash}`);
  }

  openFront(): void {
    this.#go("/");
  }

  /** The address to give to others: without the configuration overrides that may stand after the "#". */
  get invitation(): string {
    return `${location.origin}/${encodeURIComponent(this.#room ?? "")}`;
  }

  #go(path: string): void {
    history.pushState(null, "", path);
    this.#read();
  }

  #read(): void {
    const room = readRoomName(location.pathname);
    this.#room = room === "" ? null : room;
  }
}
