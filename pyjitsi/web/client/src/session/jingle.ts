/** Jingle between the focus and us: its offer read, our answers and changes of sources built. */

import { NS } from "./namespaces";
import type { LocalSource } from "./sdp";
import { parseSources, type RemoteSource } from "./sources";
import { child, children, element } from "./xml";

export interface Codec {
  readonly id: number;
  readonly name: string;
  readonly clockrate: number;
  readonly channels: number;
  readonly parameters: string; // as in a=fmtp
  readonly feedback: readonly string[];
}

export interface MediaDescription {
  readonly codecs: readonly Codec[];
  readonly extensions: readonly { readonly id: number; readonly uri: string }[];
}

export interface Transport {
  readonly ufrag: string;
  readonly pwd: string;
  readonly fingerprint: { readonly hash: string; readonly value: string; readonly setup: string };
  readonly candidates: readonly string[]; // as in a=candidate
  readonly webSockets: readonly string[];
}

/** Our half. */
export interface LocalTransport {
  readonly ufrag: string;
  readonly pwd: string;
  readonly hash: string;
  readonly fingerprint: string;
}

export interface Offer {
  readonly sid: string;
  readonly from: string;
  readonly bridgeSession: string | null;
  readonly transport: Transport;
  readonly audio: MediaDescription;
  readonly video: MediaDescription;
  readonly sources: readonly RemoteSource[];
  readonly startMuted: { readonly audio: boolean; readonly video: boolean };
}

function codec(node: Element): Codec {
  const parameters = children(node, "parameter").map((each) => {
    const name = each.getAttribute("name");
    return name ? `${name}=${each.getAttribute("value")}` : (each.getAttribute("value") ?? "");
  });
  return {
    id: Number(node.getAttribute("id")),
    name: node.getAttribute("name") ?? "",
    clockrate: Number(node.getAttribute("clockrate")),
    channels: Number(node.getAttribute("channels") ?? 1),
    parameters: parameters.join(";"),
    feedback: children(node, "rtcp-fb").map((each) =>
      [each.getAttribute("type"), each.getAttribute("subtype")].filter(Boolean).join(" "),
    ),
  };
}

function description(node: Element | null): MediaDescription {
  return {
    codecs: children(node, "payload-type").map(codec),
    extensions: children(node, "rtp-hdrext").map((each) => ({
      id: Number(each.getAttribute("id")),
      uri: each.getAttribute("uri") ?? "",
    })),
  };
}

function candidate(node: Element): string {
  const get = (name: string) => node.getAttribute(name) ?? "";
  const related = node.getAttribute("rel-addr");
  return [
    get("foundation"),
    get("component"),
    get("protocol"),
    get("priority"),
    get("ip"),
    get("port"),
    "typ",
    get("type"),
    ...(related === null ? [] : ["raddr", related, "rport", get("rel-port")]),
    "generation",
    get("generation") || "0",
  ].join(" ");
}

/** Reads a transport; a fingerprint is there in an offer, and need not be in a restart of ICE. */
function readTransport(node: Element): Transport {
  const fingerprint = child(node, "fingerprint");
  return {
    ufrag: node.getAttribute("ufrag") ?? "",
    pwd: node.getAttribute("pwd") ?? "",
    fingerprint: {
      hash: fingerprint?.getAttribute("hash") ?? "sha-256",
      value: fingerprint?.textContent?.trim() ?? "",
      setup: fingerprint?.getAttribute("setup") ?? "actpass",
    },
    candidates: children(node, "candidate").map(candidate),
    webSockets: children(node, "web-socket").map((each) => each.getAttribute("url") ?? ""),
  };
}

/** The bridge's half of a restart of ICE. */
export interface IceRestart {
  readonly generation: number;
  readonly transport: Transport;
}

/** Reads a transport-info; null where it is no restart of ICE that can be carried out. */
export function parseIceRestart(jingle: Element): IceRestart | null {
  const node = children(jingle, "content")
    .map((each) => child(each, "transport", NS.ice))
    .find((each) => each !== null);
  const generation = Number(node?.getAttribute("ice-generation"));
  if (!node || !Number.isInteger(generation) || generation < 1) return null;
  const transport = readTransport(node);
  return transport.ufrag === "" || transport.pwd === "" ? null : { generation, transport };
}

/** Reads a session-initiate; throws an Error that says what is missing. */
export function parseOffer(jingle: Element, from: string): Offer {
  const contents = children(jingle, "content");
  const of = (media: string) =>
    description(
      contents.map((each) => child(each, "description")).find((each) => each?.getAttribute("media") === media) ?? null,
    );
  const transport = contents.map((each) => child(each, "transport", NS.ice)).find((each) => each !== null);
  if (!transport || !child(transport, "fingerprint")?.textContent)
    throw new Error("The offer has no transport with a fingerprint");
  const startMuted = child(jingle, "startmuted");
  return {
    sid: jingle.getAttribute("sid") ?? "",
    from,
    bridgeSession: child(jingle, "bridge-session", NS.focus)?.getAttribute("id") ?? null,
    transport: readTransport(transport),
    audio: of("audio"),
    video: of("video"),
    sources: parseSources(jingle),
    startMuted: {
      audio: startMuted?.getAttribute("audio") === "true",
      video: startMuted?.getAttribute("video") === "true",
    },
  };
}

function action(name: string, offer: Offer, ...content: (Element | null)[]): Element {
  const jingle = element(
    "jingle",
    { xmlns: NS.jingle, action: name, sid: offer.sid, initiator: offer.from },
    ...content,
  );
  return element("iq", { xmlns: "jabber:client", type: "set", to: offer.from }, jingle);
}

function sourceElements(sources: readonly LocalSource[]): Element[] {
  return sources.flatMap((source) => [
    ...source.ssrcs.map((ssrc) =>
      element(
        "source",
        { xmlns: NS.ssma, ssrc, name: source.name, videoType: source.kind === "video" ? source.videoType : undefined },
        element("parameter", { name: "msid", value: source.msid }),
      ),
    ),
    ...source.groups.map((group) =>
      element(
        "ssrc-group",
        { xmlns: NS.ssma, semantics: group.semantics },
        ...group.ssrcs.map((ssrc) => element("source", { ssrc })),
      ),
    ),
  ]);
}

function ownTransport(local: LocalTransport, generation?: number): Element {
  return element(
    "transport",
    { xmlns: NS.ice, ufrag: local.ufrag, pwd: local.pwd, "ice-generation": generation },
    element("fingerprint", { xmlns: NS.dtls, hash: local.hash, setup: "active" }, local.fingerprint),
  );
}

/** The wish to restart ICE in this session. */
export function buildIceRestart(offer: Offer): Element {
  const session = { xmlns: NS.focus, id: offer.bridgeSession ?? undefined, "ice-restart": "true" };
  return action("session-info", offer, element("bridge-session", session));
}

/** Our half of a restart of ICE. */
export function buildTransportInfo(offer: Offer, local: LocalTransport, generation: number): Element {
  const contents = ["audio", "video"].map((name) =>
    element("content", { creator: "responder", name }, ownTransport(local, generation)),
  );
  return action("transport-info", offer, ...contents);
}

/** The answer: our ICE and DTLS, and the sources that we send. */
export function buildAccept(
  offer: Offer,
  responder: string,
  local: LocalTransport,
  sources: readonly LocalSource[],
): Element {
  const contents = (["audio", "video"] as const).map((media) =>
    element(
      "content",
      { creator: "responder", name: media, senders: "both" },
      element(
        "description",
        { xmlns: NS.rtp, media },
        ...offer[media].codecs.map((each) =>
          element("payload-type", {
            id: each.id,
            name: each.name,
            clockrate: each.clockrate,
            channels: each.channels > 1 ? each.channels : undefined,
          }),
        ),
        ...sourceElements(sources.filter((source) => source.kind === media)),
        element("rtcp-mux"),
      ),
      ownTransport(local),
    ),
  );
  const group = element(
    "group",
    { xmlns: NS.grouping, semantics: "BUNDLE" },
    ...["audio", "video", "data"].map((name) => element("content", { name })),
  );
  const iq = action("session-accept", offer, group, ...contents);
  iq.firstElementChild?.setAttribute("responder", responder);
  return iq;
}

/** A source-add or source-remove. */
export function buildSources(
  name: "source-add" | "source-remove",
  offer: Offer,
  sources: readonly LocalSource[],
): Element {
  const contents = (["audio", "video"] as const)
    .map((media) => ({ media, own: sources.filter((source) => source.kind === media) }))
    .filter(({ own }) => own.length > 0)
    .map(({ media, own }) =>
      element(
        "content",
        { creator: "responder", name: media, senders: "both" },
        element("description", { xmlns: NS.rtp, media }, ...sourceElements(own)),
      ),
    );
  return action(name, offer, ...contents);
}

/** The end of a session that does not work, with the wish for a new one. */
export function buildRestart(offer: Offer): Element {
  return action(
    "session-terminate",
    offer,
    element("reason", {}, element("connectivity-error"), element("text", {}, "ICE FAILED")),
    element("bridge-session", { xmlns: NS.focus, id: offer.bridgeSession ?? undefined, restart: "true" }),
  );
}
