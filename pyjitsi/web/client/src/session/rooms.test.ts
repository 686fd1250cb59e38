// @vitest-environment jsdom
/** What moderators do and what the room's services tell, stanza by stanza. */

import { beforeEach, describe, expect, test } from "vitest";
import { Metadata } from "./metadata";
import { Moderation } from "./moderation";
import { parsePresence } from "./presence";
import { Room, type RoomEvents } from "./room";
import { RoomControl } from "./room-control";
import { parseInfo } from "./room-info";
import type { Medium, News } from "./rooms-api";
import { Roster } from "./roster";
import { Services } from "./services";
import { FakeXmpp, settle, xml } from "./testing/fake-xmpp";

const IDENTITIES = `<query xmlns="http://jabber.org/protocol/disco#info">
  <identity category="component" type="lobbyrooms" name="lobby.d"/>
  <identity category="component" type="av_moderation" name="avmoderation.d"/>
  <identity category="component" type="room_metadata" name="metadata.d"/>
  <identity category="component" type="end_conference" name="endconference.d"/>
  <identity category="server" type="region" name="eu"/></query>`;
const INFO = (
  features: string,
) => `<iq xmlns="jabber:client" type="result"><query xmlns="http://jabber.org/protocol/disco#info">
  ${features}<x xmlns="jabber:x:data" type="result">
  <field var="muc#roominfo_lobbyroom"><value>a@lobby.d</value></field>
  <field var="muc#roominfo_created_timestamp"><value>1790000000000</value></field></x></query></iq>`;
const MEMBERS_ONLY = '<feature var="muc_membersonly"/>';

let xmpp: FakeXmpp;
let control: RoomControl;
let news: News[];
let stopped: Medium[];
let told: unknown[];

beforeEach(() => {
  xmpp = new FakeXmpp();
  xmpp.answer = () => xml(INFO(""));
  const services = new Services();
  services.read(xml(IDENTITIES));
  const roster = new Roster();
  const ben = `<presence xmlns="jabber:client" from="a@c.d/b7d40e95"><nick xmlns="http://jabber.org/protocol/nick">Ben</nick>
    <x xmlns="http://jabber.org/protocol/muc#user"><item role="participant" jid="ben@d/x"/></x></presence>`;
  roster.present(parsePresence(xml(ben)), 0);
  roster.present(parsePresence(xml(ben.replace("b7d40e95", "c0ffee00").replace("participant", "moderator"))), 0);
  const config = { hosts: { domain: "d", muc: "c.d" } };
  const room = new Room("a@c.d", "3fa81c02", config, xmpp.connection, {} as RoomEvents);
  news = [];
  stopped = [];
  told = [];
  control = new RoomControl(xmpp.connection, room, services, roster, {
    changed: () => {},
    news: (each) => news.push(each),
    stopped: (medium) => stopped.push(medium),
    tell: (id, body) => told.push([id, body]),
  });
});

const component = (from: string, body: object) =>
  xmpp.receive(
    `<message xmlns="jabber:client" from="${from}"><json-message xmlns="http://jitsi.org/jitmeet">${JSON.stringify(body)}</json-message></message>`,
  );

describe("moderators", () => {
  test("kick by nick, ban by address, grant and revoke", async () => {
    await control.kick("b7d40e95");
    await control.ban("b7d40e95");
    await control.setModerator("b7d40e95", true);
    await control.setModerator("b7d40e95", false);
    const [kick, ban, grant, revoke] = xmpp.take();
    expect(kick).toContain('<item nick="b7d40e95" role="none">');
    expect(ban).toContain('<item affiliation="outcast" jid="ben@d"');
    expect(grant).toContain('affiliation="owner" jid="ben@d"');
    expect(revoke).toContain('affiliation="member"');
  });

  test("set and remove the password", async () => {
    xmpp.answer = () => xml(INFO('<feature var="muc_passwordprotected"/>'));
    await control.setPassword("s3cret");
    expect(xmpp.take()[0]).toMatch(/roomsecret"><value>s3cret<.*passwordprotectedroom"><value>1</);
    expect(control.security).toMatchObject({ password: true, passwordSet: "s3cret" });
    xmpp.answer = () => xml(INFO(""));
    await control.setPassword(null);
    expect(xmpp.take()[0]).toMatch(/roomsecret"><value><.*passwordprotectedroom"><value>0</);
    expect(control.security.passwordSet).toBeNull();
  });

  test("open the lobby after everybody inside was made a member, and see who knocks", async () => {
    control.setRole(true);
    xmpp.answer = () => xml(INFO(MEMBERS_ONLY));
    await control.setLobby(true);
    const [members, form, , knock] = xmpp.take();
    expect(members).toContain('<item affiliation="member" jid="ben@d"');
    expect(form).toContain('membersonly"><value>true<');
    expect(knock).toContain('to="a@lobby.d/3fa81c02"');
    xmpp.receive(`<presence xmlns="jabber:client" from="a@lobby.d/e1e1e1e1"><nick xmlns="http://jabber.org/protocol/nick">Eve</nick>
      <x xmlns="http://jabber.org/protocol/muc#user"><item role="participant" jid="eve@d/y"/></x></presence>`);
    expect(control.knockers).toMatchObject([{ id: "e1e1e1e1", name: "Eve" }]);
    expect(news).toEqual([{ kind: "knock", id: "e1e1e1e1", name: "Eve" }]);
    control.admit(["e1e1e1e1"]);
    expect(xmpp.take()[0]).toContain('to="a@c.d"><x xmlns="http://jabber.org/protocol/muc#user"><invite to="eve@d/y"');
    control.refuse(["e1e1e1e1"]);
    expect(xmpp.take()[0]).toMatch(/to="a@lobby.d".*nick="e1e1e1e1" role="none"/);
    control.entered("eve@d/y");
    expect(control.knockers).toEqual([]);
  });

  test("switch moderation, policies and restrictions, allow and stop people, and end it all", () => {
    control.setModerated("audio", true);
    control.allow("b7d40e95", "video");
    control.disallow("b7d40e95", "desktop");
    control.setStartMuted(true, false);
    control.setRestricted("groupChatRestricted", true);
    control.lowerHand("b7d40e95");
    control.endForAll();
    const [moderated, allow, disallow, muted, restricted, end] = xmpp.take();
    expect(moderated).toMatch(/to="avmoderation.d"><av_moderation enable="true" mediaType="audio"/);
    expect(allow).toContain('jidToWhitelist="a@c.d/b7d40e95" mediaType="video"');
    expect(disallow).toContain('jidToBlacklist="a@c.d/b7d40e95" mediaType="desktop"');
    expect(muted).toContain('{"type":"room_metadata","key":"startMuted","data":{"audio":true,"video":false}}');
    expect(restricted).toContain('"key":"permissions","data":{"groupChatRestricted":true}');
    expect(end).toContain('to="endconference.d"><end_conference');
    expect(told).toEqual([["b7d40e95", { name: "lower-hand-message" }]]);
  });

  test("mute one, or all but other moderators", async () => {
    await control.mute("b7d40e95", "video");
    await control.muteAll("audio");
    expect(xmpp.take()).toEqual([
      expect.stringMatching(/to="a@c.d\/focus".*jitmeet\/video" jid="a@c.d\/b7d40e95">true</),
      expect.stringMatching(/jitmeet\/audio" jid="a@c.d\/b7d40e95">true</),
    ]);
  });

  test("who may not is told so", async () => {
    xmpp.answer = () => "forbidden";
    await expect(control.kick("b7d40e95")).rejects.toMatchObject({ code: "not-permitted" });
  });
});

describe("services", () => {
  test("a moderated room lets us speak only while we are allowed to", () => {
    component("avmoderation.d", { type: "av_moderation", enabled: true, mediaType: "audio", actor: "a@c.d/b7d40e95" });
    expect(control.allowed).toMatchObject({ audio: false, video: true, desktop: true });
    component("avmoderation.d", { type: "av_moderation", approved: true, mediaType: "audio" });
    expect(control.allowed.audio).toBe(true);
    component("avmoderation.d", { type: "av_moderation", removed: true, mediaType: "audio" });
    expect(control.allowed.audio).toBe(false);
    expect(stopped).toEqual(["audio"]);
    expect(news).toEqual([
      { kind: "moderated", medium: "audio", by: "Ben" },
      { kind: "allowed", medium: "audio" },
      { kind: "stopped", medium: "audio" },
    ]);
    control.setRole(true);
    expect(control.allowed.audio).toBe(true);
  });

  test("nobody but the component is believed", () => {
    component("evil@d/r", { type: "av_moderation", enabled: true, mediaType: "audio" });
    component("metadata.d", { type: "av_moderation", enabled: true, mediaType: "audio" });
    component("a@c.d/b7d40e95", { type: "av_moderation", enabled: true, mediaType: "audio" });
    expect(control.allowed.audio).toBe(true);
  });

  test("a component that refuses is told of, anybody else's error is not", () => {
    for (const from of ["avmoderation.d", "ben@d/x"])
      xmpp.receive(`<message xmlns="jabber:client" type="error" from="${from}"/>`);
    expect(news).toEqual([{ kind: "service-refused" }]);
  });

  test("metadata is replaced whole", () => {
    component("metadata.d", { type: "room_metadata", metadata: { startMuted: { audio: true } } });
    expect(control.security.startMuted).toEqual({ audio: true, video: false });
    component("metadata.d", { type: "room_metadata", metadata: { permissions: { groupChatRestricted: true } } });
    expect(control.security.startMuted.audio).toBe(false);
    expect(control.security.restricted.groupChatRestricted).toBe(true);
  });

  test("a changed room is asked again", async () => {
    xmpp.answer = () => xml(INFO(MEMBERS_ONLY));
    xmpp.receive(`<message xmlns="jabber:client" from="a@c.d" type="groupchat"><x xmlns="http://jabber.org/protocol/muc#user">
      <status code="104"/></x></message>`);
    await settle();
    expect(control.security.lobby).toBe(true);
    expect(control.info.createdAt).toBe(1_790_000_000_000);
  });

  test("what a moderator did in the lobby is told to the others", () => {
    xmpp.receive(`<message xmlns="jabber:client" type="groupchat" from="a@c.d/b7d40e95">
      <json-message xmlns="http://jitsi.org/jitmeet">{"type":"lobby-notify","event":"LOBBY-ACCESS-DENIED","value":"x","name":"Eve"}</json-message></message>`);
    expect(news).toEqual([{ kind: "refused", name: "Eve", by: "Ben" }]);
  });
});

describe("what can't be read", () => {
  test.each([
    {},
    { mediaType: "smell", enabled: true },
    { mediaType: "audio" },
    { mediaType: "audio", enabled: "yes" },
  ])("%j moderates nothing", (body) => {
    const moderation = new Moderation();
    expect(moderation.receive(body)).toEqual([]);
    expect(moderation.allowed(false)).toEqual({ audio: true, video: true, desktop: true });
  });

  test("lists that Lua wrote as objects are empty", () => {
    const moderation = new Moderation();
    moderation.receive({ mediaType: "audio", whitelists: { audio: {} } });
    expect(moderation.approved.audio.size).toBe(0);
  });

  test.each([null, 7, "x", [], { permissions: 3, startMuted: "yes" }])("metadata %j is nothing", (table) => {
    const metadata = new Metadata();
    metadata.receive({ metadata: table });
    expect(metadata.startMuted).toEqual({ audio: false, video: false });
  });

  test("a room that tells nothing is an open one", () => {
    expect(parseInfo(null)).toMatchObject({ password: false, membersOnly: false, createdAt: null, lobby: null });
  });
});
