/** A short two-note sound, made here rather than loaded, to try a speaker with. */

/** Plays the sound on a speaker; resolves when it is over. "" or undefined is the system's default. */
export async function playChime(speaker?: string): Promise<void> {
  const context = new AudioContext();
  try {
    const target = context.createMediaStreamDestination();
    const element = new Audio();
    element.srcObject = target.stream;
    if (speaker && "setSinkId" in element) await element.setSinkId(speaker);
    await element.play();
    const begin = context.currentTime + 0.05;
    for (const [index, frequency] of [523.25, 783.99].entries()) {
      const start = begin + index * 0.18;
      const gain = context.createGain();
      gain.gain.setValueAtTime(0, start);
      gain.gain.linearRampToValueAtTime(0.25, start + 0.02);
      gain.gain.exponentialRampToValueAtTime(0.001, start + 0.55);
      const tone = context.createOscillator();
      tone.frequency.value = frequency;
      tone.connect(gain).connect(target);
      tone.start(start);
      tone.stop(start + 0.6);
    }
    await new Promise((resolve) => setTimeout(resolve, 950));
    element.srcObject = null;
  } finally {
    await context.close();
  }
}
