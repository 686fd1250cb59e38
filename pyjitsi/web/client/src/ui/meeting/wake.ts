/** Keeps the screen of a phone on during a meeting, where the browser can (Screen Wake Lock). */

/** Asks for the lock, again whenever the page comes back into sight; returns what lets go of it. */
export function keepAwake(): () => void {
  if (!("wakeLock" in navigator)) return () => undefined;
  let lock: WakeLockSentinel | null = null;
  let over = false;
  const acquire = async (): Promise<void> => {
    if (over || document.visibilityState !== "visible") return;
    try {
      const acquired = await navigator.wakeLock.request("screen");
      if (over) await acquired.release();
      else lock = acquired;
    } catch {
      // Refused on a low battery: the screen then goes dark as it always does.
    }
  };
  const seen = (): void => void acquire();
  document.addEventListener("visibilitychange", seen);
  void acquire();
  return () => {
    over = true;
    document.removeEventListener("visibilitychange", seen);
    void lock?.release();
  };
}
