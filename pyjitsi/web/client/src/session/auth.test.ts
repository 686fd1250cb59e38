import { describe, expect, it } from "vitest";
import type { MeetConfig } from "./api";
import { tokenOf, withToken } from "./auth";

const config: MeetConfig = {
  hosts: { domain: "talk.example", muc: "conference.talk.example" },
  websocket: "wss://talk.example/xmpp-websocket",
  bosh: "https://talk.example/http-bind?a=b",
};

describe("tokenOf", () => {
  it("takes the fragment's first, which may be a JSON text, then the query's", () => {
    expect(tokenOf({ hash: '#config.resolution=360&jwt="a.b.c"', search: "?jwt=d.e.f" })).toBe("a.b.c");
    expect(tokenOf({ hash: "#jwt=%22a.b.c%22", search: "" })).toBe("a.b.c");
    expect(tokenOf({ hash: "", search: "?config.x=1&jwt=d.e.f" })).toBe("d.e.f");
    expect(tokenOf({ hash: "", search: "?jwt=" })).toBeNull();
  });
});

describe("withToken", () => {
  it("puts token and room into the streams' addresses", () => {
    const found = withToken(config, { hash: "", search: "?jwt=a.b.c", pathname: "/Caf%C3%A9" });
    expect(found.websocket).toBe("wss://talk.example/xmpp-websocket?room=caf%C3%A9&token=a.b.c");
    expect(found.bosh).toBe("https://talk.example/http-bind?a=b&room=caf%C3%A9&token=a.b.c");
  });

  it("lets a token add no parameter of its own", () => {
    const found = withToken(config, { hash: "", search: "?jwt=a%26prefix%3Devil", pathname: "/x" });
    expect(found.websocket).toBe("wss://talk.example/xmpp-websocket?room=x&token=a%26prefix%3Devil");
  });

  it("leaves everything alone without one", () => {
    expect(withToken(config, { hash: "", search: "", pathname: "/x" })).toBe(config);
  });
});
