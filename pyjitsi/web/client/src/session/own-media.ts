/** Our microphone, camera and screen: opened, muted, changed and closed. */

import { type DeviceChoice, type LocalMedia, MeetingError } from "./api";
import { openCamera, openMicrophone } from "./devices";

export class OwnMedia {
  audio: MediaStreamTrack | null = null;
  camera: MediaStreamTrack | null = null;
  screen: MediaStreamTrack | null = null;
  audioMuted = false;
  videoMuted = false;
  #devices: DeviceChoice = {};

  /** `ended` is called when the browser's own button ends the shared screen. */
  constructor(private readonly ended: () => void) {}

  start(media: LocalMedia, audioMuted: boolean, videoMuted: boolean): void {
    this.audio = media.audio;
    this.camera = media.video;
    this.audioMuted = audioMuted || media.audio === null;
    this.videoMuted = videoMuted || media.video === null;
    if (this.audio !== null) this.audio.enabled = !this.audioMuted;
    if (this.videoMuted) this.#stopCamera();
  }

  #stopCamera(): void {
    this.camera?.stop();
    this.camera = null;
  }

  async setAudioMuted(muted: boolean): Promise<void> {
    if (!muted && this.audio === null) this.audio = await openMicrophone(this.#devices.audioInput);
    this.audioMuted = muted;
    if (this.audio !== null) this.audio.enabled = !muted;
  }

  async setVideoMuted(muted: boolean): Promise<void> {
    if (muted) this.#stopCamera();
    else if (this.camera === null) this.camera = await openCamera(this.#devices.videoInput);
    this.videoMuted = muted;
  }

  /** Opens what was chosen anew, before the old one is closed. */
  async setDevices(choice: DeviceChoice): Promise<void> {
    if (choice.audioInput !== undefined && this.audio !== null) {
      const opened = await openMicrophone(choice.audioInput);
      opened.enabled = !this.audioMuted;
      this.audio.stop();
      this.audio = opened;
    }
    if (choice.videoInput !== undefined && this.camera !== null) {
      const opened = await openCamera(choice.videoInput);
      this.camera.stop();
      this.camera = opened;
    }
    this.#devices = { ...this.#devices, ...choice };
  }

  async startScreen(): Promise<MediaStreamTrack> {
    try {
      const stream = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { max: 15 } }, audio: false });
      const [track] = stream.getVideoTracks();
      if (track === undefined) throw new Error("The browser gave no picture");
      track.contentHint = "detail";
      track.addEventListener("ended", this.ended);
      this.screen = track;
      return track;
    } catch (error) {
      throw new MeetingError("screen-refused", error instanceof Error ? error.message : String(error));
    }
  }

  stopScreen(): void {
    this.screen?.removeEventListener("ended", this.ended);
    this.screen?.stop();
    this.screen = null;
  }

  close(): void {
    this.audio?.stop();
    this.audio = null;
    this.#stopCamera();
    this.stopScreen();
  }
}
