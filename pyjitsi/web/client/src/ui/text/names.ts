/** Small things made from display names: initials and a steady colour for an avatar. */

/** One or two letters that stand for a name: the first letters of its first and last word. "" for an empty name. */
export function initials(name: string): string {
  const words = name.split(/[\s\-_.]+/u).filter((word) => /[\p{L}\p{N}]/u.test(word));
  const first = words[0];
  const last = words.length > 1 ? words[words.length - 1] : undefined;
  const letter = (word: string | undefined): string => word?.match(/[\p{L}\p{N}]/u)?.[0] ?? "";
  return (letter(first) + letter(last)).toLocaleUpperCase();
}

/** Hues that stay apart from each other and from the red of an error. */
const HUES = [168, 196, 222, 258, 290, 326, 28, 46, 92, 136] as const;

/** The same hue, in degrees, for the same participant on every screen: it depends on the id alone. */
export function hueOf(id: string): number {
  let hash = 2166136261;
  for (const character of id) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 16777619);
  return HUES[(hash >>> 0) % HUES.length] ?? HUES[0];
}
