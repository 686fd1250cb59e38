/** The visitor's own camera and microphone before joining: opened, chosen, muted, and handed over to the meeting. */

import type { DeviceChoice, ErrorCode, LocalMedia } from "../../session/api";
import { codeOf, type DeviceList, type MediaAccess, NO_DEVICES } from "../media/access";
import type { Preferences } from "./preferences.svelte";

type Kind = "camera" | "microphone";

/** One device kind: the open track, or why there is none. */
class Slot {
  track: MediaStreamTrack | null = $state.raw(null);
  error: ErrorCode | null = $state(null);
  opening = $state(false);
  #generation = 0;

  /** Opens a track in place of the present one; a later call or `close` makes an earlier one void. */
  async open(request: () => Promise<MediaStreamTrack>): Promise<void> {
    const generation = ++this.#generation;
    this.track?.stop();
    this.track = null;
    this.opening = true;
    this.error = null;
    try {
      const track = await request();
      if (generation !== this.#generation) track.stop();
      else this.track = track;
    } catch (error) {
      if (generation === this.#generation) this.error = codeOf(error);
    } finally {
      if (generation === this.#generation) this.opening = false;
    }
  }

  close(): void {
    this.take()?.stop();
  }

  take(): MediaStreamTrack | null {
    this.#generation++;
    const track = this.track;
    this.track = null;
    this.opening = false;
    return track;
  }
}

export class Preview {
  readonly camera = new Slot();
  readonly microphone = new Slot();
  devices: DeviceList = $state.raw(NO_DEVICES);
  audioMuted = $state(false);
  videoMuted = $state(false);
  #unwatch: (() => void) | null = null;
  #started: Promise<void> | null = null;

  constructor(
    private readonly access: MediaAccess,
    private readonly preferences: Preferences,
  ) {
    this.audioMuted = preferences.audioMuted;
    this.videoMuted = preferences.videoMuted;
  }

  /** Opens what is not muted; resolves once both have opened or failed. Calling again waits for the same. */
  start(): Promise<void> {
    this.#unwatch ??= this.access.watch(() => void this.#list());
    this.#started ??= this.#open();
    return this.#started;
  }

  /** Lets go of every device. */
  stop(): void {
    this.#unwatch?.();
    this.#unwatch = null;
    this.#started = null;
    this.camera.close();
    this.microphone.close();
  }

  /** Gives the open tracks away; they belong to the meeting from now on. */
  handOver(): LocalMedia {
    const media = { audio: this.microphone.take(), video: this.camera.take() };
    this.stop();
    return media;
  }

  toggleAudio(): void {
    if (this.microphone.error !== null) {
      void this.retry("microphone");
      return;
    }
    this.audioMuted = !this.audioMuted;
    this.preferences.update({ audioMuted: this.audioMuted });
  }

  /** Stopping really closes the camera, so that its light goes out. */
  toggleVideo(): void {
    if (this.camera.error !== null) {
      void this.retry("camera");
      return;
    }
    this.videoMuted = !this.videoMuted;
    this.preferences.update({ videoMuted: this.videoMuted });
    if (this.videoMuted) this.camera.close();
    else void this.retry("camera");
  }

  async retry(kind: Kind): Promise<void> {
    if (kind === "camera") {
      this.videoMuted = false;
      await this.camera.open(() => this.access.openCamera(this.preferences.devices.videoInput));
    } else {
      await this.microphone.open(() => this.access.openMicrophone(this.preferences.devices.audioInput));
    }
    await this.#list();
  }

  /** Remembers a choice of device, and opens it where that kind is open. */
  choose(choice: DeviceChoice): void {
    this.preferences.update({ devices: { ...this.preferences.devices, ...choice } });
    if (choice.videoInput !== undefined && !this.videoMuted) void this.retry("camera");
    if (choice.audioInput !== undefined) void this.retry("microphone");
  }

  async #open(): Promise<void> {
    // One after the other: two permission questions at once confuse people and some browsers.
    await this.retry("microphone");
    if (!this.videoMuted) await this.retry("camera");
  }

  async #list(): Promise<void> {
    try {
      this.devices = await this.access.list();
    } catch {
      this.devices = NO_DEVICES;
    }
  }
}
