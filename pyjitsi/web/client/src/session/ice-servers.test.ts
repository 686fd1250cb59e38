// @vitest-environment jsdom
/** Which TURN servers the browser is given. */

import { expect, test, vi } from "vitest";
import { fetchIceServers, parseIceServers } from "./ice-servers";

function services(...each: string[]): Element {
  const text = `<services xmlns="urn:xmpp:extdisco:2">${each.join("")}</services>`;
  return new DOMParser().parseFromString(text, "text/xml").documentElement;
}

test("TURN over TCP and TLS is used, with its credentials", () => {
  const found = parseIceServers(
    services(
      '<service type="stun" host="turn.example.org" port="3478"/>',
      '<service type="turn" host="turn.example.org" port="3478" transport="udp" username="1" password="a"/>',
      '<service type="turns" host="turn.example.org" port="443" transport="tcp" username="2" password="b=="/>',
      '<service type="turn" host="2001:db8::1" port="3478" transport="tcp" username="3" password="c"/>',
    ),
  );
  expect(found).toEqual([
    { urls: "turns:turn.example.org:443?transport=tcp", username: "2", credential: "b==" },
    { urls: "turn:[2001:db8::1]:3478?transport=tcp", username: "3", credential: "c" },
  ]);
});

test("TURN over UDP alone is better than none", () => {
  const found = parseIceServers(services('<service type="turn" host="h" transport="udp" username="1" password="a"/>'));
  expect(found).toEqual([{ urls: "turn:h", username: "1", credential: "a" }]);
});

test("what is no TURN server is passed over", () => {
  expect(
    parseIceServers(
      services('<service type="turn" port="1"/>', '<service type="turn" host="h" port="x"/>', "<other/>"),
    ),
  ).toEqual([]);
  expect(parseIceServers(null)).toEqual([]);
});

test("a server that knows none leaves us without", async () => {
  vi.spyOn(console, "warn").mockImplementation(() => {});
  expect(await fetchIceServers({ iq: () => Promise.reject(new Error("service-unavailable")) }, "d")).toEqual([]);
});
