/** Watches how tall a picture's tile is on screen, for the ViewReporter. */

import type { Attachment } from "svelte/attachments";
import type { ViewReporter } from "../state/view-reporter";

/** An attachment for an element inside the tile; it reports the height of its parent while any part of that is in sight. */
export function onScreen(views: ViewReporter, source: string, staged: boolean): Attachment {
  return (marker) => {
    const tile = marker.parentElement;
    if (tile === null) return;
    let inSight = false;
    const report = (): void => views.show(marker, source, inSight ? tile.clientHeight : 0, staged);
    const sight = new IntersectionObserver((entries) => {
      inSight = entries.at(-1)?.isIntersecting ?? false;
      report();
    });
    const size = new ResizeObserver(report);
    sight.observe(tile);
    size.observe(tile);
    return () => {
      sight.disconnect();
      size.disconnect();
      views.forget(marker);
    };
  };
}
