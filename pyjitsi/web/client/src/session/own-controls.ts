/** What we do with our own microphone, camera and screen in a meeting: what the rules allow, told to all who must know. */

import { type Allowed, type DeviceChoice, MeetingError } from "./api";
import type { Call } from "./call";
import type { Myself } from "./myself";
import type { OwnMedia } from "./own-media";
import type { Medium } from "./rooms-api";

export interface ControlledMeeting {
  allowed(): Allowed;
  call(): Call | null;
  /** Our presence says something else now. */
  publish(): void;
  changed(): void;
  /** The focus had muted us, and we unmuted. */
  unmuted(medium: Medium): void;
}

export class OwnControls {
  #begunMuted = false;
  #mutedByFocus = new Set<Medium>();

  constructor(
    private readonly media: OwnMedia,
    private readonly me: Myself,
    private readonly meeting: ControlledMeeting,
  ) {}

  /** Rejects where the room is moderated and we were not allowed. */
  #demand(medium: Medium): void {
    if (!this.meeting.allowed()[medium]) throw new MeetingError("not-permitted", `A moderator decides on ${medium}`);
  }

  #unmuted(medium: Medium): void {
    if (this.#mutedByFocus.delete(medium)) this.meeting.unmuted(medium);
  }

  async setAudioMuted(muted: boolean): Promise<void> {
    if (!muted) this.#demand("audio");
    await this.media.setAudioMuted(muted);
    await this.meeting.call()?.sendTracks();
    this.meeting.publish();
    if (!muted) this.#unmuted("audio");
  }

  async setVideoMuted(muted: boolean): Promise<void> {
    if (!muted) this.#demand("video");
    await this.media.setVideoMuted(muted);
    await this.meeting.call()?.sendTracks();
    this.meeting.call()?.tellCamera(muted);
    this.meeting.publish();
    if (!muted) this.#unmuted("video");
  }

  async setDevices(choice: DeviceChoice): Promise<void> {
    await this.media.setDevices(choice);
    await this.meeting.call()?.sendTracks();
    this.meeting.changed();
  }

  async startScreenShare(): Promise<void> {
    this.#demand("desktop");
    const track = await this.media.startScreen();
    this.me.screenShared = true;
    this.meeting.publish();
    await this.meeting.call()?.startScreen(track);
    this.#unmuted("desktop");
    this.meeting.changed();
  }

  async stopScreenShare(): Promise<void> {
    if (this.media.screen === null) return;
    this.media.stopScreen();
    this.meeting.publish();
    await this.meeting.call()?.stopScreen();
  }

  setRaisedHand(raised: boolean): void {
    this.me.raisedHandAt = raised ? Date.now() : null;
    this.meeting.publish();
  }

  /** A wish for the beginning; a new session later changes nothing. */
  beginMuted(audio: boolean, video: boolean): void {
    if (this.#begunMuted || !(audio || video)) return;
    this.#begunMuted = true;
    if (audio) void this.setAudioMuted(true);
    if (video) void this.setVideoMuted(true);
  }

  mutedByFocus(medium: Medium): void {
    this.#mutedByFocus.add(medium);
    void this.silence(medium);
  }

  silence(medium: Medium): Promise<void> {
    if (medium === "audio") return this.setAudioMuted(true);
    return medium === "video" ? this.setVideoMuted(true) : this.stopScreenShare();
  }

  /** We go into another room: nothing is shared there yet, nobody's hand is up, and the focus muted nobody. */
  async changeRoom(): Promise<void> {
    await this.stopScreenShare();
    this.me.raisedHandAt = null;
    this.me.screenShared = false;
    this.#mutedByFocus.clear();
  }
}
