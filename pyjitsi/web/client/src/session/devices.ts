/** Cameras, microphones and speakers of this machine, with the browser's refusals turned into `MeetingError`s. */

import { type ErrorCode, MeetingError } from "./api";

export interface Device {
  readonly id: string;
  readonly label: string; // "" until the browser has given permission
}

export interface DeviceList {
  readonly cameras: readonly Device[];
  readonly microphones: readonly Device[];
  readonly speakers: readonly Device[];
}

/** What a camera is asked for; the browser comes as near as the device can. */
const PICTURE: MediaTrackConstraints = {
  width: { ideal: 1280 },
  height: { ideal: 720 },
  frameRate: { ideal: 30, max: 30 },
};
const SOUND: MediaTrackConstraints = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

/** The code for what `getUserMedia` threw (Media Capture and Streams, section 10.3). */
export function mediaErrorCode(kind: "camera" | "microphone", name: string): ErrorCode {
  if (name === "NotAllowedError" || name === "SecurityError") return `${kind}-refused`;
  if (name === "NotFoundError" || name === "OverconstrainedError") return `${kind}-missing`;
  if (name === "NotReadableError" || name === "AbortError")
    return kind === "camera" ? "camera-busy" : "microphone-missing";
  return "unknown";
}

async function open(kind: "camera" | "microphone", constraints: MediaStreamConstraints): Promise<MediaStreamTrack> {
  // The attribute is there on secure origins only, whatever the type says.
  const media: MediaDevices | undefined = navigator.mediaDevices;
  if (media === undefined) {
    throw isSecureContext
      ? new MeetingError("browser-unsupported", "This browser has no mediaDevices")
      : new MeetingError("insecure-origin", "The page came over plain HTTP");
  }
  try {
    const [track] = (await media.getUserMedia(constraints)).getTracks();
    if (track !== undefined) return track;
  } catch (error) {
    const name = error instanceof Error ? error.name : "";
    throw new MeetingError(mediaErrorCode(kind, name), error instanceof Error ? error.message : String(error));
  }
  throw new MeetingError(`${kind}-missing`, "The browser opened no track");
}

/** A device that was chosen earlier may be gone today: then any other will do. */
async function openChosen(
  kind: "camera" | "microphone",
  deviceId: string | undefined,
  constraints: (choice: MediaTrackConstraints) => MediaStreamConstraints,
): Promise<MediaStreamTrack> {
  if (!deviceId) return open(kind, constraints({}));
  try {
    return await open(kind, constraints({ deviceId: { exact: deviceId } }));
  } catch (error) {
    if (error instanceof MeetingError && error.code === `${kind}-missing`) return open(kind, constraints({}));
    throw error;
  }
}

/** Opens a camera, the chosen one if it is there. Rejects with a MeetingError. */
export function openCamera(deviceId?: string): Promise<MediaStreamTrack> {
  return openChosen("camera", deviceId, (choice) => ({ video: { ...PICTURE, ...choice } }));
}

/** Opens a microphone, the chosen one if it is there. Rejects with a MeetingError. */
export function openMicrophone(deviceId?: string): Promise<MediaStreamTrack> {
  return openChosen("microphone", deviceId, (choice) => ({ audio: { ...SOUND, ...choice } }));
}

/** The devices that the browser tells of; empty lists where it tells nothing. */
export async function listDevices(): Promise<DeviceList> {
  const media: MediaDevices | undefined = navigator.mediaDevices;
  const devices = media === undefined ? [] : await media.enumerateDevices();
  const of = (kind: MediaDeviceKind): Device[] =>
    devices.filter((device) => device.kind === kind).map((device) => ({ id: device.deviceId, label: device.label }));
  return { cameras: of("videoinput"), microphones: of("audioinput"), speakers: of("audiooutput") };
}

/** Calls back when a device comes or goes; returns what ends that. */
export function watchDevices(changed: () => void): () => void {
  const media: MediaDevices | undefined = navigator.mediaDevices;
  media?.addEventListener("devicechange", changed);
  return () => media?.removeEventListener("devicechange", changed);
}
