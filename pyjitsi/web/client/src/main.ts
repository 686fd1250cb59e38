import "./ui/styles/base.css";
import { mount } from "svelte";
import { startLanguage } from "./i18n";
import { accountOf, createMeeting } from "./session";
import { given, tokenOf } from "./session/auth";
import { readConfig } from "./session/config";
import { listDevices, openCamera, openMicrophone, watchDevices } from "./session/devices";
import { Organisation, stashed } from "./session/organisation";
import App from "./ui/App.svelte";
import { brand } from "./ui/branding";
import { trustPictures } from "./ui/kit/pictures";
import { LiveOrganisation } from "./ui/login/organisation.svelte";
import { readPlace } from "./ui/text/roomname";

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
const visit = storage(() => sessionStorage);
const fragment = stashed(visit);
if (location.hash === "" && fragment !== "") history.replaceState(null, "", location.href + fragment);
const config = readConfig();
brand(config, document);
trustPictures(config.avatarHosts ?? []);
startLanguage(config.defaultLanguage, config.appName);
const media = { openCamera, openMicrophone, list: listDevices, watch: watchDevices };
const account = accountOf(config, visit);
const token = tokenOf(location);
const access = token === null ? null : given(token);
const accounts = access === null ? config.accounts : undefined; // whoever brings a token needs no log-in
const organisation = accounts
  ? new LiveOrganisation(new Organisation(accounts.path, accounts.required, readPlace(location.pathname).tenant), visit)
  : null;
const store = storage(() => localStorage);
const services = { config, createMeeting, account, organisation, access, media, store };
mount(App, { target, props: { services } });
