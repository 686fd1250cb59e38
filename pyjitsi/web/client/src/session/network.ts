/** When the machine's network changes: another one, or the same one again. */

/** Calls back; returns what ends that. */
export function onNetworkChange(changed: () => void): () => void {
  const connection = (navigator as { connection?: EventTarget & { type?: string } }).connection;
  let type = connection?.type;
  const switched = () => {
    if (connection?.type === type) return; // only its speed
    type = connection?.type;
    if (type !== "none") changed();
  };
  addEventListener("online", changed);
  connection?.addEventListener?.("change", switched);
  return () => {
    removeEventListener("online", changed);
    connection?.removeEventListener?.("change", switched);
  };
}
