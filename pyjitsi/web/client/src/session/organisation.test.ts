import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { loginError, Organisation, type Surroundings, stashed } from "./organisation";

const START = 1_790_000_000_000;

/** A server that answers what `says` holds, and notes what it was asked. */
class Server implements Surroundings {
  asked: string[] = [];
  left: string[] = [];
  says: () => Response = () => this.token("t1");
  now = () => Date.now();
  async fetch(url: string): Promise<Response> {
    this.asked.push(url);
    return this.says();
  }
  leaveFor(url: string): void {
    this.left.push(url);
  }
  post(url: string): void {
    this.left.push(`POST ${url}`);
  }
  token(token: string, seconds = 600): Response {
    const user = { id: "u-1", name: "Ada Lovelace", avatar: null };
    return new Response(JSON.stringify({ user, moderator: true, token, expires: Date.now() / 1000 + seconds }));
  }
}

let server: Server;
let organisation: Organisation;

beforeEach(() => {
  vi.useFakeTimers({ now: START });
  vi.spyOn(console, "warn").mockImplementation(() => {});
  server = new Server();
  organisation = new Organisation("/oidc", true, null, server);
});
afterEach(() => {
  organisation.rest();
  vi.useRealTimers();
});

test("nobody is logged in until the server says who", async () => {
  expect(organisation.state).toEqual({ known: false, required: true, user: null });
  const seen: unknown[] = [];
  organisation.subscribe(() => seen.push(organisation.state.user?.name));
  await organisation.look();
  expect(server.asked).toEqual(["/oidc/token"]);
  expect(seen).toEqual(["Ada Lovelace"]);
  server.says = () => new Response("{}", { status: 401 });
  await organisation.look();
  expect(organisation.state).toEqual({ known: true, required: true, user: null });
});

test("a token serves until it nears its end, and is renewed before", async () => {
  expect(await organisation.token("café")).toBe("t1");
  expect(await organisation.token("café")).toBe("t1");
  expect(server.asked).toEqual(["/oidc/token?room=caf%C3%A9"]);
  server.says = () => server.token("t2");
  await vi.advanceTimersByTimeAsync(449_000);
  expect(server.asked.length).toBe(1);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(server.asked.length).toBe(2);
  expect(await organisation.token("café")).toBe("t2");
});

test("another room has a token of its own", async () => {
  await organisation.token("a");
  server.says = () => server.token("t2");
  expect(await organisation.token("b")).toBe("t2");
});

test("a tenant's room is asked for with its tenant", async () => {
  const acmes = new Organisation("/oidc", true, "acme", server);
  await acmes.token("standup");
  await acmes.look();
  expect(server.asked).toEqual(["/oidc/token?room=acme%2Fstandup", "/oidc/token"]);
  acmes.rest();
});

test("a server that is away for a while is asked again, and the token we hold serves meanwhile", async () => {
  await organisation.token("a");
  server.says = () => new Response("", { status: 502 });
  await vi.advanceTimersByTimeAsync(450_000);
  expect(await organisation.token("a")).toBe("t1");
  server.says = () => server.token("t2");
  await vi.advanceTimersByTimeAsync(30_000);
  expect(await organisation.token("a")).toBe("t2");
});

test("after a sleep over its end no old token is shown", async () => {
  await organisation.token("a");
  vi.setSystemTime(START + 3_600_000);
  server.says = () => server.token("t2");
  expect(await organisation.token("a")).toBe("t2");
});

test("somebody logged out elsewhere has no token any more", async () => {
  await organisation.token("a");
  server.says = () => new Response("{}", { status: 401 });
  await vi.advanceTimersByTimeAsync(450_000);
  expect(organisation.state.user).toBeNull();
  expect(await organisation.token("a")).toBeNull();
});

test("a log-in leads back to the room, with what stood after the # of its address", () => {
  const store = new Map<string, string>();
  const storage = {
    setItem: (key: string, value: string) => void store.set(key, value),
    getItem: (key: string) => store.get(key) ?? null,
    removeItem: (key: string) => void store.delete(key),
  };
  organisation.logIn("acme/a b", "#config.startWithAudioMuted=true", storage);
  expect(server.left).toEqual(["/oidc/login?room=acme%2Fa%20b"]);
  expect(stashed(storage)).toBe("#config.startWithAudioMuted=true");
  expect(stashed(storage)).toBe("");
  organisation.logOut();
  expect(server.left[1]).toBe("POST /oidc/logout");
});

test("what went wrong stands in the address", () => {
  expect(loginError("#login-error=expired")).toBe("expired");
  expect(loginError("#login-error=<b>")).toBe("refused");
  expect(loginError("#config.x=1")).toBeNull();
});
