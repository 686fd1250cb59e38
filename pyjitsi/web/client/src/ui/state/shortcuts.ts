/** The keyboard of a meeting. Single letters, as in Jitsi Meet, so that hands need not leave the home row. */

export type Action = "mic" | "camera" | "screen" | "hand" | "chat" | "people" | "layout" | "fullscreen" | "help";

export const SHORTCUTS: readonly { readonly key: string; readonly action: Action }[] = [
  { key: "m", action: "mic" },
  { key: "v", action: "camera" },
  { key: "d", action: "screen" },
  { key: "r", action: "hand" },
  { key: "c", action: "chat" },
  { key: "p", action: "people" },
  { key: "w", action: "layout" },
  { key: "f", action: "fullscreen" },
  { key: "?", action: "help" },
];

/** The part of a KeyboardEvent that decides. */
export interface Press {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly repeat: boolean;
  readonly defaultPrevented: boolean;
}

/** The action of a key press, or null for one that belongs to the browser. */
export function actionOf(press: Press): Action | null {
  if (press.defaultPrevented || press.repeat || press.ctrlKey || press.metaKey || press.altKey) return null;
  const key = press.key.toLowerCase();
  return SHORTCUTS.find((shortcut) => shortcut.key === key)?.action ?? null;
}

const OWN_KEYS = "input, textarea, select, [contenteditable], [role=menu], [role=listbox], [role=dialog]";

/** Whether the focused element needs letters itself: a text field, an open menu, a dialog. */
export function takesLetters(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest(OWN_KEYS) !== null;
}
