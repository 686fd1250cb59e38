import "./ui/styles/base.css";
import { mount } from "svelte";
import { startLanguage } from "./i18n";
import { accountOf, createMeeting } from "./session";
import { claimsOf, given, tokenOf } from "./session/auth";
import { readConfig } from "./session/config";
import { listDevices, openCamera, openMicrophone, watchDevices } from "./session/devices";
import { Organisation, stashed } from "./session/organisation";
import { Portal } from "./session/portal";
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
const { tenant, room } = readPlace(location.pathname);
const path = config.accounts?.path;
// Whoever brings a token to a server with accounts of its own needs no log-in there.
const ours = path !== undefined && token === null;
const portal = path === undefined && config.tokenAuthUrl ? new Portal(config, token, visit) : null;
const core = ours ? new Organisation(path, config.accounts?.required === true, tenant) : portal;
const organisation = core === null ? null : new LiveOrganisation(core, visit);
const access = token === null ? null : given(token);
const named = token === null ? "" : (claimsOf(token)?.user.name ?? "");
const store = storage(() => localStorage);
const services = { config, createMeeting, account, organisation, access, named, media, store };
if (portal?.leadsOn && room !== "") organisation?.logIn(tenant === null ? room : `${tenant}/${room}`);
mount(App, { target, props: { services } });
