/** Which page the address stands for: "/" is the front page, every other path a room, perhaps a tenant's. */

import { type Place, readPlace } from "../text/roomname";

export class Router {
  #place: Place = $state.raw({ tenant: null, room: "" });

  constructor() {
    this.#read();
    addEventListener("popstate", () => this.#read());
  }

  /** The room in the address, null on the front page. */
  get room(): string | null {
    return this.#place.room === "" ? null : this.#place.room;
  }

  /** The room with its tenant (`tenant/room`), as others are told of it; null on the front page. */
  get place(): string | null {
    const { tenant, room } = this.#place;
    return room === "" ? null : tenant === null ? room : `${tenant}/${room}`;
  }

  /** Opens a room's page: `room`, or `tenant/room`. */
  openRoom(place: string): void {
    this.#go(pathTo(place) + location.hash);
  }

  openFront(): void {
    this.#go("/");
  }

  /** The address to give to others: without the configuration overrides that may stand after the "#". */
  get invitation(): string {
    return location.origin + pathTo(this.place ?? "");
  }

  #go(path: string): void {
    // Another tenant has another configuration, which comes with its page.
    if (readPlace(path).tenant !== this.#place.tenant) {
      location.assign(path);
      return;
    }
    history.pushState(null, "", path);
    this.#read();
  }

  #read(): void {
    this.#place = readPlace(location.pathname);
  }
}

/** The path of a room's page: of `room`, or of `tenant/room`. */
export function pathTo(place: string): string {
  return `/${place.split("/").map(encodeURIComponent).join("/")}`;
}
