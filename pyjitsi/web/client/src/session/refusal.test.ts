// @vitest-environment jsdom
/** Why a room did not let us in, or put us out, from the stanzas that say so. */

import { describe, expect, test } from "vitest";
import { readRefusal, readRemoval } from "./refusal";
import { xml } from "./testing/fake-xmpp";

const STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas";
const JITMEET = "http://jitsi.org/jitmeet";

function refused(type: string, condition: string, more = "") {
  return readRefusal(
    xml(`<presence xmlns="jabber:client" type="error" from="a@c.d/n"><error type="${type}"><${condition} xmlns="${STANZAS}"/>
      ${more}</error><x xmlns="http://jabber.org/protocol/muc"/></presence>`),
  );
}

describe("a refused join", () => {
  test.each([
    ["auth", "not-authorized", "", "password-required"],
    ["auth", "forbidden", "", "banned"],
    ["auth", "registration-required", "", "not-allowed"],
    ["cancel", "service-unavailable", "", "room-full"],
    ["wait", "resource-constraint", "", "too-fast"],
    ["wait", "policy-violation", "", "too-fast"],
    ["cancel", "not-allowed", "", "not-allowed"],
    ["cancel", "not-allowed", `<text xmlns="${STANZAS}">Room creation is restricted</text>`, "no-room"],
    ["cancel", "not-allowed", `<room-does-not-exist xmlns="${JITMEET}"/>`, "no-room"],
    ["cancel", "not-allowed", `<authentication-required xmlns="${JITMEET}"/>`, "log-in-required"],
    ["cancel", "item-not-found", "", "no-room"],
    ["modify", "not-acceptable", `<displayname-required xmlns="${JITMEET}" lobby="true"/>`, "name-required"],
    ["modify", "not-acceptable", "", "unknown"],
    ["cancel", "conflict", "", "unknown"],
  ])("by %s/%s %s means %s", (type, condition, more, code) => {
    expect(refused(type, condition, more)).toEqual({ code, lobby: null, waitingForHost: false });
  });

  test("with a lobby names it, and whether a host is awaited", () => {
    const lobby = `<lobbyroom xmlns="${JITMEET}">a@lobby.d</lobbyroom>`;
    expect(refused("auth", "registration-required", lobby)).toEqual({
      code: "lobby",
      lobby: "a@lobby.d",
      waitingForHost: false,
    });
    const host = refused("auth", "registration-required", `${lobby}<waiting-for-host xmlns="${JITMEET}"/>`);
    expect(host.waitingForHost).toBe(true);
  });

  test("of an old server names its lobby outside of the error", () => {
    const stanza =
      xml(`<presence xmlns="jabber:client" type="error"><error type="auth"><registration-required xmlns="${STANZAS}"/></error>
      <lobbyroom>a@lobby.d</lobbyroom></presence>`);
    expect(readRefusal(stanza)).toMatchObject({ code: "lobby", lobby: "a@lobby.d" });
  });
});

describe("who is put out", () => {
  test.each([
    ['<status code="307"/>', "kicked"],
    ['<status code="301"/>', "banned"],
    ['<status code="322"/>', "not-allowed"],
    ['<status code="332"/>', null],
    ["<destroy><reason>The meeting has been terminated</reason></destroy>", "room-destroyed"],
    ["<destroy/>", "room-destroyed"],
    ["<destroy><reason>The meeting has reached its maximum duration</reason></destroy>", "time-over"],
  ])("by %s is told %s", (inside, code) => {
    const presence = xml(`<presence xmlns="jabber:client" type="unavailable" from="a@c.d/n">
      <x xmlns="http://jabber.org/protocol/muc#user">${inside}<status code="110"/></x></presence>`);
    expect(readRemoval(presence)).toBe(code);
  });
});
