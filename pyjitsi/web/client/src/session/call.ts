/** The media of the meeting: the current Jingle session, its peer connection and bridge channel. */

import type { ErrorCode, MeetConfig, ViewRequest } from "./api";
import { BridgeChannel } from "./bridge-channel";
import { agreed, engineOf, preferred, type VideoCodec } from "./codecs";
import { record } from "./envelope";
import { fetchIceServers } from "./ice-servers";
import {
  buildAccept,
  buildIceRestart,
  buildRestart,
  buildSources,
  buildTransportInfo,
  type Offer,
  parseIceRestart,
  parseOffer,
} from "./jingle";
import { onNetworkChange } from "./network";
import type { OwnMedia } from "./own-media";
import { Peer } from "./peer";
import { Recovery } from "./recovery";
import { CAMERA, MICROPHONE, SCREEN } from "./sdp";
import { parseSources, type RemoteSource } from "./sources";
import { constraints } from "./view";
import type { XmppConnection } from "./xmpp";

const MAX_RESTARTS = 3;

export interface CallEvents {
  changed(): void;
  failed(code: ErrorCode): void;
  startMuted(audio: boolean, video: boolean): void;
  /** Somebody speaks most; silent: still that one, but not now. */
  dominantSpeaker(id: string, silent: boolean): void;
  active(id: string, active: boolean): void;
  stats(from: string, quality: number): void;
  /** A message that another client sent to ours. */
  told(from: string, body: Readonly<Record<string, unknown>>): void;
}

export interface CallOptions {
  readonly endpoint: string;
  readonly domain: string;
  readonly simulcast: boolean;
  readonly svc: boolean;
  readonly codecs: readonly VideoCodec[]; // what we would send, best first
  readonly lastN: number;
  readonly iceRestart: boolean;
}

export function callOptions(config: MeetConfig, endpoint: string): CallOptions {
  const { simulcast, svc } = engineOf(navigator.userAgent);
  return {
    endpoint,
    domain: config.hosts.anonymousdomain ?? config.hosts.domain,
    simulcast: config.disableSimulcast !== true && simulcast,
    svc,
    codecs: preferred(config),
    lastN: config.channelLastN ?? -1,
    iceRestart: config.enableIceRestart !== false,
  };
}

export class Call {
  peer: Peer | null = null;
  iceState: RTCIceConnectionState | "none" = "none";
  #channel: BridgeChannel | null = null;
  #view: ViewRequest = { stage: [], visible: new Map() };
  #iceServers: RTCIceServer[] = [];
  #restarts = 0;
  #codecs: readonly VideoCodec[];
  #recovery: Recovery | null = null;
  #stopListening = onNetworkChange(() => this.#recovery?.networkChanged());

  constructor(
    private readonly xmpp: XmppConnection,
    private readonly media: OwnMedia,
    private readonly options: CallOptions,
    private readonly events: CallEvents,
  ) {
    this.#codecs = options.codecs;
    // Asked before the room is entered, so answered before the focus offers a session.
    void fetchIceServers(xmpp, options.domain).then((servers) => {
      this.#iceServers = servers;
    });
  }

  get channelOpen(): boolean {
    return this.#channel?.open ?? false;
  }

  get sources(): readonly RemoteSource[] {
    return this.peer?.remoteSources ?? [];
  }

  track(source: RemoteSource): MediaStreamTrack | null {
    return this.peer?.stream(source) ?? null;
  }

  /** A Jingle request of the focus. */
  jingle(jingle: Element, from: string): void {
    const action = jingle.getAttribute("action");
    if (action === "session-initiate") {
      void this.#initiate(parseOffer(jingle, from));
      return;
    }
    if (jingle.getAttribute("sid") !== this.peer?.offer.sid) return;
    const changed = parseSources(jingle);
    const names = new Set(changed.map((source) => source.name));
    if (action === "source-add") {
      this.#update((known) => [...known.filter((source) => !names.has(source.name)), ...changed]);
    } else if (action === "source-remove") {
      this.#update((known) => known.filter((source) => !names.has(source.name)));
    } else if (action === "transport-info") {
      void this.#restartIce(jingle);
    } else if (action === "session-terminate") {
      this.end();
      this.events.changed();
    }
  }

  /** Takes over changed sources; where the browser can't, a new session is better than one that stands still. */
  #update(change: (known: readonly RemoteSource[]) => RemoteSource[]): void {
    const { peer } = this;
    peer?.updateRemote(change).catch((error: unknown) => {
      console.error("The sources could not be taken over", error);
      if (peer === this.peer) this.#askAnew(peer);
    });
  }

  /** The bridge has new ICE credentials for us: take them, and say ours. */
  async #restartIce(jingle: Element): Promise<void> {
    const { peer } = this;
    const restart = parseIceRestart(jingle);
    if (peer === null || restart === null) return;
    try {
      const local = await peer.restartIce(restart);
      if (local === null) return;
      await this.xmpp.iq(buildTransportInfo(peer.offer, local, restart.generation));
      this.#channel?.renew(); // it went the old way too
    } catch (error) {
      console.warn("ICE could not be restarted", error); // the bridge keeps what there was; recovery looks after it
    }
  }

  async #initiate(offer: Offer): Promise<void> {
    this.end();
    const events = {
      ice: (state: RTCIceConnectionState) => this.#ice(peer, state),
      streams: () => this.events.changed(),
    };
    const peer: Peer = new Peer(offer, { ...this.options, codecs: this.#codecs }, events, this.#iceServers);
    this.peer = peer;
    this.iceState = "new";
    this.#recovery = new Recovery(
      {
        restartIce: async () => {
          await this.xmpp.iq(buildIceRestart(offer));
        },
        startAnew: () => this.#askAnew(peer),
      },
      this.options.iceRestart && offer.bridgeSession !== null,
    );
    if (offer.startMuted.audio || offer.startMuted.video) {
      this.events.startMuted(offer.startMuted.audio, offer.startMuted.video);
    }
    try {
      const { audio, camera, screen } = this.media;
      const transport = await peer.answer({ audio, camera, screen });
      if (peer !== this.peer) return;
      await this.xmpp.iq(buildAccept(offer, this.xmpp.jid, transport, peer.sources));
    } catch (error) {
      if (peer !== this.peer) return;
      console.error("The session could not be accepted", error);
      this.#askAnew(peer);
      return;
    }
    if (peer === this.peer) await this.sendTracks(); // what was muted or opened meanwhile
    const [url] = offer.transport.webSockets;
    if (url !== undefined && peer === this.peer) this.#openChannel(url);
    this.events.changed();
  }

  #openChannel(url: string): void {
    this.#channel = new BridgeChannel(url, {
      opened: () => {
        this.#sendView();
        if (this.media.screen !== null) this.#tellVideoType("v1", "desktop");
        this.events.changed();
      },
      closed: () => this.events.changed(),
      message: (message) => this.#message(message),
    });
  }

  #message(message: Readonly<Record<string, unknown>> & { colibriClass: string }): void {
    switch (message.colibriClass) {
      case "DominantSpeakerEndpointChangeEvent":
        this.events.dominantSpeaker(String(message.dominantSpeakerEndpoint ?? ""), message.silence === true);
        break;
      case "EndpointConnectivityStatusChangeEvent":
        this.events.active(String(message.endpoint), message.active === "true");
        break;
      case "SenderSourceConstraints":
        void this.peer?.setWantedHeight(String(message.sourceName), Number(message.maxHeight));
        break;
      case "EndpointStats":
        this.events.stats(String(message.from), Number(message.connectionQuality));
        break;
      case "EndpointMessage":
        this.events.told(String(message.from), record(message.msgPayload));
        break;
    }
  }

  #ice(peer: Peer, state: RTCIceConnectionState): void {
    if (peer !== this.peer) return;
    this.iceState = state;
    if (state === "connected" || state === "completed") this.#restarts = 0;
    this.#recovery?.ice(state);
    this.events.changed();
  }

  /** Media does not get through: ask the focus for a new session. */
  #askAnew(peer: Peer): void {
    this.#restarts += 1;
    if (this.#restarts > MAX_RESTARTS) {
      this.events.failed("media-failed");
      return;
    }
    const terminate = buildRestart(peer.offer);
    this.end();
    this.events.changed();
    this.xmpp.iq(terminate).catch((error: unknown) => console.warn("No new session was granted", error));
  }

  /** What the others can show: we send the best that all of them can. */
  agree(others: Iterable<readonly string[]>): void {
    const codecs = agreed(this.options.codecs, others);
    if (codecs.join() === this.#codecs.join()) return;
    this.#codecs = codecs;
    this.peer?.setCodecs(codecs).catch((error: unknown) => console.warn("The codec could not be changed", error));
  }

  /** Says what our tracks are now. */
  async sendTracks(): Promise<void> {
    await this.peer?.replaceTrack(MICROPHONE, this.media.audio);
    await this.peer?.replaceTrack(CAMERA, this.media.camera);
  }

  async startScreen(track: MediaStreamTrack): Promise<void> {
    const { peer } = this;
    if (peer === null) return;
    this.#tellVideoType("v1", "desktop");
    const added = await peer.shareScreen(track);
    if (added !== null) await this.xmpp.iq(buildSources("source-add", peer.offer, [added]));
  }

  async stopScreen(): Promise<void> {
    this.#tellVideoType("v1", "none");
    await this.peer?.replaceTrack(SCREEN, null);
  }

  tellCamera(muted: boolean): void {
    this.#tellVideoType("v0", muted ? "none" : "camera");
  }

  #tellVideoType(suffix: string, videoType: string): void {
    const sourceName = `${this.options.endpoint}-${suffix}`;
    this.#channel?.send({ colibriClass: "SourceVideoTypeMessage", sourceName, videoType });
  }

  tellStats(body: Readonly<Record<string, unknown>>): void {
    this.#channel?.send({ colibriClass: "EndpointStats", ...body });
  }

  /** Sends a message to one client, or with "" to all. */
  tell(to: string, msgPayload: Readonly<Record<string, unknown>>): void {
    this.#channel?.send({ colibriClass: "EndpointMessage", to, msgPayload });
  }

  setView(view: ViewRequest): void {
    this.#view = view;
    this.#sendView();
  }

  #sendView(): void {
    this.#channel?.send(constraints(this.#view, this.options.lastN, globalThis.devicePixelRatio || 1));
  }

  /** Ends the session; another may come. */
  end(): void {
    this.#recovery?.stop();
    this.#recovery = null;
    this.#channel?.close();
    this.#channel = null;
    this.peer?.close();
    this.peer = null;
    this.iceState = "none";
  }

  /** Ends for good. */
  close(): void {
    this.#stopListening();
    this.end();
  }
}
