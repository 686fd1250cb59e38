/** An organisation's own name, picture and colour, as config.js has them. */

import type { MeetConfig } from "../session/api";

let logo: string | null = null;

/** Where the organisation's picture is; null shows ours. */
export function logoUrl(): string | null {
  return logo;
}

/** Applies the branding to the page; the name is the words' business. */
export function brand(config: MeetConfig, page: Document): void {
  logo = config.defaultLogoUrl ?? null;
  if (logo !== null) {
    for (const icon of page.querySelectorAll<HTMLLinkElement>('link[rel="icon"]')) {
      icon.removeAttribute("type");
      icon.href = logo;
    }
  }
  if (config.backgroundColor !== undefined) page.documentElement.style.setProperty("--bg", config.backgroundColor);
}
