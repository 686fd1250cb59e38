/** Ourselves in the meeting: what we say in presence, and how the interface shows us. */

import type { Participant } from "./api";
import { decodable } from "./codecs";
import type { OwnMedia } from "./own-media";
import type { OwnPresence, SourceState } from "./presence";
import { qualityOf } from "./quality";
import { streamOf } from "./streams";

export class Myself {
  id: string | null = null;
  name = "";
  moderator = false;
  raisedHandAt: number | null = null;
  joinedAt = 0;
  avatar: string | null = null; // the picture of our log-in
  points: number | undefined; // our connection's quality, 0 to 100
  screenShared = false; // whether there was a screen in this room; its source stays

  constructor(
    private readonly media: OwnMedia,
    private readonly region: string | null,
  ) {}

  get presence(): OwnPresence {
    const id = this.id ?? "";
    const { media } = this;
    const sources = new Map<string, SourceState>([
      [`${id}-a0`, { muted: media.audioMuted, desktop: false }],
      [`${id}-v0`, { muted: media.videoMuted, desktop: false }],
    ]);
    if (this.screenShared) sources.set(`${id}-v1`, { muted: media.screen === null, desktop: true });
    const { name, raisedHandAt, region } = this;
    return { name, raisedHandAt, codecs: decodable(), region, sources };
  }

  get participant(): Participant {
    const id = this.id ?? "";
    const { audioMuted, videoMuted, camera, screen } = this.media;
    const shared =
      screen === null ? [] : [{ name: `${id}-v1`, kind: "desktop" as const, muted: false, stream: streamOf(screen) }];
    return {
      id,
      name: this.name,
      avatar: this.avatar,
      local: true,
      moderator: this.moderator,
      audioMuted,
      videoMuted,
      videos: [{ name: `${id}-v0`, kind: "camera", muted: videoMuted, stream: streamOf(camera) }, ...shared],
      audio: null,
      raisedHandAt: this.raisedHandAt,
      quality: qualityOf(this.points),
      active: true,
      joinedAt: this.joinedAt,
    };
  }
}
