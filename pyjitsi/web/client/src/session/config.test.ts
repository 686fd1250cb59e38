import { describe, expect, it } from "vitest";
import type { MeetConfig } from "./api";
import { withOverrides } from "./config";

const config: MeetConfig = {
  hosts: { domain: "talk.example", muc: "conference.talk.example" },
  bridgeChannel: { preferSctp: false, ignoreDomain: "x.example" },
};

describe("withOverrides", () => {
  it("takes values of known keys, also one level down", () => {
    const fragment = "#config.startWithAudioMuted=true&config.resolution=360&config.bridgeChannel.preferSctp=true";
    expect(withOverrides(config, fragment)).toEqual({
      ...config,
      startWithAudioMuted: true,
      resolution: 360,
      bridgeChannel: { preferSctp: true, ignoreDomain: "x.example" },
    });
  });

  it("reads text with and without quotation marks", () => {
    expect(withOverrides(config, '#config.defaultLanguage="pt-BR"').defaultLanguage).toBe("pt-BR");
    expect(withOverrides(config, "#config.defaultLanguage=pt-BR").defaultLanguage).toBe("pt-BR");
  });

  it.each([
    "",
    "#",
    "#config.hosts.domain=evil.example",
    '#config.websocket="wss://evil.example"',
    "#config.__proto__.polluted=true",
    "#config.constructor=1",
    "#config.resolution=big",
    "#config.startWithAudioMuted=1",
    "#jwt=abc",
  ])("lets %j change nothing", (fragment) => {
    expect(withOverrides(config, fragment)).toEqual(config);
  });
});
