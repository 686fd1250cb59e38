/** Elements to send, and what came. Elements that strophe sends need their `xmlns` as an attribute. */

const factory = document.implementation.createDocument(null, "stanza");

export type Attributes = Readonly<Record<string, string | number | undefined>>;

/** An element with attributes, and children or text. */
export function element(name: string, attributes: Attributes = {}, ...children: (Element | string | null)[]): Element {
  const made = factory.createElement(name);
  for (const [key, value] of Object.entries(attributes)) if (value !== undefined) made.setAttribute(key, String(value));
  for (const child of children) if (child !== null) made.append(child);
  return made;
}

/** The first direct child of that name, in that namespace if one is given. */
export function child(parent: Element | null | undefined, name: string, namespace?: string): Element | null {
  for (const each of parent?.children ?? []) {
    if (each.localName === name && (namespace === undefined || namespaceOf(each) === namespace)) return each;
  }
  return null;
}

/** All direct children of that name. */
export function children(parent: Element | null | undefined, name: string, namespace?: string): Element[] {
  return [...(parent?.children ?? [])].filter(
    (each) => each.localName === name && (namespace === undefined || namespaceOf(each) === namespace),
  );
}

export function namespaceOf(of: Element): string {
  return of.getAttribute("xmlns") ?? of.namespaceURI ?? "";
}

export function textOf(parent: Element | null | undefined, name: string, namespace?: string): string {
  return child(parent, name, namespace)?.textContent ?? "";
}
