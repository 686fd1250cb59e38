/** One peer connection for one Jingle session: answers, re-negotiates one step at a time, and sends in layers. */

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

const LAYERS = [
  { scale: 4, maxBitrate: 200_000 },
  { scale: 2, maxBitrate: 500_000 },
  { scale: 1, maxBitrate: 1_500_000 },
] as const;
const SCREEN_BITRATE = 2_500_000;
const UNLIMITED = 2160;

export interface LocalTracks {
  readonly audio: MediaStreamTrack | null;
  readonly camera: MediaStreamTrack | null;
  readonly screen: MediaStreamTrack | null;
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

  constructor(
    readonly offer: Offer,
    private readonly endpoint: string,
    private readonly simulcast: boolean,
    private readonly events: PeerEvents,
    iceServers: RTCIceServer[] = [],
  ) {
    this.pc = new RTCPeerConnection({ bundlePolicy: "max-bundle", iceServers });
    this.#remote = offer.sources;
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
    await this.pc.setRemoteDescription({ type: "offer", sdp: buildRemote(offer, this.#slots, this.#version) });
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
    if (this.simulcast) {
      const layered = withSimulcast(sdp, this.#ssrcs);
      this.#ssrcs = layered.ssrcs;
      sdp = layered.sdp;
    }
    await this.pc.setLocalDescription({ type: "answer", sdp });
    this.sources = localSources(sdp, this.endpoint, [true, true, this.#screenUsed]);
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
      await this.#apply(CAMERA, `${this.endpoint}-v0`);
      await this.#apply(SCREEN, `${this.endpoint}-v1`);
    });
    return this.#layers;
  }

  async #apply(mid: number, name: string): Promise<void> {
    const sender = this.#transceiver(mid)?.sender;
    const track = sender?.track;
    if (!sender || !track) return;
    const parameters = sender.getParameters();
    const count = parameters.encodings.length;
    if (count === 0) return;
    const wanted = this.#heights.get(name) ?? UNLIMITED;
    const settings = track.getSettings();
    const height = Math.min(settings.height ?? 720, settings.width ?? 1280);
    parameters.encodings.forEach((encoding, index) => {
      const layer = count === LAYERS.length ? LAYERS[index] : LAYERS[2];
      if (layer === undefined) return;
      if (count > 1) encoding.scaleResolutionDownBy = layer.scale;
      encoding.maxBitrate = mid === SCREEN ? SCREEN_BITRATE : layer.maxBitrate;
      // A layer is sent if somebody wants more than what the one below it gives.
      const below = index === 0 || count === 1 ? 0 : height / (LAYERS[index - 1]?.scale ?? 1);
      encoding.active = wanted > below;
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
