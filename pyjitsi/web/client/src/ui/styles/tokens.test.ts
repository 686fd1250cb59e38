import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

type Look = "light" | "dark" | "meeting";

/** What is written on what; WCAG 2.2, 1.4.3 asks 4.5 of text. */
const PAIRS = [
  ["--text", "--bg"],
  ["--text", "--surface"],
  ["--text", "--surface-2"],
  ["--text", "--surface-3"],
  ["--text-2", "--bg"],
  ["--text-2", "--surface"],
  ["--text-2", "--surface-2"],
  ["--accent", "--bg"],
  ["--accent", "--surface"],
  ["--on-accent", "--accent"],
  ["--on-accent", "--accent-hover"],
  ["--on-accent-soft", "--accent-soft"],
  ["--text", "--accent-soft"],
  ["--on-danger", "--danger"],
  ["--on-danger", "--danger-hover"],
  ["--on-danger-soft", "--danger-soft"],
  ["--on-danger-soft", "--surface"],
  ["--on-amber", "--amber"],
  ["--on-warn-soft", "--warn-soft"],
] as const;

/** What is seen without being read, such as borders of fields and the ring of the focus; 1.4.11 asks 3. */
const SHAPES = [
  ["--line-strong", "--surface"],
  ["--line-strong", "--bg"],
  ["--focus", "--surface"],
  ["--focus", "--bg"],
] as const;

/** The colours of a style sheet by token; `light-dark()` is resolved, and a meeting's own values replace the dark ones. */
function coloursOf(sheet: string, look: Look): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const scene = sheet.indexOf('[data-scene="meeting"]');
  const read = look === "meeting" ? sheet : sheet.slice(0, scene);
  for (const [, token = "", value = ""] of read.matchAll(/(--[\w-]+):\s*([^;]+);/g)) {
    const both = /^light-dark\((#\w+), (#\w+)\)$/.exec(value);
    const colour = both === null ? value : both[look === "light" ? 1 : 2];
    if (colour?.startsWith("#")) found.set(token, colour);
  }
  return found;
}

/** Relative luminance of #rrggbb, 0 to 1 (WCAG 2.2, definitions). */
function luminance(colour: string): number {
  if (!/^#[0-9a-f]{6}$/i.test(colour)) throw new Error(`Not a colour of six hexadecimal digits: "${colour}"`);
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [low = 0, high = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

const tokens = readFileSync(`${import.meta.dirname}/tokens.css`, "utf8");

describe.each(["light", "dark", "meeting"] as const)("in the %s look", (look) => {
  const colours = coloursOf(tokens, look);

  it.each(PAIRS)("%s can be read on %s", (text, ground) => {
    expect(contrast(colours.get(text) ?? "", colours.get(ground) ?? "")).toBeGreaterThanOrEqual(4.5);
  });

  it.each(SHAPES)("%s can be made out on %s", (shape, ground) => {
    expect(contrast(colours.get(shape) ?? "", colours.get(ground) ?? "")).toBeGreaterThanOrEqual(3);
  });
});

it("measures black on white as 21 to 1, and a known grey as the standard does", () => {
  expect(contrast("#000000", "#ffffff")).toBeCloseTo(21);
  expect(contrast("#767676", "#ffffff")).toBeCloseTo(4.54, 2);
});

it("knows a meeting's own ground", () => {
  expect(coloursOf(tokens, "meeting").get("--bg")).not.toBe(coloursOf(tokens, "dark").get("--bg"));
});
