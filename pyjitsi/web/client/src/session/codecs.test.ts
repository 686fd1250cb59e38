/** Which codec a meeting uses, and in which layers. */

import { afterEach, describe, expect, test, vi } from "vitest";
import type { MeetConfig } from "./api";
import { agreed, decodable, engineOf, preferred } from "./codecs";
import { layers, type Wish } from "./encodings";

const CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36";
const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:152.0) Gecko/20100101 Firefox/152.0";
const SAFARI =
  "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15";

function browser(userAgent: string, ...names: string[]) {
  const list = { getCapabilities: () => ({ codecs: names.map((name) => ({ mimeType: `video/${name}` })) }) };
  vi.stubGlobal("navigator", { userAgent });
  vi.stubGlobal("RTCRtpReceiver", list);
  vi.stubGlobal("RTCRtpSender", list);
}

function config(...codecPreferenceOrder: string[]): MeetConfig {
  const hosts = { domain: "d", muc: "c.d" };
  return codecPreferenceOrder.length === 0 ? { hosts } : { hosts, videoQuality: { codecPreferenceOrder } };
}

afterEach(() => vi.unstubAllGlobals());

describe("what a browser has", () => {
  test("is told without repairs, and without what it does badly", () => {
    browser(CHROME, "VP8", "rtx", "VP9", "AV1", "red");
    expect(decodable()).toEqual(["vp8", "vp9", "av1"]);
    browser(SAFARI, "VP8", "VP9", "AV1", "H264");
    expect(decodable()).toEqual(["vp8", "vp9", "h264"]);
  });

  test("is VP8 at least, where it does not say", () => {
    vi.stubGlobal("navigator", { userAgent: CHROME });
    expect(decodable()).toEqual(["vp8"]);
    browser(CHROME);
    expect(decodable()).toEqual(["vp8"]);
  });
});

describe("what we would send", () => {
  test("is VP8 where the server wishes nothing", () => {
    browser(CHROME, "AV1", "VP8", "VP9");
    expect(preferred(config())).toEqual(["vp8", "vp9", "av1"]);
  });

  test("is the server's order of what we have", () => {
    browser(CHROME, "VP8", "VP9", "AV1");
    expect(preferred(config("AV1", "H264", "vp8"))).toEqual(["av1", "vp8"]);
  });

  test("is what has layers first: others would get all or nothing", () => {
    browser(FIREFOX, "VP8", "VP9", "AV1", "H264");
    expect(preferred(config("AV1", "VP9", "VP8"))).toEqual(["vp8", "av1", "vp9"]);
    browser(SAFARI, "VP8", "VP9", "AV1", "H264");
    expect(preferred(config("AV1", "VP9", "VP8"))).toEqual(["vp8", "vp9"]);
  });

  test("differs on phones where the server says so", () => {
    browser(`${CHROME} Mobile`, "VP8", "VP9");
    const videoQuality = { codecPreferenceOrder: ["VP9"], mobileCodecPreferenceOrder: ["VP8"] };
    expect(preferred({ ...config(), videoQuality })).toEqual(["vp8"]);
  });
});

test("engines differ in what they send at once", () => {
  expect(engineOf(CHROME)).toEqual({ simulcast: true, svc: true, flawed: [] });
  expect(engineOf(FIREFOX).simulcast).toBe(false);
  expect(engineOf(SAFARI)).toEqual({ simulcast: true, svc: false, flawed: ["av1"] });
});

describe("what all agree on", () => {
  test("is the first of ours that everybody has, whatever their order", () => {
    const others = [
      ["vp8", "vp9", "av1"],
      ["h264", "vp9", "vp8"],
    ];
    expect(agreed(["av1", "vp9", "vp8"], others)).toEqual(["vp9", "vp8"]);
    expect(agreed(["av1", "vp9", "vp8"], [])).toEqual(["av1", "vp9", "vp8"]);
  });

  test("does not wait for who says nothing, and is VP8 where nothing is left", () => {
    expect(agreed(["av1"], [[], ["av1"]])).toEqual(["av1"]);
    expect(agreed(["av1"], [["h264"]])).toEqual(["vp8"]);
  });
});

describe("layers", () => {
  const wish: Wish = { codec: "vp8", streams: 3, captured: 720, wanted: 720, screen: false, svc: true };
  const shape = (over: Partial<Wish>) =>
    layers({ ...wish, ...over }).map((each) => [each.active, each.scaleResolutionDownBy, each.scalabilityMode]);

  test("of VP8 are streams; those that nobody needs rest", () => {
    const all = (low: boolean, middle: boolean, high: boolean) => [
      [low, 4, undefined],
      [middle, 2, undefined],
      [high, 1, undefined],
    ];
    expect(shape({ wanted: 2160 })).toEqual(all(true, true, true));
    expect(shape({ wanted: 361 })).toEqual(all(true, true, true));
    expect(shape({ wanted: 360 })).toEqual(all(true, true, false));
    expect(shape({ wanted: 180 })).toEqual(all(true, false, false));
    expect(shape({ wanted: 0 })).toEqual(all(false, false, false));
  });

  test("of VP9 and AV1 are in one stream, as large as somebody wants it", () => {
    const rest = [false, undefined, undefined];
    expect(shape({ codec: "vp9" })).toEqual([[true, 1, "L3T3_KEY"], rest, rest]);
    expect(shape({ codec: "av1", wanted: 360 })).toEqual([[true, 2, "L2T3_KEY"], rest, rest]);
    expect(shape({ codec: "av1", wanted: 90 })).toEqual([[true, 4, "L1T3"], rest, rest]);
    expect(shape({ codec: "av1", wanted: 0 })).toEqual([[false, 4, "L1T3"], rest, rest]);
    expect(layers({ ...wish, codec: "av1", wanted: 360 })[0]?.maxBitrate).toBe(300_000);
  });

  test("of VP9 are streams in browsers that can't put them into one", () => {
    expect(shape({ codec: "vp9", svc: false })).toEqual([
      [true, 4, undefined],
      [true, 2, undefined],
      [true, 1, undefined],
    ]);
  });

  test("of H.264 are streams that say their temporal layers", () => {
    expect(shape({ codec: "h264" }).map(([, , mode]) => mode)).toEqual(["L1T3", "L1T3", "L1T3"]);
  });

  test("of a screen are none: its size is what it is", () => {
    expect(shape({ codec: "av1", streams: 1, screen: true })).toEqual([[true, undefined, "L1T3"]]);
    expect(shape({ codec: "vp8", streams: 1, screen: true, wanted: 0 })).toEqual([[false, undefined, undefined]]);
  });
});
