import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import en from "./en.json";
import { matchLanguage } from "./index";
import ptBR from "./pt-BR.json";

type Tree = { readonly [key: string]: string | Tree };

function flatten(tree: Tree, prefix = ""): Map<string, string> {
  return new Map(
    Object.entries(tree).flatMap(([key, value]) =>
      typeof value === "string" ? [[prefix + key, value] as const] : [...flatten(value, `${prefix}${key}.`)],
    ),
  );
}

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sources(path);
    return /\.(svelte|ts)$/.test(entry.name) && !/\.test\.ts$/.test(entry.name) ? [readFileSync(path, "utf8")] : [];
  });
}

const english = flatten(en);
const portuguese = flatten(ptBR);
const code = sources(join(import.meta.dirname, "..", "ui")).join("\n");
const known = [...english.keys()].map((key) => key.replace(/_(one|other)$/, ""));

describe("the catalogues", () => {
  it("have the same keys", () => {
    expect([...portuguese.keys()].sort()).toEqual([...english.keys()].sort());
  });

  it("have a text everywhere, with the same gaps to fill in", () => {
    const gaps = (text: string | undefined): string[] => [...(text ?? "").matchAll(/{{\w+}}/g)].map(String).sort();
    for (const [key, text] of english) {
      expect(text, key).not.toBe("");
      expect(gaps(portuguese.get(key)), key).toEqual(gaps(text));
    }
  });

  it("have every key that the code asks for", () => {
    const asked = [...code.matchAll(/\bt\(\s*"([^"]+)"/g)].map((match) => match[1] ?? "");
    expect(asked.length).toBeGreaterThan(80);
    for (const key of asked) expect(known, key).toContain(key);
  });

  it("have no key that the code never asks for", () => {
    const computed = [...code.matchAll(/`((?:[\w-]+\.)+[\w-]*)\$\{[^}]+\}([\w-]*(?:\.[\w-]+)*)`/g)].map(
      ([, before, after]) => new RegExp(`^${before?.replaceAll(".", "\\.")}[\\w-]+${after?.replaceAll(".", "\\.")}$`),
    );
    for (const key of known) {
      const used = code.includes(`"${key}"`) || computed.some((pattern) => pattern.test(key));
      expect(used, `${key} is not used`).toBe(true);
    }
  });
});

describe("matchLanguage", () => {
  it.each([
    [["pt-PT", "en"], "pt-BR"],
    [["de", "en-GB"], "en"],
    [["pt"], "pt-BR"],
    [["de", "fr"], null],
    [[], null],
  ])("of %j is %s", (wanted, expected) => {
    expect(matchLanguage(wanted)).toBe(expected);
  });
});
