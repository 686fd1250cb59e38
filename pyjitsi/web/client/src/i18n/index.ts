/** The words of the interface: i18next with its catalogues bundled, made reactive for Svelte. */

import i18next from "i18next";
import { createSubscriber } from "svelte/reactivity";
import en from "./en.json";
import ptBR from "./pt-BR.json";

export const LANGUAGES = ["en", "pt-BR"] as const;
export type Language = (typeof LANGUAGES)[number];

const STORED = "pyjitsi.language";

/** The best catalogue for a list of BCP 47 tags, most wanted first; null where none fits. */
export function matchLanguage(wanted: readonly string[]): Language | null {
  for (const tag of wanted) {
    const base = tag.toLowerCase().split("-")[0];
    const found = LANGUAGES.find((language) => language.toLowerCase().split("-")[0] === base);
    if (found !== undefined) return found;
  }
  return null;
}

function stored(): string[] {
  try {
    const value = localStorage.getItem(STORED);
    return value === null ? [] : [value];
  } catch {
    return [];
  }
}

/** Starts in the language that was chosen before, else the browser's, else the server's; `appName` replaces ours. */
export function startLanguage(serverDefault?: string, appName?: string): void {
  const wanted = [...stored(), ...navigator.languages, ...(serverDefault === undefined ? [] : [serverDefault])];
  void i18next.init({
    lng: matchLanguage(wanted) ?? "en",
    fallbackLng: "en",
    supportedLngs: LANGUAGES,
    resources: { en: { translation: en }, "pt-BR": { translation: ptBR } },
    interpolation: { escapeValue: false }, // Svelte escapes what it renders
    initAsync: false,
  });
  if (appName !== undefined) {
    for (const language of LANGUAGES) i18next.addResource(language, "translation", "app.name", appName);
  }
  document.documentElement.lang = i18next.language;
}

/** Switches the interface and remembers it on this device. */
export async function setLanguage(language: Language): Promise<void> {
  await i18next.changeLanguage(language);
  document.documentElement.lang = language;
  try {
    localStorage.setItem(STORED, language);
  } catch {
    // A browser without storage forgets the choice with the page.
  }
}

const subscribe = createSubscriber((update) => {
  i18next.on("languageChanged", update);
  return () => i18next.off("languageChanged", update);
});

/** The current language; reading it in a component keeps the component up to date. */
export function language(): Language {
  subscribe();
  return matchLanguage([i18next.language]) ?? "en";
}

/** A text by its key; components that use it follow a change of language. A key that the catalogue lacks doesn't compile. */
export const t = ((key: string, values?: object): string => {
  subscribe();
  return i18next.t(key as "app.name", { ...values });
}) as unknown as typeof i18next.t;
