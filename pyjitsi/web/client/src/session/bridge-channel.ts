/** The bridge channel: JSON messages with the bridge over a web-socket that opens again by itself. */

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;

export interface ChannelEvents {
  opened(): void;
  closed(): void;
  message(message: Readonly<Record<string, unknown>> & { colibriClass: string }): void;
}

/** Reads a message; null for what is not one. */
export function parseMessage(text: unknown): (Record<string, unknown> & { colibriClass: string }) | null {
  if (typeof text !== "string") return null;
  try {
    const body: unknown = JSON.parse(text);
    if (
      typeof body === "object" &&
      body !== null &&
      typeof (body as { colibriClass?: unknown }).colibriClass === "string"
    ) {
      return body as Record<string, unknown> & { colibriClass: string };
    }
  } catch {
    return null;
  }
  return null;
}

export class BridgeChannel {
  #socket: WebSocket | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #wait = FIRST_WAIT_MS;
  #closed = false;

  constructor(
    private readonly url: string,
    private readonly events: ChannelEvents,
  ) {
    this.#open();
  }

  #open(): void {
    const socket = new WebSocket(this.url);
    this.#socket = socket;
    socket.addEventListener("open", () => {
      this.#wait = FIRST_WAIT_MS;
      this.events.opened();
    });
    socket.addEventListener("message", (event) => {
      const message = parseMessage(event.data);
      if (message !== null) this.events.message(message);
    });
    socket.addEventListener("close", () => {
      if (this.#closed || socket !== this.#socket) return;
      this.events.closed();
      this.#timer = setTimeout(() => this.#open(), this.#wait);
      this.#wait = Math.min(this.#wait * 2, LONGEST_WAIT_MS);
    });
  }

  /** Opens anew, on whatever network there is now; the bridge lets the old one go. */
  renew(): void {
    if (this.#closed) return;
    clearTimeout(this.#timer);
    const old = this.#socket;
    this.#wait = FIRST_WAIT_MS;
    this.#open();
    old?.close();
  }

  get open(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  send(message: Readonly<Record<string, unknown>>): void {
    if (this.open) this.#socket?.send(JSON.stringify(message));
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#socket?.close();
  }
}
