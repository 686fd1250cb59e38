import { beforeEach, expect, test } from "vitest";
import { claimsOf } from "./auth";
import { Portal } from "./portal";

const NOW = 1_790_000_000_000;
const URLS = {
  tokenAuthUrl: "https://portal.example.org/meet?room={room}&state={state}",
  tokenLogoutUrl: "https://portal.example.org/bye",
};

function token(claims: unknown): string {
  const bytes = new TextEncoder().encode(JSON.stringify(claims));
  const text = btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
  return `eyJhbGciOiJIUzI1NiJ9.${text}.c2ln`;
}

const USER = { id: "u-1", name: "Zoë Óg", avatar: "https://a.example/z.png" };
const fresh = token({ exp: NOW / 1000 + 60, context: { user: USER } });
const over = token({ exp: NOW / 1000, context: { user: USER } });

class Tab {
  kept = new Map<string, string>();
  getItem = (name: string): string | null => this.kept.get(name) ?? null;
  setItem = (name: string, value: string): void => void this.kept.set(name, value);
}

let tab: Tab;
let left: string[];

beforeEach(() => {
  tab = new Tab();
  left = [];
});

function portal(given: string | null, more: object = {}, now = NOW): Portal {
  return new Portal({ ...URLS, ...more }, given, tab, { now: () => now, leaveFor: (url) => left.push(url) });
}

test("a token names whose it is, and is shown", async () => {
  const one = portal(fresh, { accounts: { required: true } });
  expect(one.state).toEqual({ known: true, required: true, user: USER });
  expect(one.problem).toBeNull();
  expect(await one.token()).toBe(fresh);
});

test("without one nobody is logged in, and whether that matters is the server's to say", () => {
  expect(portal(null).state).toEqual({ known: true, required: false, user: null });
  expect(portal(null, { accounts: { required: true } }).state.required).toBe(true);
});

test("a token that is over leads to the log-in, and says why", async () => {
  const one = portal(over);
  expect(one.state).toEqual({ known: true, required: true, user: null });
  expect(one.problem).toBe("ended");
  one.logIn("acme/standup", `#config.startWithAudioMuted=true&jwt=%22${over}%22&interfaceConfig.X=1`, tab);
  const url = new URL(left[0] ?? "");
  expect(url.origin + url.pathname).toBe("https://portal.example.org/meet");
  expect(url.searchParams.get("room")).toBe("standup");
  expect(JSON.parse(url.searchParams.get("state") ?? "")).toEqual({
    room: "standup",
    roomSafe: "standup",
    tenant: "acme",
    "config.startWithAudioMuted": "true",
    "interfaceConfig.X": "1",
  });
  expect(left[0]).not.toContain(over); // neither there nor in what is kept
  expect(tab.kept.get("pyjitsi.fragment")).toBe("#config.startWithAudioMuted=true&interfaceConfig.X=1");
});

test("who comes back with a token that seems over has a clock that is wrong", () => {
  portal(over).logIn("standup", "", tab);
  const back = portal(over, {}, NOW + 30_000);
  expect(back.state.user).toEqual(USER);
  expect(back.problem).toBeNull();
  expect(portal(over, {}, NOW + 200_000).problem).toBe("ended");
});

test("the page leads on by itself where that is set, and not in circles", () => {
  const more = { tokenAuthUrlAutoRedirect: true };
  expect(portal(null).leadsOn).toBe(false);
  expect(portal(fresh, more).leadsOn).toBe(false);
  const one = portal(null, more);
  expect(one.leadsOn).toBe(true);
  one.logIn("standup", "", tab);
  expect(portal(null, more, NOW + 1000).leadsOn).toBe(false);
  expect(portal(over, more, NOW + 300_000).leadsOn).toBe(true);
});

test("a room's name is a value in the service's address, whatever is in it", () => {
  portal(null).logIn("a&b=$&{state}?#é", "", tab);
  expect(new URL(left[0] ?? "").searchParams.get("room")).toBe("a&b=$&{state}?#é");
  expect(new URL(left[0] ?? "").hash).toBe("");
});

test("logging out is the service's business, where it has a page for that", () => {
  portal(fresh).logOut();
  portal(fresh, { tokenLogoutUrl: undefined }).logOut();
  expect(left).toEqual(["https://portal.example.org/bye", "/"]);
});

test("claims are read out of what is a token", () => {
  expect(claimsOf(fresh)).toEqual({ ends: NOW + 60_000, user: USER });
  expect(claimsOf(token({}))).toEqual({ ends: null, user: { id: "", name: "", avatar: null } });
  expect(claimsOf(token({ exp: "1", context: { user: { id: 7, name: ["x"] } } }))?.user.name).toBe("");
  for (const text of ["", "a.b.c", "a..c", "a.bnVsbA.c", "x"]) expect(claimsOf(text)).toBeNull();
});
