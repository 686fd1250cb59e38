import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { MeetingError } from "../../session/api";
import type { App } from "../app.svelte";
import { LiveMeeting } from "../state/live";
import { Toasts } from "../state/toasts.svelte";
import { FakeMeeting } from "../testing/fake-meeting";
import { meetingState, message, person, screen } from "../testing/people";
import { MeetingController } from "./controller.svelte";

const me = person("me", { local: true });
const ana = person("ana");
const ben = person("ben");

function meeting() {
  const fake = new FakeMeeting();
  fake.set(meetingState({ participants: [me, ana, ben] }));
  const toasts = new Toasts();
  const controller = new MeetingController({ toasts } as App, new LiveMeeting(fake));
  fake.subscribe((state) => controller.observe(state));
  controller.observe(fake.state);
  return { fake, toasts, controller };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("MeetingController", () => {
  it("counts chat lines that were not seen, until the chat is opened", () => {
    const { fake, toasts, controller } = meeting();
    fake.set({ messages: [message("1", "ana", "hello")] });
    fake.set({ messages: [message("1", "ana", "hello"), message("2", "me", "hi", { local: true })] });
    expect(controller.unread).toBe(1);
    expect(toasts.list.map((toast) => toast.kind)).toEqual(["message"]);
    controller.run("chat");
    expect([controller.unread, toasts.list.length]).toEqual([0, 0]);
    fake.set({ messages: [...fake.state.messages, message("3", "ben", "and now?")] });
    expect(controller.unread).toBe(0);
  });

  it("returns from tiles to the stage when another screen is shared", () => {
    const { fake, controller } = meeting();
    const share = (id: string) => fake.change(id, { videos: [...person(id).videos, screen(id)] });
    share("ana");
    expect(controller.arrangement.stage?.key).toBe("ana/screen");
    controller.run("layout");
    expect(controller.arrangement.mode).toBe("tiles");
    share("ben");
    expect(controller.arrangement.mode).toBe("stage");
  });

  it("keeps the last speaker on stage while the viewer talks", () => {
    const { fake, controller } = meeting();
    controller.run("layout");
    fake.set({ dominantSpeaker: "ben" });
    fake.set({ dominantSpeaker: "me" });
    expect(controller.arrangement.stage?.key).toBe("ben");
  });

  it("mutes, raises the hand and shares through the session", async () => {
    const { fake, controller } = meeting();
    controller.run("mic");
    controller.run("hand");
    controller.run("camera");
    await vi.runAllTimersAsync();
    expect(controller.me).toMatchObject({ audioMuted: true, videoMuted: true });
    expect(controller.me?.raisedHandAt).not.toBeNull();
    expect(fake.state.participants[1]?.audioMuted).toBe(false);
  });

  it("says in a notice what failed, and lets it be tried again", async () => {
    const { fake, toasts, controller } = meeting();
    const refuse = vi.spyOn(fake, "setVideoMuted").mockRejectedValue(new MeetingError("camera-busy", "held"));
    controller.run("camera");
    controller.run("camera");
    expect(refuse).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(toasts.list.map((toast) => toast.kind)).toEqual(["error"]);
    controller.run("camera");
    expect(refuse).toHaveBeenCalledTimes(2);
  });

  it("lets notices go by themselves", () => {
    const { fake, toasts } = meeting();
    fake.set({ participants: [me, ana] });
    expect(toasts.list.map((toast) => toast.kind)).toEqual(["left"]);
    vi.advanceTimersByTime(5_001);
    expect(toasts.list).toEqual([]);
  });
});
