/** Who is in the room besides us, as presence and the bridge tell. */

import type { Participant, VideoSource } from "./api";
import type { OccupantPresence, SourceState } from "./presence";
import { qualityOf } from "./quality";
import type { RemoteSource } from "./sources";
import { streamOf } from "./streams";

export interface Occupant {
  readonly presence: OccupantPresence;
  readonly joinedAt: number;
  readonly active: boolean;
  readonly points: number | undefined; // connection quality that it told, 0 to 100
}

export class Roster {
  #occupants = new Map<string, Occupant>();

  present(presence: OccupantPresence, now: number): void {
    const known = this.#occupants.get(presence.nick);
    this.#occupants.set(presence.nick, {
      presence,
      joinedAt: known?.joinedAt ?? now,
      active: known?.active ?? true,
      points: known?.points,
    });
  }

  gone(nick: string): void {
    this.#occupants.delete(nick);
  }

  clear(): void {
    this.#occupants.clear();
  }

  get(nick: string): Occupant | undefined {
    return this.#occupants.get(nick);
  }

  /** A participant's display name, "" where nobody of that id is here. */
  nameOf(nick: string): string {
    return this.#occupants.get(nick)?.presence.name ?? "";
  }

  ids(wanted: (presence: OccupantPresence) => boolean): string[] {
    return [...this.#occupants].filter(([, { presence }]) => wanted(presence)).map(([id]) => id);
  }

  /** The real addresses of those who are wanted; only moderators are told them. */
  addresses(wanted: (presence: OccupantPresence) => boolean): string[] {
    return [...this.#occupants.values()]
      .map(({ presence }) => (wanted(presence) ? presence.realJid : null))
      .filter((jid) => jid !== null);
  }

  /** What each can show of video codecs. */
  get codecs(): (readonly string[])[] {
    return [...this.#occupants.values()].map(({ presence }) => presence.codecs);
  }

  get size(): number {
    return this.#occupants.size;
  }

  setActive(nick: string, active: boolean): void {
    const known = this.#occupants.get(nick);
    if (known !== undefined) this.#occupants.set(nick, { ...known, active });
  }

  setPoints(nick: string, points: number): void {
    const known = this.#occupants.get(nick);
    if (known !== undefined) this.#occupants.set(nick, { ...known, points });
  }

  /** Everybody, in the order in which they came. */
  participants(
    sources: readonly RemoteSource[],
    track: (source: RemoteSource) => MediaStreamTrack | null,
  ): Participant[] {
    return [...this.#occupants].map(([id, occupant]) => participant(id, occupant, sources, track));
  }
}

function muted(states: ReadonlyMap<string, SourceState>, name: string): boolean {
  return states.get(name)?.muted ?? true;
}

function participant(
  id: string,
  { presence, joinedAt, active, points }: Occupant,
  sources: readonly RemoteSource[],
  track: (source: RemoteSource) => MediaStreamTrack | null,
): Participant {
  const own = sources.filter((source) => source.owner === id);
  const audio = own.find((source) => source.kind === "audio");
  const videos = own
    .filter((source) => source.kind === "video")
    .map((source): VideoSource => {
      const hidden = muted(presence.sources, source.name);
      const desktop = source.desktop || presence.sources.get(source.name)?.desktop === true;
      return {
        name: source.name,
        kind: desktop ? "desktop" : "camera",
        muted: hidden,
        stream: hidden ? null : streamOf(track(source)),
      };
    })
    .filter((video) => video.kind === "camera" || !video.muted)
    .sort((a, b) => (a.kind === b.kind ? a.name.localeCompare(b.name) : a.kind === "camera" ? -1 : 1));
  return {
    id,
    name: presence.name,
    avatar: presence.avatar,
    local: false,
    moderator: presence.moderator,
    audioMuted: muted(presence.sources, `${id}-a0`),
    videoMuted: muted(presence.sources, `${id}-v0`),
    videos,
    audio: audio === undefined ? null : streamOf(track(audio)),
    raisedHandAt: presence.raisedHandAt,
    quality: active ? qualityOf(points) : "lost",
    active,
    joinedAt,
  };
}
