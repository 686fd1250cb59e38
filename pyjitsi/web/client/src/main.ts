import "./ui/styles/base.css";
import { mount } from "svelte";
import { startLanguage } from "./i18n";
import { accountOf, createMeeting } from "./session";
import { readConfig } from "./session/config";
import { listDevices, openCamera, openMicrophone, watchDevices } from "./session/devices";
import App from "./ui/App.svelte";
import { brand } from "./ui/branding";

/** Reading the property alone throws where storage is forbidden. */
function storage(of: () => Storage): Storage | null {
  try {
    return of();
  } catch {
    return null;
  }
}

const target = document.getElementById("app");
if (target === null) throw new Error("The page has no #app");
const config = readConfig();
brand(config, document);
startLanguage(config.defaultLanguage, config.appName);
const media = { openCamera, openMicrophone, list: listDevices, watch: watchDevices };
const account = accountOf(
  config,
  storage(() => sessionStorage),
);
const store = storage(() => localStorage);
mount(App, { target, props: { services: { config, createMeeting, account, media, store } } });
