import { describe, expect, it } from "vitest";
import { streamUrl, tokenOf } from "./auth";

describe("tokenOf", () => {
  it("takes the fragment's first, which may be a JSON text, then the query's", () => {
    expect(tokenOf({ hash: '#config.resolution=360&jwt="a.b.c"', search: "?jwt=d.e.f" })).toBe("a.b.c");
    expect(tokenOf({ hash: "#jwt=%22a.b.c%22", search: "" })).toBe("a.b.c");
    expect(tokenOf({ hash: "", search: "?config.x=1&jwt=d.e.f" })).toBe("d.e.f");
    expect(tokenOf({ hash: "", search: "?jwt=" })).toBeNull();
  });
});

describe("streamUrl", () => {
  it("puts room, token and resumption beside what the address has already", () => {
    expect(streamUrl("wss://t.example/xmpp-websocket", "Café", { token: "a.b.c", previd: null })).toBe(
      "wss://t.example/xmpp-websocket?room=caf%C3%A9&token=a.b.c",
    );
    expect(streamUrl("https://t.example/http-bind?a=b", "x", { token: null, previd: "p+q" })).toBe(
      "https://t.example/http-bind?a=b&room=x&previd=p%2Bq",
    );
  });

  it("lets a token add no parameter of its own", () => {
    expect(streamUrl("wss://t", "x", { token: "a&prefix=evil?room=y" })).toBe(
      "wss://t?room=x&token=a%26prefix%3Devil%3Froom%3Dy",
    );
  });
});
