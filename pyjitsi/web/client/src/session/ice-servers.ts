/** TURN servers as the server names them (XEP-0215), for people whose network lets no UDP through. */

import { children, element } from "./xml";
import type { XmppConnection } from "./xmpp";

const EXTDISCO = "urn:xmpp:extdisco:2";
const LIMIT_MS = 5_000;

/**
 * Servers for the way to the bridge. It has a public address of its own, so STUN and TURN over UDP would add nothing; as in
 * Jitsi's clients only TURN over TCP and TLS is used, unless there is none.
 */
export function parseIceServers(services: Element | null): RTCIceServer[] {
  const found = children(services, "service", EXTDISCO).flatMap((service) => {
    const [type, host, port, transport, username, credential] = [
      "type",
      "host",
      "port",
      "transport",
      "username",
      "password",
    ].map((name) => service.getAttribute(name) ?? "");
    if ((type !== "turn" && type !== "turns") || !host || !/^\d*$/.test(port ?? "")) return [];
    const name = host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
    const urls = `${type}:${name}${port ? `:${port}` : ""}${transport === "tcp" ? "?transport=tcp" : ""}`;
    return [{ urls, username: username ?? "", credential: credential ?? "" }];
  });
  const tcp = found.filter(({ urls }) => urls.endsWith("tcp"));
  return tcp.length > 0 ? tcp : found;
}

/** Asks the clients' domain; a server without any has none. */
export async function fetchIceServers(xmpp: Pick<XmppConnection, "iq">, domain: string): Promise<RTCIceServer[]> {
  const request = element("services", { xmlns: EXTDISCO });
  try {
    const answer = await xmpp.iq(element("iq", { xmlns: "jabber:client", type: "get", to: domain }, request), LIMIT_MS);
    return parseIceServers(children(answer, "services", EXTDISCO)[0] ?? null);
  } catch (error) {
    console.warn("No TURN servers are known", error);
    return [];
  }
}
