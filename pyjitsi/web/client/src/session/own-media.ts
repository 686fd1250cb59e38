/** Our microphone, camera and screen: opened, muted, changed and closed. */

import { type DeviceChoice, type LocalMedia, MeetingError } from "./api";
import { openCamera, openMicrophone } from "./devices";

/** The device of a track that the pre-join page opened, so that unmuting opens the same one. */
function deviceOf(kind: "audioInput" | "videoInput", track: MediaStreamTrack | null): DeviceChoice {
  const id = track?.getSettings().deviceId;
  return id ? { [kind]: id } : {};
}

export class OwnMedia {
  audio: MediaStreamTrack | null = null;
  camera: MediaStreamTrack | null = null;
  screen: MediaStreamTrack | null = null;
  audioMuted = false;
  videoMuted = false;
  #devices: DeviceChoice = {};
  #audioWanted = false;
  #videoWanted = false;
  #closed = false;

  /** `ended` is called when the browser's own button ends the shared screen. */
  constructor(private readonly ended: () => void) {}

  start(media: LocalMedia, audioMuted: boolean, videoMuted: boolean): void {
    this.audio = media.audio;
    this.camera = media.video;
    this.#devices = {
      ...deviceOf("audioInput", media.audio),
      ...deviceOf("videoInput", media.video),
    };
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
    this.#audioWanted = !muted;
    if (!muted && this.audio === null) {
      const opened = await openMicrophone(this.#devices.audioInput);
      if (!this.#audioWanted || this.#closed || this.audio !== null) {
        opened.stop();
        return;
      }
      this.audio = opened;
    }
    this.audioMuted = muted;
    if (this.audio !== null) this.audio.enabled = !muted;
  }

  /** Opening takes time, and people change their mind: what was wanted last holds. */
  async setVideoMuted(muted: boolean): Promise<void> {
    this.#videoWanted = !muted;
    if (muted) {
      this.#stopCamera();
    } else if (this.camera === null) {
      const opened = await openCamera(this.#devices.videoInput);
      if (!this.#videoWanted || this.#closed || this.camera !== null) {
        opened.stop();
        return;
      }
      this.camera = opened;
    }
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
    this.#closed = true;
    this.audio?.stop();
    this.audio = null;
    this.#stopCamera();
    this.stopScreen();
  }
}
