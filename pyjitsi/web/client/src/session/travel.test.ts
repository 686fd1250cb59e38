import { beforeEach, expect, test } from "vitest";
import { Travel } from "./travel";

let place: string;
let open: Set<string>;
let entered: string[];
let told: [string, boolean][];
let wanted: boolean;
let during: (address: string) => void;

const travel = () =>
  new Travel(() => "home", {
    place: () => place,
    wanted: () => wanted,
    enter: async (address) => {
      entered.push(address);
      place = "";
      during(address);
      if (open.has(address)) place = address;
      return open.has(address);
    },
    arrived: (address, refused) => told.push([address, refused]),
  });

beforeEach(() => {
  place = "home";
  open = new Set(["home", "one", "two"]);
  entered = [];
  told = [];
  wanted = true;
  during = () => {};
});

test("somebody goes into a room and back", async () => {
  const going = travel();
  await going.go("one");
  await going.go("one");
  await going.go("home");
  expect(told).toEqual([
    ["one", false],
    ["home", false],
  ]);
});

test("who is sent elsewhere on the way ends up there", async () => {
  const going = travel();
  during = (address) => {
    if (address === "one") void going.go("two");
  };
  await going.go("one");
  expect(entered).toEqual(["one", "two"]);
  expect(place).toBe("two");
});

test("a room that lets nobody in leads home, and it is said", async () => {
  await travel().go("closed");
  expect(entered).toEqual(["closed", "home"]);
  expect(told).toEqual([["home", true]]);
});

test("when the meeting ends on the way, so does the way", async () => {
  during = () => {
    wanted = false;
  };
  await travel().go("closed");
  expect(entered).toEqual(["closed"]);
  expect(told).toEqual([]);
});
