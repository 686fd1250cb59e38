/** A stream to a server that isn't there: tests see what was sent and say what arrives. */

import { IqError, type XmppConnection } from "../xmpp";

export const xml = (text: string): Element => new DOMParser().parseFromString(text, "text/xml").documentElement;
export const written = (stanza: Element): string => new XMLSerializer().serializeToString(stanza);

/** Answers an IQ: an element as the result, or the condition of an error. */
export type Answer = (iq: Element) => string | Element;

export class FakeXmpp {
  jid = "3fa81c02-1@talk.example/r";
  sent: Element[] = [];
  answer: Answer = () => xml('<iq xmlns="jabber:client" type="result"/>');
  readonly #listeners = new Set<(stanza: Element) => void>();

  get connection(): XmppConnection {
    return this as unknown as XmppConnection;
  }

  listen(listener: (stanza: Element) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  send(stanza: Element): void {
    this.sent.push(stanza);
  }

  async iq(stanza: Element): Promise<Element> {
    this.sent.push(stanza);
    const answer = this.answer(stanza);
    if (typeof answer === "string") throw new IqError(answer, null);
    return answer;
  }

  receive(text: string): void {
    for (const listener of [...this.#listeners]) listener(xml(text));
  }

  /** What was sent since the last call, as text. */
  take(): string[] {
    const texts = this.sent.map(written);
    this.sent = [];
    return texts;
  }
}

/** Lets everything go on that waits for what is there already. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}
