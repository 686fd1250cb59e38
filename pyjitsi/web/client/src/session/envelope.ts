/** Jitsi's JSON messages: `<json-message xmlns="http://jitsi.org/jitmeet">{"type": …}</json-message>`. */

import { NS } from "./namespaces";
import { child, element } from "./xml";

export type JsonMessage = Readonly<Record<string, unknown>> & { readonly type: string };

/** An object, or an empty one for anything else. */
export function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

/** A string, or "" for anything else. */
export function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** The strings of an array; none where it isn't one. */
export function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
}

/** The JSON in a message; null where there is none, or none with a type. */
export function parseEnvelope(message: Element): JsonMessage | null {
  const envelope = child(message, "json-message", NS.jitmeet);
  if (envelope === null) return null;
  try {
    const body = record(JSON.parse(envelope.textContent ?? ""));
    return typeof body.type === "string" ? (body as JsonMessage) : null;
  } catch {
    return null;
  }
}

/** A message that carries JSON. */
export function buildEnvelope(to: string, type: "groupchat" | "chat" | undefined, body: JsonMessage): Element {
  return element(
    "message",
    { xmlns: "jabber:client", to, type },
    element("json-message", { xmlns: NS.jitmeet }, JSON.stringify(body)),
  );
}
