/** One peer connection for one Jingle session: answers, re-negotiates one step at a time, and sends in layers. */

import type { VideoCodec } from "./codecs";
import { layers } from "./encodings";
import type { IceRestart, LocalTransport, Offer } from "./jingle";
import {
  assignSlots,
  buildRemote,
  CAMERA,
  type LocalSource,
  localSources,
  localTransport,
  MICROPHONE,
  SCREEN,
  type SimulcastSsrcs,
  type Slot,
  withSimulcast,
} from "./sdp";
import type { RemoteSource } from "./sources";

const UNLIMITED = 2160;

export interface LocalTracks {
  readonly audio: MediaStreamTrack | null;
  readonly camera: MediaStreamTrack | null;
  readonly screen: MediaStreamTrack | null;
}

export interface PeerOptions {
  readonly endpoint: string;
  readonly simulcast: boolean; // three streams a camera
  readonly svc: boolean; // spatial layers in one stream, with codecs that have them
  readonly codecs: readonly VideoCodec[]; // what we may send, best first
}

export interface PeerEvents {
  ice(state: RTCIceConnectionState): void;
  streams(): void;
}

export class Peer {
  readonly pc: RTCPeerConnection;
  /** What others hear or see of us: source name to what the focus knows of it. */
  sources: readonly LocalSource[] = [];
  #slots: Slot[] = [];
  #remote: readonly RemoteSource[];
  #version = 1;
  #queue: Promise<unknown> = Promise.resolve();
  #layers: Promise<void> = Promise.resolve();
  #ssrcs: SimulcastSsrcs | null = null;
  #screenUsed = false;
  #heights = new Map<string, number>();
  #closed = false;
  #transport: Offer["transport"];
  #generation = 0;
  #codecs: readonly VideoCodec[];

  constructor(
    readonly offer: Offer,
    private readonly options: PeerOptions,
    private readonly events: PeerEvents,
    iceServers: RTCIceServer[] = [],
  ) {
    this.pc = new RTCPeerConnection({ bundlePolicy: "max-bundle", iceServers });
    this.#remote = offer.sources;
    this.#codecs = options.codecs;
    this.#transport = offer.transport;
    this.pc.addEventListener("iceconnectionstatechange", () => events.ice(this.pc.iceConnectionState));
    this.pc.addEventListener("track", () => events.streams());
  }

  get remoteSources(): readonly RemoteSource[] {
    return this.#remote;
  }

  /** Runs after everything asked for before; the browser takes one negotiation at a time. */
  #serial<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work);
    this.#queue = result.catch(() => undefined);
    return result;
  }

  /** Answers the offer; resolves with our half of the transport. */
  answer(tracks: LocalTracks): Promise<LocalTransport> {
    return this.#serial(async () => {
      this.#screenUsed = tracks.screen !== null;
      await this.#negotiate(tracks);
      return localTransport(this.pc.localDescription?.sdp ?? "");
    });
  }

  /**
   * Restarts ICE with the bridge's new half; resolves with ours, or null where that is old news. The bridge's candidates
   * are added only after the answer: with them in the offer the browser gives the pair in use up at once.
   */
  restartIce(restart: IceRestart): Promise<LocalTransport | null> {
    return this.#serial(async () => {
      if (this.#closed || restart.generation <= this.#generation) return null;
      this.#generation = restart.generation;
      const { ufrag, pwd, candidates } = restart.transport;
      this.#transport = { ...this.#transport, ufrag, pwd, candidates: [] };
      await this.#negotiate(null);
      for (const candidate of candidates) {
        await this.pc.addIceCandidate({ candidate: `candidate:${candidate}`, sdpMid: "0", usernameFragment: ufrag });
      }
      return localTransport(this.pc.localDescription?.sdp ?? "");
    });
  }

  async #negotiate(tracks: LocalTracks | null): Promise<void> {
    if (this.#closed) return;
    this.#slots = assignSlots(this.#slots, this.#remote);
    this.#version += 1;
    const offer = { ...this.offer, transport: this.#transport };
    await this.pc.setRemoteDescription({
      type: "offer",
      sdp: buildRemote(offer, this.#slots, this.#version, this.#codecs),
    });
    const own = [MICROPHONE, CAMERA, SCREEN].map((mid) => this.#transceiver(mid));
    if (tracks !== null) {
      const wanted = [tracks.audio, tracks.camera, tracks.screen];
      await Promise.all(own.map((each, index) => each?.sender.replaceTrack(wanted[index] ?? null)));
    }
    own.forEach((each, mid) => {
      if (each !== undefined) each.direction = mid === SCREEN && !this.#screenUsed ? "inactive" : "sendonly";
    });
    const answer = await this.pc.createAnswer();
    let sdp = answer.sdp ?? "";
    if (this.options.simulcast) {
      const layered = withSimulcast(sdp, this.#ssrcs);
      this.#ssrcs = layered.ssrcs;
      sdp = layered.sdp;
    }
    await this.pc.setLocalDescription({ type: "answer", sdp });
    this.sources = localSources(sdp, this.options.endpoint, [true, true, this.#screenUsed]);
    await this.#applyLayers();
    // A slot that became free in this round can be taken in the next one.
    if (this.#remote.some((source) => !this.#slots.some((slot) => slot.source?.name === source.name))) {
      await this.#negotiate(null);
    }
    this.events.streams();
  }

  #transceiver(mid: number): RTCRtpTransceiver | undefined {
    return this.pc.getTransceivers().find((each) => each.mid === String(mid));
  }

  /** The codec that our video is sent in: the best that everybody has and the focus offered. */
  get codec(): VideoCodec {
    const offered = new Set(this.offer.video.codecs.map((codec) => codec.name.toLowerCase()));
    return this.#codecs.find((codec) => offered.has(codec)) ?? "vp8";
  }

  /** What we may send has changed; browsers send what stands first in the description of the other side. */
  setCodecs(codecs: readonly VideoCodec[]): Promise<void> {
    const before = this.codec;
    this.#codecs = codecs;
    return this.codec === before ? Promise.resolve() : this.#serial(() => this.#negotiate(null));
  }

  /** Takes over what the focus says of others' sources. */
  updateRemote(change: (sources: readonly RemoteSource[]) => RemoteSource[]): Promise<void> {
    this.#remote = change(this.#remote);
    return this.#serial(() => this.#negotiate(null));
  }

  /** The stream of a source of somebody else, null while there is none. */
  stream(source: RemoteSource): MediaStreamTrack | null {
    const index = this.#slots.findIndex((slot) => slot.source?.name === source.name);
    return index < 0 ? null : (this.#transceiver(3 + index)?.receiver.track ?? null);
  }

  /** Puts another track, or none, into one of our m-lines; nothing is negotiated. */
  async replaceTrack(mid: number, track: MediaStreamTrack | null): Promise<void> {
    await this.#transceiver(mid)?.sender.replaceTrack(track);
    await this.#applyLayers();
  }

  /** Begins to share a screen; resolves with the source where it is new to the focus, else null. */
  shareScreen(track: MediaStreamTrack): Promise<LocalSource | null> {
    return this.#serial(async () => {
      if (this.#screenUsed) {
        await this.replaceTrack(SCREEN, track);
        return null;
      }
      this.#screenUsed = true;
      await this.#transceiver(SCREEN)?.sender.replaceTrack(track);
      await this.#negotiate(null);
      return this.sources.find((source) => source.videoType === "desktop") ?? null;
    });
  }

  /** The tallest picture that anybody wants of a source of ours; 0: nobody watches. */
  async setWantedHeight(source: string, height: number): Promise<void> {
    this.#heights.set(source, height < 0 ? UNLIMITED : height);
    await this.#applyLayers();
  }

  /** One after the other: of two calls of setParameters at once the browser refuses one. */
  #applyLayers(): Promise<void> {
    this.#layers = this.#layers.then(async () => {
      await this.#apply(CAMERA, `${this.options.endpoint}-v0`);
      await this.#apply(SCREEN, `${this.options.endpoint}-v1`);
    });
    return this.#layers;
  }

  async #apply(mid: number, name: string): Promise<void> {
    const sender = this.#transceiver(mid)?.sender;
    const track = sender?.track;
    if (!sender || !track) return;
    const parameters = sender.getParameters();
    const streams = parameters.encodings.length;
    if (streams === 0) return;
    const settings = track.getSettings();
    const planned = layers({
      codec: this.codec,
      streams,
      captured: Math.min(settings.height ?? 720, settings.width ?? 1280),
      wanted: this.#heights.get(name) ?? UNLIMITED,
      screen: mid === SCREEN,
      svc: this.options.svc,
    });
    parameters.encodings.forEach((encoding, index) => {
      for (const [key, value] of Object.entries(planned[index] ?? {})) {
        if (value === undefined) delete (encoding as Record<string, unknown>)[key];
        else (encoding as Record<string, unknown>)[key] = value;
      }
    });
    try {
      await sender.setParameters(parameters);
    } catch (error) {
      console.warn("The browser did not take the layers", error);
    }
  }

  close(): void {
    this.#closed = true;
    this.pc.close();
  }
}
