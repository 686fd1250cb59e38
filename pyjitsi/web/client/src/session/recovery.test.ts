// @vitest-environment jsdom
/** A way to the bridge that is lost: ICE is restarted first, and a new session asked for only where that fails. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { onNetworkChange } from "./network";
import { Recovery } from "./recovery";
import { IqError } from "./xmpp";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  vi.spyOn(console, "warn").mockImplementation(() => {});
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

function session(answer: () => Promise<void> = async () => {}, inPlace = true) {
  const restartIce = vi.fn(answer);
  const startAnew = vi.fn();
  return { restartIce, startAnew, recovery: new Recovery({ restartIce, startAnew }, inPlace) };
}

const refuse = (condition: string) => async () => {
  throw new IqError(condition, null);
};

test("a short disturbance is left alone", async () => {
  const { recovery, restartIce } = session();
  recovery.ice("disconnected");
  await vi.advanceTimersByTimeAsync(1_900);
  recovery.ice("connected");
  await vi.advanceTimersByTimeAsync(60_000);
  expect(restartIce).not.toHaveBeenCalled();
});

test("who stays disconnected restarts ICE, and no new session is asked for when that helps", async () => {
  const { recovery, restartIce, startAnew } = session();
  recovery.ice("disconnected");
  await vi.advanceTimersByTimeAsync(2_100);
  expect(restartIce).toHaveBeenCalledTimes(1);
  recovery.ice("checking");
  recovery.ice("connected");
  await vi.advanceTimersByTimeAsync(60_000);
  expect([restartIce.mock.calls.length, startAnew.mock.calls.length]).toEqual([1, 0]);
});

test("a restart that does not help in 15 seconds makes way for a new session", async () => {
  const { recovery, startAnew } = session();
  recovery.ice("failed");
  await vi.advanceTimersByTimeAsync(14_900);
  expect(startAnew).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1_200);
  expect(startAnew).toHaveBeenCalledTimes(1);
});

test.each(["feature-not-implemented", "item-not-found", "bad-request"])(
  "a focus that answers %s is asked for a new session",
  async (condition) => {
    const { recovery, startAnew } = session(refuse(condition));
    recovery.ice("failed");
    await vi.advanceTimersByTimeAsync(3_100);
    expect(startAnew).toHaveBeenCalledTimes(1);
  },
);

test("a focus that refuses a restart ends no session that works", async () => {
  const { recovery, startAnew } = session(refuse("feature-not-implemented"));
  recovery.ice("connected");
  recovery.networkChanged();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(startAnew).not.toHaveBeenCalled();
});

test.each(["timeout", "resource-constraint"])("after %s it is tried again, and not too soon", async (condition) => {
  const { recovery, restartIce, startAnew } = session(refuse(condition));
  recovery.ice("disconnected");
  await vi.advanceTimersByTimeAsync(2_100);
  await vi.advanceTimersByTimeAsync(4_800);
  expect(restartIce).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(200);
  expect([restartIce.mock.calls.length, startAnew.mock.calls.length]).toEqual([2, 0]);
});

test("another network is a reason although ICE still believes in the old one", async () => {
  const { recovery, restartIce } = session();
  recovery.ice("connected");
  const stop = onNetworkChange(() => recovery.networkChanged());
  dispatchEvent(new Event("online"));
  await vi.advanceTimersByTimeAsync(0);
  expect(restartIce).toHaveBeenCalledTimes(1);
  dispatchEvent(new Event("online"));
  dispatchEvent(new Event("online"));
  await vi.advanceTimersByTimeAsync(4_900);
  expect(restartIce).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(200);
  expect(restartIce).toHaveBeenCalledTimes(2);
  stop();
  dispatchEvent(new Event("online"));
  await vi.advanceTimersByTimeAsync(60_000);
  expect(restartIce).toHaveBeenCalledTimes(2);
});

test("where it is switched off, a session that failed is replaced as before", async () => {
  const { recovery, restartIce, startAnew } = session(undefined, false);
  recovery.networkChanged();
  recovery.ice("failed");
  await vi.advanceTimersByTimeAsync(3_100);
  expect([restartIce.mock.calls.length, startAnew.mock.calls.length]).toEqual([0, 1]);
});

test("what ended asks for nothing", async () => {
  const { recovery, restartIce, startAnew } = session();
  recovery.ice("failed");
  recovery.stop();
  await vi.advanceTimersByTimeAsync(60_000);
  expect([restartIce.mock.calls.length, startAnew.mock.calls.length]).toEqual([0, 0]);
});
