import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type ErrorCode, MeetingError } from "./api";
import { Reconnection } from "./reconnection";

let attempts: (() => void)[];
let failed: ErrorCode[];
let waits: number;
let wanted: boolean;

const reconnection = () =>
  new Reconnection({
    waiting: () => {
      waits += 1;
    },
    wanted: () => wanted,
    attempt: async () => attempts.shift()?.(),
    failed: (code) => failed.push(code),
  });
const refuse = (code: ErrorCode) => () => {
  throw new MeetingError(code, "refused");
};

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(console, "warn").mockImplementation(() => {});
  attempts = [];
  failed = [];
  waits = 0;
  wanted = true;
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

test("it tries until it is back", async () => {
  attempts = [refuse("server-gone"), refuse("no-bridge"), () => {}];
  const back = reconnection();
  void back.start();
  void back.start();
  await vi.advanceTimersByTimeAsync(20_000);
  expect([waits, attempts.length, failed]).toEqual([3, 0, []]);
});

test("it gives up at once where coming back is refused, and after three minutes otherwise", async () => {
  attempts = [refuse("banned")];
  void reconnection().start();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(failed).toEqual(["banned"]);
  attempts = Array.from({ length: 100 }, () => refuse("server-gone"));
  void reconnection().start();
  await vi.advanceTimersByTimeAsync(170_000);
  expect(failed).toEqual(["banned"]);
  await vi.advanceTimersByTimeAsync(40_000);
  expect(failed).toEqual(["banned", "server-gone"]);
});

test("who leaves meanwhile is not brought back", async () => {
  void reconnection().start();
  wanted = false;
  attempts = [refuse("server-gone")];
  await vi.advanceTimersByTimeAsync(30_000);
  expect(attempts.length).toBe(1);
});
