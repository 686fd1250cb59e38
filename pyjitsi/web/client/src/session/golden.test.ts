// @vitest-environment jsdom
/** Stanzas and SDP as they go over the wire: what the server, the focus and other clients rely on. */

import { describe, expect, test } from "vitest";
import {
  buildAccept,
  buildIceRestart,
  buildRestart,
  buildSources,
  buildTransportInfo,
  parseIceRestart,
  parseOffer,
} from "./jingle";
import { buildPresence, parsePresence, parseSourceInfo } from "./presence";
import { nickOf } from "./room";
import { assignSlots, buildRemote, localSources, localTransport, type Slot, sectionsOf, withSimulcast } from "./sdp";
import { parseCompact, parseSources, type RemoteSource } from "./sources";
import { pingStanza } from "./xmpp";

function xml(text: string): Element {
  return new DOMParser().parseFromString(text, "text/xml").documentElement;
}

/** As strophe writes it: names, attributes in order of name, text. */
function written(element: Element): string {
  const attributes = [...element.attributes].map((each) => ` ${each.name}="${each.value}"`).sort();
  const inner = [...element.childNodes].map((node) =>
    "attributes" in node ? written(node as Element) : (node.textContent ?? ""),
  );
  return `<${element.nodeName}${attributes.join("")}>${inner.join("")}</${element.nodeName}>`;
}

const OFFER = `<jingle xmlns="urn:xmpp:jingle:1" action="session-initiate" sid="s1">
 <content creator="initiator" name="audio" senders="both">
  <description xmlns="urn:xmpp:jingle:apps:rtp:1" media="audio">
   <payload-type id="111" name="opus" clockrate="48000" channels="2"><parameter name="minptime" value="10"/></payload-type>
   <rtp-hdrext xmlns="urn:xmpp:jingle:apps:rtp:rtp-hdrext:0" id="1" uri="urn:level"/>
  </description>
  <transport xmlns="urn:xmpp:jingle:transports:ice-udp:1" ufrag="u" pwd="p">
   <fingerprint xmlns="urn:xmpp:jingle:apps:dtls:0" hash="sha-256" setup="actpass">AA:BB</fingerprint>
   <candidate component="1" foundation="1" generation="0" id="c" network="0" priority="7" protocol="udp" type="host" ip="198.51.100.2" port="10000"/>
   <web-socket xmlns="http://jitsi.org/protocol/colibri" url="wss://talk.example/colibri-ws/a/b/c?pwd=d"/>
  </transport>
 </content>
 <content creator="initiator" name="video" senders="both">
  <description xmlns="urn:xmpp:jingle:apps:rtp:1" media="video">
   <payload-type id="41" name="AV1" clockrate="90000"/>
   <payload-type id="100" name="VP8" clockrate="90000"><rtcp-fb xmlns="urn:xmpp:jingle:apps:rtp:rtcp-fb:0" type="nack" subtype="pli"/></payload-type>
  </description>
 </content>
 <bridge-session xmlns="http://jitsi.org/protocol/focus" id="b1"/>
 <json-message xmlns="http://jitsi.org/jitmeet">{"sources":{"jvb":[[{"s":1,"n":"jvb-v0","m":"mixedmslabel x"}],[],[]],"b7d40e95":[[{"s":20,"n":"b7d40e95-v0","m":"s t"},{"s":21,"n":"b7d40e95-v0","m":"s t"}],[["f",20,21]],[{"s":30,"n":"b7d40e95-a0","m":"s a"}]]}}</json-message>
</jingle>`;
const offer = () => parseOffer(xml(OFFER), "atrium@conference.talk.example/focus");

const ANSWER = [
  "v=0",
  "o=- 1 2 IN IP4 0.0.0.0",
  "s=-",
  "t=0 0",
  "m=audio 9 UDP/TLS/RTP/SAVPF 111",
  "a=ice-ufrag:uu",
  "a=ice-pwd:pp",
  "a=fingerprint:sha-256 CC:DD",
  "a=mid:0",
  "a=sendonly",
  "a=msid:- aud",
  "a=ssrc:900 cname:me",
  "m=video 9 UDP/TLS/RTP/SAVPF 100 96",
  "a=mid:1",
  "a=sendonly",
  "a=msid:- cam",
  "a=ssrc-group:FID 700 701",
  "a=ssrc:700 cname:me",
  "a=ssrc:701 cname:me",
  "m=video 9 UDP/TLS/RTP/SAVPF 100",
  "a=mid:2",
  "a=inactive",
  "",
].join("\r\n");

describe("stanzas", () => {
  test("a ping is in the client namespace, without which a server ends the stream", () => {
    expect(written(pingStanza("talk.example"))).toBe(
      '<iq to="talk.example" type="get" xmlns="jabber:client"><ping xmlns="urn:xmpp:ping"></ping></iq>',
    );
  });

  test("presence carries the join once, and the state of each source", () => {
    const sources = new Map([
      ["3fa81c02-a0", { muted: true, desktop: false }],
      ["3fa81c02-v1", { muted: false, desktop: true }],
    ]);
    const own = { name: "Ines", raisedHandAt: 5, codecs: ["vp8", "av1"], region: "eu-north", sources };
    const first = written(buildPresence("atrium@muc/3fa81c02", own, { password: "x" }));
    expect(first).toContain('<x xmlns="http://jabber.org/protocol/muc">');
    expect(first).toContain("<password>x</password>");
    const next = written(buildPresence("atrium@muc/3fa81c02", own, null));
    expect(next).not.toContain("protocol/muc");
    expect(next).toContain('{"3fa81c02-a0":{"muted":true},"3fa81c02-v1":{"muted":false,"videoType":"desktop"}}');
    expect(next).toContain("<jitsi_participant_region>eu-north</jitsi_participant_region>");
    expect(next).toContain("<jitsi_participant_codecList>vp8,av1</jitsi_participant_codecList>");
    expect(next).toContain("<jitsi_participant_raisedHand>5</jitsi_participant_raisedHand>");
  });

  test("others' presence tells name, role, hand and mutes", () => {
    const read = parsePresence(
      xml(`<presence xmlns="jabber:client" from="atrium@muc/b7d40e95"><SourceInfo>{"b7d40e95-a0":{"muted":true}}</SourceInfo>
        <nick xmlns="http://jabber.org/protocol/nick">Nova</nick><jitsi_participant_raisedHand>12</jitsi_participant_raisedHand>
        <jitsi_participant_codecList>VP9,vp8</jitsi_participant_codecList>
        <x xmlns="http://jabber.org/protocol/muc#user"><item role="moderator" jid="q@d/r"/><status code="110"/></x></presence>`),
    );
    expect(read).toMatchObject({ nick: "b7d40e95", name: "Nova", moderator: true, raisedHandAt: 12, realJid: "q@d/r" });
    expect(read.sources.get("b7d40e95-a0")).toEqual({ muted: true, desktop: false });
    expect([...read.statuses]).toEqual(["110"]);
  });

  test.each(["", "{", "[]", "7", '"x"', "null"])("SourceInfo %j is no reason to fail", (text) => {
    expect(parseSourceInfo(text).size).toBe(0);
  });

  test("the nick is the log-in's first eight digits, or made up", () => {
    expect(nickOf("3FA81c02-1234@talk.example/r")).toBe("3fa81c02");
    expect(nickOf("someone@talk.example/r")).toMatch(/^[0-9a-f]{8}$/);
  });
});

describe("Jingle", () => {
  test("an offer is read whole", () => {
    const read = offer();
    expect(read).toMatchObject({ sid: "s1", bridgeSession: "b1", startMuted: { audio: false, video: false } });
    expect(read.transport).toMatchObject({
      ufrag: "u",
      pwd: "p",
      webSockets: ["wss://talk.example/colibri-ws/a/b/c?pwd=d"],
    });
    expect(read.transport.candidates).toEqual(["1 1 udp 7 198.51.100.2 10000 typ host generation 0"]);
    expect(read.sources.map(({ name, ssrcs, owner }) => ({ name, ssrcs, owner }))).toEqual([
      { name: "b7d40e95-v0", ssrcs: [20, 21], owner: "b7d40e95" },
      { name: "b7d40e95-a0", ssrcs: [30], owner: "b7d40e95" },
    ]);
  });

  test("an offer without fingerprint is refused", () => {
    expect(() => parseOffer(xml(OFFER.replace(/<fingerprint.*<\/fingerprint>/, "")), "f")).toThrow(
      "no transport with a fingerprint",
    );
  });

  test("sources in the long form read as in the compact one", () => {
    const long =
      xml(`<jingle xmlns="urn:xmpp:jingle:1"><content name="video"><description xmlns="urn:xmpp:jingle:apps:rtp:1" media="video">
      <source xmlns="urn:xmpp:jingle:apps:rtp:ssma:0" ssrc="20" name="b7d40e95-v0"><parameter name="msid" value="s t"/><ssrc-info xmlns="http://jitsi.org/jitmeet" owner="atrium@muc/b7d40e95"/></source>
      <source xmlns="urn:xmpp:jingle:apps:rtp:ssma:0" ssrc="21" name="b7d40e95-v0"><ssrc-info xmlns="http://jitsi.org/jitmeet" owner="b7d40e95"/></source>
      <ssrc-group xmlns="urn:xmpp:jingle:apps:rtp:ssma:0" semantics="FID"><source ssrc="20"/><source ssrc="21"/></ssrc-group>
      </description></content></jingle>`);
    expect(parseSources(long)).toMatchObject([
      { owner: "b7d40e95", name: "b7d40e95-v0", ssrcs: [20, 21], msid: "s t" },
    ]);
  });

  test.each(["", "{}", '{"sources":{"a":7}}', "[1"])("compact sources %j are none", (text) => {
    expect(parseCompact(text)).toEqual([]);
  });

  test("the answer names our sources, with the three layers of the camera", () => {
    const layered = withSimulcast(ANSWER, null).sdp;
    const sources = localSources(layered, "3fa81c02", [true, true, false]);
    const accept = buildAccept(offer(), "q@d/r", localTransport(layered), sources);
    const text = written(accept);
    expect(text).toContain('action="session-accept"');
    expect(text).toContain('semantics="SIM"');
    expect(accept.querySelectorAll('content[name="video"] source[name="3fa81c02-v0"]')).toHaveLength(6);
    expect(accept.querySelectorAll("fingerprint")).toHaveLength(2);
    expect(text).toContain(">CC:DD</fingerprint>");
  });

  test("a screen is added by itself, and a restart names the bridge session", () => {
    const screen = {
      name: "3fa81c02-v1",
      kind: "video",
      videoType: "desktop",
      msid: "m t",
      ssrcs: [5],
      groups: [],
    } as const;
    const added = written(buildSources("source-add", offer(), [screen]));
    expect(added).toContain('videoType="desktop"');
    expect(added).not.toContain('name="audio"');
    expect(written(buildRestart(offer()))).toContain('<bridge-session id="b1" restart="true"');
  });
});

describe("SDP", () => {
  const source = (name: string, kind: "audio" | "video", ...ssrcs: number[]): RemoteSource => ({
    owner: name.split("-")[0] ?? "",
    name,
    kind,
    desktop: false,
    msid: "s t",
    ssrcs,
  });

  test("others' sources get m-lines of their own after our three, what we would send first", () => {
    const sdp = buildRemote(offer(), [{ kind: "video", source: source("b-v0", "video", 20, 21) }], 2, ["vp8"]);
    expect(buildRemote(offer(), [], 2, ["h264", "av1", "vp8"])).toContain("m=video 9 UDP/TLS/RTP/SAVPF 41 100\r\n");
    const { session, media } = sectionsOf(sdp);
    expect(session).toContain("a=group:BUNDLE 0 1 2 3");
    expect(media).toHaveLength(4);
    expect(media[1]).toContain("m=video 9 UDP/TLS/RTP/SAVPF 100 41\r\n");
    expect(media[3]).toContain("a=sendonly");
    expect(media[3]).toContain("a=ssrc-group:FID 20 21");
    expect(media[0]).toContain("a=candidate:1 1 udp 7 198.51.100.2 10000 typ host generation 0");
  });

  test("a source that ended frees its m-line for the next of its kind, one negotiation later", () => {
    const a = source("a-v0", "video", 1);
    const b = source("b-v0", "video", 2);
    const first = assignSlots([], [a]);
    const second = assignSlots(first, [b]);
    expect(second.map((slot: Slot) => slot.source?.name)).toEqual([undefined, "b-v0"]);
    const c = source("c-v0", "video", 3);
    expect(assignSlots(second, [b, c]).map((slot) => slot.source?.name)).toEqual(["c-v0", "b-v0"]);
  });

  test("a source that comes back with other SSRCs gets another m-line", () => {
    const slots = assignSlots([], [source("a-v0", "video", 1)]);
    const next = assignSlots(slots, [source("a-v0", "video", 9)]);
    expect(next.map((slot) => slot.source?.ssrcs)).toEqual([undefined, [9]]);
  });

  test("three layers are written once and kept", () => {
    const first = withSimulcast(ANSWER, null);
    expect(first.ssrcs?.primary[0]).toBe(700);
    expect(first.ssrcs?.rtx[0]).toBe(701);
    const again = withSimulcast(ANSWER, first.ssrcs);
    expect(again.sdp).toBe(first.sdp);
    const sent = localSources(first.sdp, "3fa81c02", [true, true, false]);
    expect(sent.map((each) => [each.name, each.ssrcs.length])).toEqual([
      ["3fa81c02-a0", 1],
      ["3fa81c02-v0", 6],
    ]);
    expect(sent[1]?.groups.map((group) => group.semantics)).toEqual(["SIM", "FID", "FID", "FID"]);
  });
});

describe("a restart of ICE", () => {
  const info = (attributes: string) =>
    parseIceRestart(
      xml(`<jingle xmlns="urn:xmpp:jingle:1" action="transport-info" sid="s1"><content creator="initiator" name="audio">
        <transport xmlns="urn:xmpp:jingle:transports:ice-udp:1" ${attributes}>
         <candidate component="1" foundation="1" generation="0" id="c" network="0" priority="7" protocol="udp" type="host" ip="198.51.100.2" port="10000"/>
        </transport></content></jingle>`),
    );

  test("is asked for with the id of the bridge session", () => {
    expect(written(buildIceRestart(offer()))).toBe(
      '<iq to="atrium@conference.talk.example/focus" type="set" xmlns="jabber:client"><jingle action="session-info" initiator="atrium@conference.talk.example/focus" sid="s1" xmlns="urn:xmpp:jingle:1"><bridge-session ice-restart="true" id="b1" xmlns="http://jitsi.org/protocol/focus"></bridge-session></jingle></iq>',
    );
  });

  test("comes with a generation, without which a transport-info is none", () => {
    const restart = info('ice-generation="3" ufrag="nu" pwd="np"');
    expect(restart?.generation).toBe(3);
    expect(restart?.transport).toMatchObject({ ufrag: "nu", pwd: "np" });
    expect(restart?.transport.candidates).toEqual(["1 1 udp 7 198.51.100.2 10000 typ host generation 0"]);
    for (const odd of ["", 'ice-generation="0"', 'ice-generation="x"', 'ice-generation="-1"', 'ice-generation="1.5"']) {
      expect(info(`${odd} ufrag="nu" pwd="np"`)).toBeNull();
    }
    expect(info('ice-generation="3" ufrag="nu"')).toBeNull();
  });

  test("is answered with the same generation in every content", () => {
    const local = { ufrag: "uu", pwd: "pp", hash: "sha-256", fingerprint: "CC:DD" };
    const content = (name: string) =>
      `<content creator="responder" name="${name}"><transport ice-generation="3" pwd="pp" ufrag="uu" xmlns="urn:xmpp:jingle:transports:ice-udp:1"><fingerprint hash="sha-256" setup="active" xmlns="urn:xmpp:jingle:apps:dtls:0">CC:DD</fingerprint></transport></content>`;
    expect(written(buildTransportInfo(offer(), local, 3))).toBe(
      `<iq to="atrium@conference.talk.example/focus" type="set" xmlns="jabber:client"><jingle action="transport-info" initiator="atrium@conference.talk.example/focus" sid="s1" xmlns="urn:xmpp:jingle:1">${content("audio")}${content("video")}</jingle></iq>`,
    );
  });
});
