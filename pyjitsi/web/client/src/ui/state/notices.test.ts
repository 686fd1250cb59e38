import { describe, expect, it } from "vitest";
import { meetingState, message, person } from "../testing/people";
import { handQueue, noticesBetween } from "./notices";

const me = person("me", { local: true });
const ana = person("ana");
const ben = person("ben");

describe("noticesBetween", () => {
  it("tells who came, who left and who raised a hand", () => {
    const before = meetingState({ participants: [me, ana] });
    const raised = person("ana", { raisedHandAt: 5 });
    expect(noticesBetween(before, meetingState({ participants: [me, raised, ben] }))).toEqual([
      { kind: "hand", name: "Ana" },
      { kind: "joined", name: "Ben" },
    ]);
    expect(noticesBetween(before, meetingState({ participants: [me] }))).toEqual([{ kind: "left", name: "Ana" }]);
  });

  it("says nothing about oneself or about those who were there already", () => {
    const joining = meetingState({ phase: "joining" });
    expect(noticesBetween(joining, meetingState({ participants: [me, ana, ben] }))).toEqual([]);
    const alone = meetingState({ participants: [me] });
    const hand = person("me", { local: true, raisedHandAt: 1 });
    expect(noticesBetween(alone, meetingState({ participants: [hand] }))).toEqual([]);
  });

  it("passes on others' messages once", () => {
    const before = meetingState({ participants: [me, ana] });
    const hello = message("1", "ana", "hello");
    const after = meetingState({
      participants: [me, ana],
      messages: [hello, message("2", "me", "hi", { local: true })],
    });
    expect(noticesBetween(before, after)).toEqual([{ kind: "message", name: "ana", message: hello }]);
    expect(noticesBetween(after, after)).toEqual([]);
  });
});

describe("handQueue", () => {
  it("keeps the order in which hands went up", () => {
    const people = [person("a", { raisedHandAt: 30 }), person("b"), person("c", { raisedHandAt: 10 })];
    expect(handQueue(people)).toEqual(["c", "a"]);
  });
});
