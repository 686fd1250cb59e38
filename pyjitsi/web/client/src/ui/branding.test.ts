// @vitest-environment jsdom

import i18next from "i18next";
import { expect, test } from "vitest";
import { startLanguage } from "../i18n";
import { brand, logoUrl } from "./branding";

const hosts = { domain: "a", muc: "b" };

test("without branding the page is ours", () => {
  document.head.innerHTML = '<link rel="icon" href="/icon.svg" type="image/svg+xml">';
  brand({ hosts }, document);
  expect(logoUrl()).toBeNull();
  expect(document.querySelector("link")?.getAttribute("href")).toBe("/icon.svg");
});

test("picture, colour and name are the organisation's", () => {
  brand({ hosts, defaultLogoUrl: "/branding/logo", backgroundColor: "#102030" }, document);
  startLanguage("en", "Town Hall");
  expect(logoUrl()).toBe("/branding/logo");
  expect(document.querySelector("link")?.getAttribute("href")).toBe("/branding/logo");
  expect(document.documentElement.style.getPropertyValue("--bg")).toBe("#102030");
  expect(i18next.t("app.name")).toBe("Town Hall");
});
