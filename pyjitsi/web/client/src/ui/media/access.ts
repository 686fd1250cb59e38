/** What the interface needs of the machine's cameras and microphones; the session's device helpers provide it. */

import { type ErrorCode, MeetingError } from "../../session/api";

export interface Device {
  readonly id: string;
  readonly label: string; // "" until the browser has given permission
}

export interface DeviceList {
  readonly cameras: readonly Device[];
  readonly microphones: readonly Device[];
  readonly speakers: readonly Device[];
}

export interface MediaAccess {
  /** Opens the device, or the one that the browser prefers. Rejects with a MeetingError. */
  openCamera(deviceId?: string): Promise<MediaStreamTrack>;
  openMicrophone(deviceId?: string): Promise<MediaStreamTrack>;
  list(): Promise<DeviceList>;
  /** Calls back whenever a device is plugged in or out; returns what ends that. */
  watch(changed: () => void): () => void;
}

export const NO_DEVICES: DeviceList = { cameras: [], microphones: [], speakers: [] };

/** The code of anything that was thrown; "unknown" for what is not a MeetingError. */
export function codeOf(error: unknown): ErrorCode {
  return error instanceof MeetingError ? error.code : "unknown";
}

/** Whether sound can be sent to a chosen speaker here. */
export function canChooseSpeaker(): boolean {
  return typeof HTMLMediaElement !== "undefined" && "setSinkId" in HTMLMediaElement.prototype;
}
