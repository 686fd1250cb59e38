import { describe, expect, it } from "vitest";
import { linkify } from "./linkify";

describe("linkify", () => {
  it("finds addresses inside a sentence and leaves its punctuation out", () => {
    expect(linkify("See https://example.org/a, (http://example.org/b_(c)).")).toEqual([
      { text: "See ", href: null },
      { text: "https://example.org/a", href: "https://example.org/a" },
      { text: ", (", href: null },
      { text: "http://example.org/b_(c)", href: "http://example.org/b_(c)" },
      { text: ").", href: null },
    ]);
  });

  it.each(["javascript:alert(1)", "data:text/html,x", "ftp://example.org", "https://", "<b>hello</b>"])(
    "keeps %s as text",
    (text) => {
      expect(linkify(text)).toEqual([{ text, href: null }]);
    },
  );

  it("never takes markup into an address", () => {
    const parts = linkify('https://example.org/"><script>x</script>');
    expect(parts[0]?.href).toBe("https://example.org/");
    expect(parts.map((part) => part.text).join("")).toBe('https://example.org/"><script>x</script>');
  });
});
