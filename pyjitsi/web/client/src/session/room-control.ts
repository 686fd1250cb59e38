/** One room's rules as we know them, and what its moderators do: ties the small wire modules together. */

import { type Affiliation, buildAffiliations, buildConfiguration, buildKick, buildMute } from "./admin";
import { MeetingError, type MeetingState } from "./api";
import { type JsonMessage, parseEnvelope } from "./envelope";
import { LobbyDesk, type LobbyNotice, parseLobbyNotice } from "./lobby";
import { buildMetadata, Metadata } from "./metadata";
import { buildApproval, buildModerated, Moderation, nickIn } from "./moderation";
import { buildPoll, buildVote, Polls } from "./polls";
import { type Room, randomId } from "./room";
import { buildInfoRequest, NO_INFO, parseInfo, type RoomInfo } from "./room-info";
import type {
  Allowed,
  Knocker,
  Medium,
  ModeratorControls,
  News,
  Poll,
  PollControls,
  Restriction,
  Security,
  SpeakerTime,
} from "./rooms-api";
import type { Roster } from "./roster";
import type { Services } from "./services";
import { buildSpeaking, Speakers } from "./speakers";
import { child, element } from "./xml";
import { IqError, type XmppConnection } from "./xmpp";

export interface ControlEvents {
  changed(): void;
  news(news: News): void;
  /** A moderator took our leave to use a medium. */
  stopped(medium: Medium): void;
  /** Sends a message to one client, by way of the bridge. */
  tell(id: string, body: Readonly<Record<string, unknown>>): void;
}

/** What a moderator's client sends to lower a hand; Jitsi Meet's name. */
export const LOWER_HAND = "lower-hand-message";

export class RoomControl implements ModeratorControls {
  readonly #moderation = new Moderation();
  readonly #metadata = new Metadata();
  readonly #polls = new Polls();
  readonly #speakers = new Speakers();
  readonly #stop: () => void;
  #info: RoomInfo = NO_INFO;
  #desk: LobbyDesk | null = null;
  #moderator = false;
  #permissions: ReadonlySet<string> | null = null;
  #passwordSet: string | null = null;

  /** `mainRules`: in a breakout room, what is restricted in its main room. */
  constructor(
    private readonly xmpp: XmppConnection,
    private readonly room: Room,
    private readonly services: Services,
    private readonly roster: Roster,
    private readonly events: ControlEvents,
    private readonly mainRules: Readonly<Record<Restriction, boolean>> | null = null,
  ) {
    this.#stop = xmpp.listen((stanza) => this.#receive(stanza));
  }

  close(): void {
    this.#stop();
    this.#desk?.close();
    this.#desk = null;
  }

  // What the interface shows.

  get security(): Security {
    const has = (service: Parameters<Services["address"]>[0]) => this.services.address(service) !== null;
    return {
      lobbySupported: has("lobbyrooms"),
      lobby: this.#info.membersOnly,
      password: this.#info.password,
      passwordSet: this.#info.password ? this.#passwordSet : null,
      moderationSupported: has("av_moderation"),
      moderated: this.#moderation.moderated,
      policySupported: has("room_metadata"),
      startMuted: this.#metadata.startMuted,
      restricted: this.#restricted,
      pollsSupported: has("polls"),
      endSupported: has("end_conference"),
    };
  }

  /** The part of the snapshot that is the room's. */
  get rules(): Pick<MeetingState, "security" | "allowed" | "approved" | "knockers" | "polls" | "speakers"> {
    const { security, allowed, approved, knockers, polls, speakers } = this;
    return { security, allowed, approved, knockers, polls, speakers };
  }

  get info(): RoomInfo {
    return this.#info;
  }

  /** A breakout room is under its main room's rules, which it does not tell itself. */
  get #restricted(): Readonly<Record<Restriction, boolean>> {
    return this.mainRules ?? this.#metadata.restricted;
  }

  get allowed(): Allowed {
    const restricted = this.#restricted;
    return {
      ...this.#moderation.allowed(this.#moderator),
      groupChat: !restricted.groupChatRestricted || this.#may("send-groupchat"),
      privateChat: !restricted.privateChatRestricted || this.#moderator,
      polls: !restricted.pollCreationRestricted || this.#may("create-polls"),
    };
  }

  /** By the log-in where that said something, else by the role. */
  #may(feature: string): boolean {
    return this.#permissions?.has(feature) ?? this.#moderator;
  }

  get breakoutsEnd(): number | null {
    return this.#metadata.breakoutsEnd;
  }

  get polls(): readonly Poll[] {
    return this.#polls.all;
  }

  get pollControls(): PollControls | null {
    const component = this.services.address("polls");
    if (component === null) return null;
    return {
      ask: (question, answers) => this.xmpp.send(buildPoll(component, randomId(), question, answers)),
      vote: (id, answers) => this.xmpp.send(buildVote(component, id, answers)),
    };
  }

  get speakers(): readonly SpeakerTime[] {
    return this.#speakers.times((id) => this.roster.nameOf(id));
  }

  get approved(): Readonly<Record<Medium, ReadonlySet<string>>> {
    return this.#moderation.approved;
  }

  get knockers(): readonly Knocker[] {
    return this.#desk?.knockers ?? [];
  }

  get startMuted(): { readonly audio: boolean; readonly video: boolean } {
    return this.#moderator ? { audio: false, video: false } : this.#metadata.startMuted;
  }

  // What the room and the components tell.

  /** We are in: learn what the room is like. */
  async readInfo(): Promise<void> {
    try {
      this.#info = parseInfo(child(await this.xmpp.iq(buildInfoRequest(this.room.address)), "query"));
    } catch (error) {
      console.warn("The room did not tell what it is like", error);
    }
    this.#keepDesk();
    this.events.changed();
  }

  setRole(moderator: boolean, permissions: ReadonlySet<string> | null = null): void {
    this.#permissions = permissions;
    if (moderator === this.#moderator) return;
    this.#moderator = moderator;
    this.#keepDesk();
  }

  /** Somebody is in the room now, and so no longer in its lobby. */
  entered(jid: string | null): void {
    this.#desk?.entered(jid);
  }

  /** Moderators are in the lobby while there is one. */
  #keepDesk(): void {
    const lobby = this.#moderator && this.#info.membersOnly ? this.#info.lobby : null;
    if (lobby === (this.#desk?.lobby ?? null)) return;
    this.#desk?.close();
    this.#desk = null;
    if (lobby === null) return;
    this.#desk = new LobbyDesk(this.xmpp, lobby, this.room.address, this.room.nick, {
      changed: () => this.events.changed(),
      knocked: ({ id, name }) => this.events.news({ kind: "knock", id, name }),
      wrote: ({ id, name }, { text }) => this.events.news({ kind: "lobby-message", id, name, text }),
    });
  }

  /** The bridge says who speaks. Of ourselves we tell the server, which counts. */
  spoke(id: string | null, silent: boolean): void {
    const component = this.services.address("speakerstats");
    if (!this.#speakers.dominant(id, silent, Date.now()) || id !== this.room.nick || component === null) return;
    this.xmpp.send(buildSpeaking(component, this.room.address, silent));
  }

  #receive(stanza: Element): void {
    if (stanza.localName !== "message") return;
    const from = stanza.getAttribute("from") ?? "";
    if (stanza.getAttribute("type") === "error") {
      if (this.services.known(from)) this.events.news({ kind: "service-refused" });
      return;
    }
    if (from.split("/", 1)[0] === this.room.address) {
      const notice = parseLobbyNotice(stanza);
      if (notice !== null) this.#lobbyNotice(notice, nickIn(from));
      if (from === this.room.address && stanza.querySelector('status[code="104"]') !== null) void this.readInfo();
      return;
    }
    const body = parseEnvelope(stanza);
    if (body !== null && this.services.speaks(from, body.type)) this.#service(body);
  }

  #lobbyNotice({ event, on, name }: LobbyNotice, nick: string): void {
    const by = this.roster.nameOf(nick);
    if (event === "LOBBY-ENABLED") this.events.news({ kind: on ? "lobby-on" : "lobby-off", by });
    else this.events.news({ kind: event === "LOBBY-ACCESS-GRANTED" ? "admitted" : "refused", name, by });
  }

  #service(body: JsonMessage): void {
    switch (body.type) {
      case "room_metadata":
        this.#metadata.receive(body);
        break;
      case "av_moderation":
        for (const event of this.#moderation.receive(body)) {
          if (event.kind === "enabled") {
            const kind = event.on ? "moderated" : "unmoderated";
            this.events.news({ kind, medium: event.medium, by: this.roster.nameOf(event.actor) });
          } else if (event.kind === "asked") {
            this.events.news({ kind: "asked", medium: event.medium, by: this.roster.nameOf(event.actor) });
          } else if (!this.#moderator) {
            if (event.kind === "stopped") this.events.stopped(event.medium);
            this.events.news(event);
          }
        }
        break;
      case "polls": {
        const poll = this.#polls.receive(body);
        if (poll !== null && poll.by.id !== this.room.nick)
          this.events.news({ kind: "poll", by: poll.by.name, question: poll.question });
        break;
      }
      case "speakerstats":
        this.#speakers.receive(body, Date.now());
        break;
      default:
        return;
    }
    this.events.changed();
  }

  // What moderators do.

  admit(ids: readonly string[]): void {
    this.#desk?.admit(ids);
  }

  refuse(ids: readonly string[]): void {
    this.#desk?.refuse(ids);
  }

  sayToKnocker(id: string, text: string): void {
    if (text.trim() !== "") this.#desk?.say(id, text.trim());
  }

  /** Who is inside stays a member, so that they can come back without knocking. */
  async setLobby(on: boolean): Promise<void> {
    const guests = on ? this.roster.addresses((presence) => !presence.moderator) : [];
    if (guests.length > 0) await this.#ask(buildAffiliations(this.room.address, guests, "member"));
    const fields: Record<string, string> = { "muc#roomconfig_membersonly": String(on) };
    if (this.#info.password) fields["muc#roomconfig_passwordprotectedroom"] = "1";
    await this.#ask(buildConfiguration(this.room.address, fields));
    await this.readInfo();
  }

  async setPassword(password: string | null): Promise<void> {
    const fields: Record<string, string> = {
      "muc#roomconfig_roomsecret": password ?? "",
      "muc#roomconfig_passwordprotectedroom": password === null ? "0" : "1",
    };
    if (this.#info.membersOnly) fields["muc#roomconfig_membersonly"] = "true";
    await this.#ask(buildConfiguration(this.room.address, fields));
    this.#passwordSet = password;
    await this.readInfo();
  }

  setModerated(medium: Medium, on: boolean): void {
    const component = this.services.address("av_moderation");
    if (component !== null) this.xmpp.send(buildModerated(component, medium, on));
  }

  setStartMuted(audio: boolean, video: boolean): void {
    this.#setMetadata("startMuted", { audio, video });
  }

  setRestricted(restriction: Restriction, on: boolean): void {
    this.#setMetadata("permissions", { ...this.#metadata.get("permissions"), [restriction]: on });
  }

  #setMetadata(key: string, data: unknown): void {
    const component = this.services.address("room_metadata");
    if (component !== null) this.xmpp.send(buildMetadata(component, this.room.address, key, data));
  }

  allow(id: string, medium: Medium): void {
    this.#approve(id, medium, true);
  }

  disallow(id: string, medium: Medium): void {
    this.#approve(id, medium, false);
  }

  #approve(id: string, medium: Medium, allowed: boolean): void {
    const component = this.services.address("av_moderation");
    if (component !== null) this.xmpp.send(buildApproval(component, this.#occupant(id), medium, allowed));
  }

  mute(id: string, medium: Medium): Promise<void> {
    return this.#ask(buildMute(this.room.focus, this.#occupant(id), medium, true));
  }

  async muteAll(medium: Medium): Promise<void> {
    const everybody = this.roster.ids((presence) => !presence.moderator);
    await Promise.all(everybody.map((id) => this.mute(id, medium)));
  }

  /** After we unmuted what the focus had muted: the bridge lets it through again. */
  unmuted(medium: Medium): void {
    this.xmpp
      .iq(buildMute(this.room.focus, this.room.occupant, medium, false))
      .catch((error: unknown) => console.warn("The focus does not know that we unmuted", error));
  }

  lowerHand(id: string): void {
    this.events.tell(id, { name: LOWER_HAND });
  }

  kick(id: string): Promise<void> {
    return this.#ask(buildKick(this.room.address, id, "Removed by a moderator"));
  }

  async ban(id: string): Promise<void> {
    await this.#affiliate(id, "outcast");
  }

  async setModerator(id: string, moderator: boolean): Promise<void> {
    await this.#affiliate(id, moderator ? "owner" : "member");
  }

  endForAll(): void {
    const to = this.services.address("end_conference");
    const end = element("end_conference");
    if (to !== null) this.xmpp.send(element("message", { xmlns: "jabber:client", to }, end));
  }

  async #affiliate(id: string, affiliation: Affiliation): Promise<void> {
    const jid = this.roster.get(id)?.presence.realJid ?? null;
    if (jid === null) throw new MeetingError("not-permitted", "The room does not tell who that is");
    await this.#ask(buildAffiliations(this.room.address, [jid], affiliation));
  }

  #occupant(id: string): string {
    return `${this.room.address}/${id}`;
  }

  async #ask(stanza: Element): Promise<void> {
    try {
      await this.xmpp.iq(stanza);
    } catch (error) {
      const condition = error instanceof IqError ? error.condition : "";
      const refused = ["not-allowed", "forbidden", "not-authorized"].includes(condition);
      throw new MeetingError(refused ? "not-permitted" : "unknown", `The server refused: ${condition}`);
    }
  }
}
