/** Breakout rooms on the wire (4-services section 2.7): the list of rooms, who is where, and moderators' commands. */

import {
  type BreakoutControls,
  type BreakoutPerson,
  type BreakoutRoom,
  type Breakouts,
  type PlannedRoom,
  sameName,
} from "./breakouts-api";
import { type JsonMessage, parseEnvelope, record, text } from "./envelope";
import type { Services } from "./services";
import { element } from "./xml";
import type { XmppConnection } from "./xmpp";

const EVENT = "features/breakout-rooms/";
const LONGEST_NAME = 80; // the server cuts what is longer

/** A command of a moderator. The element has no namespace of its own. */
export function buildCommand(
  component: string,
  command: string,
  attributes: Readonly<Record<string, string>>,
): Element {
  const request = element("breakout_rooms", { type: EVENT + command, ...attributes });
  return element("message", { xmlns: "jabber:client", to: component }, request);
}

interface ListedPerson extends BreakoutPerson {
  readonly jid: string;
}

export interface ListedRoom {
  readonly id: string;
  readonly address: string;
  readonly name: string;
  readonly main: boolean;
  readonly people: readonly ListedPerson[];
}

/** The rooms of an update, the main one first; what can't be read is left out. */
export function parseRooms(body: Readonly<Record<string, unknown>>): ListedRoom[] {
  const rooms = Object.values(record(body.rooms))
    .map(record)
    .map(({ id, jid, name, isMainRoom, participants }) => ({
      id: text(id),
      address: text(jid),
      name: isMainRoom === true ? "" : text(name),
      main: isMainRoom === true,
      people: Object.entries(record(participants)).map(([occupant, each]) => personOf(occupant, record(each))),
    }))
    .filter(({ id, address }) => id !== "" && address !== "");
  return [...rooms.filter(({ main }) => main), ...rooms.filter(({ main }) => !main)];
}

function personOf(occupant: string, { jid, role, displayName }: Readonly<Record<string, unknown>>): ListedPerson {
  const id = occupant.slice(occupant.indexOf("/") + 1);
  return { id, name: text(displayName), moderator: role === "moderator", jid: text(jid) };
}

export interface BreakoutEvents {
  changed(): void;
  /** A moderator sends us into a room. */
  sent(address: string): void;
  /** The rooms close in so many seconds. */
  ending(seconds: number): void;
}

/** For one connection; lasts as we go from room to room. */
export class BreakoutList {
  #rooms: readonly ListedRoom[] = [];
  #planned: PlannedRoom[] = []; // asked for, not there yet
  #expected = new Map<string, string>(); // name to address
  #sent = new Set<string>(); // who went where they were expected, and may leave again
  readonly #stop: () => void;

  constructor(
    private readonly xmpp: XmppConnection,
    private readonly services: Services,
    private readonly events: BreakoutEvents,
  ) {
    this.#stop = xmpp.listen((stanza) => this.#receive(stanza));
  }

  close(): void {
    this.#stop();
  }

  get supported(): boolean {
    return this.services.address("breakout_rooms") !== null;
  }

  view(current: string, endsAt: number | null, freeChoice: boolean): Breakouts {
    return { supported: this.supported, rooms: this.rooms(current), endsAt, freeChoice };
  }

  /** As the interface shows them to somebody in the room of that address. */
  rooms(current: string): readonly BreakoutRoom[] {
    if (!this.#rooms.some(({ main }) => !main)) return [];
    return this.#rooms.map(({ id, name, main, address, people }) => ({
      id,
      name,
      main,
      here: address === current,
      people: people.map((person) => ({ id: person.id, name: person.name, moderator: person.moderator })),
    }));
  }

  /** The address of a room in the list. */
  addressOf(id: string): string | null {
    return this.#rooms.find((room) => room.id === id)?.address ?? null;
  }

  #receive(stanza: Element): void {
    if (stanza.localName !== "message" || stanza.getAttribute("type") === "error") return;
    // Commands go to where the rooms are; answers come from the component that looks after them.
    if (!this.services.known(stanza.getAttribute("from") ?? "")) return;
    const body = parseEnvelope(stanza);
    if (body?.type === "breakout_rooms") this.#hear(body);
  }

  #hear(body: JsonMessage): void {
    switch (text(body.event).slice(EVENT.length)) {
      case "update":
        this.#update(parseRooms(body));
        break;
      case "move-to-room":
        if (text(body.roomJid) !== "") this.events.sent(text(body.roomJid));
        break;
      case "timer":
        if (typeof body.left === "number" && body.left > 0) this.events.ending(body.left);
        break;
    }
  }

  #update(rooms: readonly ListedRoom[]): void {
    const known = new Set(this.#rooms.map(({ id }) => id));
    this.#rooms = rooms;
    for (const room of rooms) if (!room.main && !known.has(room.id)) this.#fill(room);
    this.#sendExpected();
    this.events.changed();
  }

  /** Sends people into a room that was planned, now that it is there. */
  #fill(room: ListedRoom): void {
    const plan = this.#planned.find(({ name }) => name === room.name);
    if (plan === undefined) return;
    this.#planned = this.#planned.filter((each) => each !== plan);
    for (const person of plan.people) {
      this.#sent.add(person);
      this.move(person, room.id);
    }
    for (const name of plan.expected) this.#expected.set(sameName(name), room.address);
  }

  #sendExpected(): void {
    for (const { id, name } of this.#rooms.find(({ main }) => main)?.people ?? []) {
      const address = this.#expected.get(sameName(name));
      const room = this.#rooms.find((each) => each.address === address);
      if (room === undefined || this.#sent.has(id)) continue;
      this.#sent.add(id);
      this.move(id, room.id);
    }
  }

  #ask(command: string, attributes: Readonly<Record<string, string>> = {}): void {
    const component = this.services.address("breakout_rooms");
    if (component !== null) this.xmpp.send(buildCommand(component, command, attributes));
  }

  open(plan: readonly PlannedRoom[]): void {
    for (const each of plan) {
      const name = each.name.trim().replace(/\s+/g, " ").slice(0, LONGEST_NAME);
      this.#planned.push({ ...each, name });
      this.#ask("add", { subject: name });
    }
  }

  rename(id: string, name: string): void {
    const address = this.addressOf(id);
    if (address !== null && name.trim() !== "") this.#ask("rename", { breakoutRoomJid: address, subject: name.trim() });
  }

  remove(id: string): void {
    const address = this.addressOf(id);
    if (address !== null) this.#ask("remove", { breakoutRoomJid: address });
  }

  removeAll(): void {
    this.#forget();
    this.setTimer(0);
    for (const { id, main } of this.#rooms) if (!main) this.remove(id);
  }

  move(person: string, id: string): void {
    const address = this.addressOf(id);
    const jid = this.#rooms.flatMap(({ people }) => people).find((each) => each.id === person)?.jid ?? "";
    if (address !== null && jid !== "") this.#ask("move-to-room", { participantJid: jid, roomJid: address });
  }

  setTimer(seconds: number): void {
    this.#ask("timer", { seconds: String(Math.max(0, Math.round(seconds))) });
  }

  broadcast(words: string): void {
    if (words.trim() !== "") this.#ask("broadcast", { message: words.trim() });
  }

  returnAll(): void {
    this.#forget();
    this.#ask("return");
  }

  /** Who comes from now on stays where they are. */
  #forget(): void {
    this.#planned = [];
    this.#expected.clear();
    this.#sent.clear();
  }
}

/** What the interface does with breakout rooms; `list` answers the list of the connection of the moment. */
export function breakoutControls(
  list: () => BreakoutList | null,
  go: (address: string) => void,
  setFreeChoice: (on: boolean) => void,
): BreakoutControls {
  return {
    join: (id) => {
      const address = list()?.addressOf(id) ?? null;
      if (address !== null) go(address);
    },
    open: (plan) => list()?.open(plan),
    rename: (id, name) => list()?.rename(id, name),
    remove: (id) => list()?.remove(id),
    removeAll: () => list()?.removeAll(),
    move: (person, id) => list()?.move(person, id),
    setTimer: (seconds) => list()?.setTimer(seconds),
    broadcast: (text) => list()?.broadcast(text),
    returnAll: () => list()?.returnAll(),
    setFreeChoice,
  };
}
