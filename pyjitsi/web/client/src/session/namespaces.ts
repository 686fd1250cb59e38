/** XML namespaces of XMPP, Jingle and Jitsi. */

export const NS = {
  muc: "http://jabber.org/protocol/muc",
  mucUser: "http://jabber.org/protocol/muc#user",
  mucAdmin: "http://jabber.org/protocol/muc#admin",
  mucOwner: "http://jabber.org/protocol/muc#owner",
  mucConfig: "http://jabber.org/protocol/muc#roomconfig",
  data: "jabber:x:data",
  nick: "http://jabber.org/protocol/nick",
  caps: "http://jabber.org/protocol/caps",
  disco: "http://jabber.org/protocol/disco#info",
  jitmeet: "http://jitsi.org/jitmeet",
  focus: "http://jitsi.org/protocol/focus",
  colibri: "http://jitsi.org/protocol/colibri",
  jingle: "urn:xmpp:jingle:1",
  rtp: "urn:xmpp:jingle:apps:rtp:1",
  feedback: "urn:xmpp:jingle:apps:rtp:rtcp-fb:0",
  extension: "urn:xmpp:jingle:apps:rtp:rtp-hdrext:0",
  ssma: "urn:xmpp:jingle:apps:rtp:ssma:0",
  ice: "urn:xmpp:jingle:transports:ice-udp:1",
  dtls: "urn:xmpp:jingle:apps:dtls:0",
  grouping: "urn:xmpp:jingle:apps:grouping:0",
  stanzas: "urn:ietf:params:xml:ns:xmpp-stanzas",
  mute: {
    audio: "http://jitsi.org/jitmeet/audio",
    video: "http://jitsi.org/jitmeet/video",
    desktop: "http://jitsi.org/jitmeet/desktop",
  },
} as const;

/** What this client can do, as the focus reads it from service discovery. */
export const FEATURES: readonly string[] = [
  "http://jitsi.org/json-encoded-sources",
  "http://jitsi.org/receive-multiple-video-streams",
  "http://jitsi.org/source-name",
  "http://jitsi.org/tcc",
  "urn:ietf:rfc:4588",
  "urn:xmpp:jingle:1",
  "urn:xmpp:jingle:apps:dtls:0",
  "urn:xmpp:jingle:apps:rtp:1",
  "urn:xmpp:jingle:apps:rtp:audio",
  "urn:xmpp:jingle:apps:rtp:video",
  "urn:xmpp:jingle:transports:ice-udp:1",
];
export const CAPS_NODE = "https://pyjitsi.org/client";
