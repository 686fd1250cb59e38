/** Moving pictures for the demo page: a plain figure before a coloured wall, or a slide, drawn on a canvas. */

import { hueOf } from "../text/names";

type Paint = (context: CanvasRenderingContext2D, time: number) => void;

function stream(width: number, height: number, paint: Paint): MediaStream {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  if (context === null) throw new Error("This browser has no 2D canvas");
  const draw = (): void => paint(context, performance.now() / 1000);
  draw();
  setInterval(draw, 100);
  return canvas.captureStream(10);
}

/** A camera: somebody who sways a little. */
export function face(id: string): MediaStream {
  const hue = hueOf(id);
  return stream(640, 360, (context, time) => {
    context.fillStyle = `oklch(0.78 0.05 ${hue})`;
    context.fillRect(0, 0, 640, 360);
    context.fillStyle = `oklch(0.7 0.06 ${hue + 40})`;
    context.fillRect(60, 40, 120, 150);
    const x = 320 + 14 * Math.sin(time + hue);
    context.fillStyle = `oklch(0.42 0.09 ${hue + 180})`;
    context.beginPath();
    context.ellipse(x, 400, 170, 150, 0, 0, 7);
    context.fill();
    context.fillStyle = `oklch(${0.5 + (hue % 5) * 0.08} 0.07 50)`;
    context.beginPath();
    context.ellipse(x, 185, 66, 82, 0, 0, 7);
    context.fill();
    context.fillStyle = "#2a2020";
    context.beginPath();
    context.ellipse(x, 135, 70, 46, 0, 3.1, 6.4);
    context.fill();
  });
}

/** A shared screen: a slide with text and a growing bar. */
export function slide(): MediaStream {
  return stream(1280, 720, (context, time) => {
    context.fillStyle = "#ffffff";
    context.fillRect(0, 0, 1280, 720);
    context.fillStyle = "#12302b";
    context.font = "700 56px sans-serif";
    context.fillText("Harvest, by quarter", 90, 130);
    context.font = "400 30px sans-serif";
    context.fillText("Apples did well; pears want more sun.", 90, 190);
    [220, 310, 270, 380].forEach((height, index) => {
      context.fillStyle = ["#0b6b60", "#f2b544", "#33507f", "#b3533c"][index] ?? "#000000";
      const grown = height + 8 * Math.sin(time + index);
      context.fillRect(110 + index * 270, 640 - grown, 180, grown);
    });
  });
}
