/** The server's config.js, with the overrides that an address may carry: `#config.startWithAudioMuted=true`. */

import type { MeetConfig } from "./api";

/**
 * What an address may change. Nothing here says where to connect: a link that somebody sends must not move the
 * conversation to another server.
 */
const OVERRIDABLE: Readonly<Record<string, "boolean" | "number" | "string">> = {
  startWithAudioMuted: "boolean",
  startWithVideoMuted: "boolean",
  startAudioMuted: "number",
  startVideoMuted: "number",
  channelLastN: "number",
  resolution: "number",
  disableSimulcast: "boolean",
  defaultLanguage: "string",
  defaultLocalDisplayName: "string",
  "prejoinConfig.enabled": "boolean",
  "p2p.enabled": "boolean",
  "bridgeChannel.preferSctp": "boolean",
};

function value(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Puts one `path` of at most two names into a copy of the configuration. */
function put(config: MeetConfig, path: string, set: unknown): MeetConfig {
  const [outer = "", inner] = path.split(".");
  if (inner === undefined) return { ...config, [outer]: set };
  return { ...config, [outer]: { ...(config as unknown as Record<string, object | undefined>)[outer], [inner]: set } };
}

/** Applies the overrides of a URL's fragment; unknown keys and values of the wrong type are left out. */
export function withOverrides(config: MeetConfig, fragment: string): MeetConfig {
  let result = config;
  for (const [key, text] of new URLSearchParams(fragment.replace(/^#/, ""))) {
    const path = key.startsWith("config.") ? key.slice("config.".length) : "";
    const type = Object.hasOwn(OVERRIDABLE, path) ? OVERRIDABLE[path] : undefined;
    if (type === undefined) continue;
    const set = type === "string" ? String(value(text)) : value(text);
    if (typeof set === type) result = put(result, path, set);
  }
  return result;
}

/** What a server without a readable config.js most likely is: everything under the page's own name. */
function assumed(host: string): MeetConfig {
  return { hosts: { domain: host, muc: `conference.${host}`, focus: `focus.${host}` } };
}

/** The page's configuration: `var config` of config.js and the overrides in the address. */
export function readConfig(): MeetConfig {
  const { config } = globalThis as { config?: MeetConfig };
  return withOverrides(config ?? assumed(location.hostname), location.hash);
}
