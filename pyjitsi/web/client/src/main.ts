import "./ui/styles/base.css";
import { mount } from "svelte";
import { startLanguage } from "./i18n";
import { createMeeting } from "./session";
import { readConfig } from "./session/config";
import { listDevices, openCamera, openMicrophone, watchDevices } from "./session/devices";
import App from "./ui/App.svelte";
import { brand } from "./ui/branding";

/** Reading the property alone throws where storage is forbidden. */
function storage(): Storage | null {
  try {
    return localStorage;
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
mount(App, { target, props: { services: { config, createMeeting, media, store: storage() } } });
