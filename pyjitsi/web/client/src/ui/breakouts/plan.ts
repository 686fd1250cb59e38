/** Who goes into which breakout room, before the rooms exist: dealt at random, by hand, or from a list of names. */

import { type PlannedRoom, sameName } from "../../session/api";

export interface Person {
  readonly id: string;
  readonly name: string;
}

/** A room of a list: its name, and the names of those who belong there. */
export interface ListedRoom {
  readonly name: string;
  readonly people: readonly string[];
}

/** Room number by participant id; who has none stays in the main room. */
export type Places = ReadonlyMap<string, number>;

export const MOST_ROOMS = 50;

/** Deals people into rooms so that no room has two more than another. `random` answers from 0 up to 1. */
export function deal(people: readonly string[], rooms: number, random: () => number = Math.random): Places {
  const deck = [...people];
  for (let last = deck.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [deck[last], deck[other]] = [deck[other] ?? "", deck[last] ?? ""];
  }
  return new Map(deck.map((id, index) => [id, index % rooms]));
}

/** Reads "Red: Ana, Ben" line by line. A line without a colon has names only, and gets its room's name from `nameOf`. */
export function parseList(text: string, nameOf: (number: number) => string): ListedRoom[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .slice(0, MOST_ROOMS)
    .map((line, index) => {
      const colon = line.indexOf(":");
      const people = line
        .slice(colon + 1)
        .split(/[,;]/)
        .map((name) => name.trim())
        .filter((name) => name !== "");
      return { name: line.slice(0, Math.max(colon, 0)).trim() || nameOf(index + 1), people };
    });
}

/** Where those who are here belong, by the names of a list. */
export function placesOf(list: readonly ListedRoom[], people: readonly Person[]): Places {
  const numbers = new Map(list.flatMap((room, number) => room.people.map((name) => [sameName(name), number])));
  const places = people.map(({ id, name }) => [id, numbers.get(sameName(name))] as const);
  return new Map(places.filter((place): place is readonly [string, number] => place[1] !== undefined));
}

/** Names of a list that nobody here has. */
export function absent(list: readonly ListedRoom[], people: readonly Person[]): string[] {
  const here = new Set(people.map(({ name }) => sameName(name)));
  return list.flatMap((room) => room.people).filter((name) => !here.has(sameName(name)));
}

/** What is asked of the server. */
export function planOf(names: readonly string[], places: Places, list: readonly ListedRoom[] = []): PlannedRoom[] {
  return names.map((name, number) => ({
    name,
    people: [...places].filter(([, place]) => place === number).map(([id]) => id),
    expected: list[number]?.people ?? [],
  }));
}
