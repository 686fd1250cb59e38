import { describe, expect, it } from "vitest";
import { absent, deal, parseList, placesOf, planOf } from "./plan";

const nameOf = (number: number) => `Room ${number}`;
const people = [
  { id: "a", name: "Ana" },
  { id: "b", name: "  ben  lima" },
  { id: "c", name: "" },
];

describe("dealing", () => {
  it.each([
    [0, 3],
    [1, 1],
    [7, 3],
    [30, 4],
  ])("puts %i people into %i rooms, each somewhere, and none fuller by two", (count, rooms) => {
    const ids = Array.from({ length: count }, (_, index) => `p${index}`);
    const places = deal(ids, rooms);
    expect([...places.keys()].sort()).toEqual([...ids].sort());
    const sizes = Array.from(
      { length: rooms },
      (_, room) => [...places.values()].filter((each) => each === room).length,
    );
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThan(2);
  });

  it("is another each time", () => {
    const ids = Array.from({ length: 12 }, (_, index) => `p${index}`);
    const orders = new Set(Array.from({ length: 5 }, () => [...deal(ids, 4).keys()].join()));
    expect(orders.size).toBeGreaterThan(1);
  });
});

describe("a list of names", () => {
  it("is read line by line", () => {
    expect(parseList("Red: Ana, Ben Lima;\n\n  Eve,  Tom \nEmpty:", nameOf)).toEqual([
      { name: "Red", people: ["Ana", "Ben Lima"] },
      { name: "Room 2", people: ["Eve", "Tom"] },
      { name: "Empty", people: [] },
    ]);
    expect(parseList(" \n", nameOf)).toEqual([]);
    expect(parseList("x\n".repeat(80), nameOf)).toHaveLength(50);
  });

  it("finds people whatever the case and the spaces, and says who is not there", () => {
    const list = parseList("Red: ana, Tom\nBlue: Ben Lima", nameOf);
    const places = placesOf(list, people);
    expect([...places]).toEqual([
      ["a", 0],
      ["b", 1],
    ]);
    expect(absent(list, people)).toEqual(["Tom"]);
    expect(planOf(["Red", "Blue"], places, list)).toEqual([
      { name: "Red", people: ["a"], expected: ["ana", "Tom"] },
      { name: "Blue", people: ["b"], expected: ["Ben Lima"] },
    ]);
  });
});
