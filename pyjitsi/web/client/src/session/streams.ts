/** One stable MediaStream a track, so that the interface attaches each only once. */

const streams = new WeakMap<MediaStreamTrack, MediaStream>();

export function streamOf(track: MediaStreamTrack | null): MediaStream | null {
  if (track === null) return null;
  let stream = streams.get(track);
  if (stream === undefined) {
    stream = new MediaStream([track]);
    streams.set(track, stream);
  }
  return stream;
}
