/**
 * The interface with a made-up meeting behind it, served by `vite dev` only.
 *
 * /src/ui/testing/demo.html?path=/calm-otter-lake&people=4&media=camera-refused&refuse=room-full
 * The meeting is `window.demo` for whoever drives the page.
 */

import "../styles/base.css";
import { mount } from "svelte";
import { startLanguage } from "../../i18n";
import { type ErrorCode, MeetingError } from "../../session/api";
import App from "../App.svelte";
import type { MediaAccess } from "../media/access";
import { FakeAccount } from "./fake-account";
import { FakeMeeting } from "./fake-meeting";
import { camera, person, screen } from "./people";
import { face, slide } from "./pictures";

const NAMES = [
  "Beatriz Nogueira",
  "Tomás",
  "Ingrid Sørensen",
  "Kwame Mensah",
  "Yuki",
  "Elena Petrova",
  "Rafael",
  "Noor",
  "Sam Okafor",
  "Lívia",
  "Jonas",
  "Mei",
  "Priya",
  "Hugo",
  "Ana",
  "Omar",
  "Chloé",
  "Davi",
  "Freya",
  "Iker",
  "Zoë",
  "Lucas",
  "Aroha",
  "Pavel",
];

const query = new URLSearchParams(location.search);
const refusal = query.get("media") as ErrorCode | null;

const open = async (constraints: MediaStreamConstraints, kind: "camera" | "microphone"): Promise<MediaStreamTrack> => {
  if (refusal !== null && (refusal.startsWith(kind) || refusal === "insecure-origin"))
    throw new MeetingError(refusal, "demo");
  const [track] = (await navigator.mediaDevices.getUserMedia(constraints)).getTracks();
  if (track === undefined) throw new MeetingError("unknown", "demo");
  return track;
};

const media: MediaAccess = {
  openCamera: () => open({ video: true }, "camera"),
  openMicrophone: () => open({ audio: true }, "microphone"),
  list: async () => {
    const devices = await navigator.mediaDevices.enumerateDevices();
    const of = (kind: MediaDeviceKind) =>
      devices.filter((device) => device.kind === kind).map((device) => ({ id: device.deviceId, label: device.label }));
    return { cameras: of("videoinput"), microphones: of("audioinput"), speakers: of("audiooutput") };
  },
  watch: () => () => undefined,
};

const others = Array.from({ length: Number(query.get("people") ?? "1") - 1 }, (_, index) => {
  const id = `p${index}`;
  const dark = index % 4 === 3;
  return person(id, {
    name: NAMES[index % NAMES.length] ?? id,
    audioMuted: index % 3 === 1,
    videoMuted: dark,
    videos: dark ? [] : [camera(id, face(id))],
    quality: (["good", "good", "fair", "good", "poor"] as const)[index % 5] ?? "good",
  });
});

const meeting = (): FakeMeeting => {
  const fake = new FakeMeeting();
  fake.others = others;
  fake.refusal = query.get("refuse") as ErrorCode | null;
  Object.assign(window, { demo: fake });
  return fake;
};

Object.assign(window, { demoTools: { person, camera, screen, face, slide } });
history.replaceState(null, "", query.get("path") ?? "/");
startLanguage();
const target = document.getElementById("app");
if (target === null) throw new Error("The page has no #app");
const account = query.has("account") ? new FakeAccount() : null;
const config = { hosts: { domain: "demo.example", muc: "conference.demo.example" } };
mount(App, { target, props: { services: { config, createMeeting: meeting, account, media, store: localStorage } } });
