/** The time, for what counts seconds on screen. */

import { createSubscriber } from "svelte/reactivity";

const subscribe = createSubscriber((update) => {
  const timer = setInterval(update, 1_000);
  return () => clearInterval(timer);
});

/** Milliseconds since the epoch; a component that reads it is drawn anew each second. */
export function now(): number {
  subscribe();
  return Date.now();
}
