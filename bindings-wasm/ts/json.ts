// JSON of frames and of their data points, both ways.

import { build_points, json } from "#glue";
import { build, TEXT } from "./build.js";
import { sideText } from "./core.js";
import { unreadable } from "./error.js";
import type { InnerMethod } from "./names.js";
import { bring, INNER, whatIs } from "./read.js";
import type { Ack, Frame } from "./types.js";

export { fromPoints, push } from "./build.js";

TEXT.build_points = build_points;

/** The JSON form of a frame or an answer; numbers keep their digits. */
export function toJSON(frame: Frame | Ack): string {
  return jsonOf(whatIs(frame), "frame", build(frame));
}

/** The data points of a frame or an answer as JSON; numbers keep their digits. */
export function toPointsJSON(frame: Frame | Ack): string {
  return jsonOf(whatIs(frame), "points", build(frame));
}

/** The JSON form of the text of an envelope, or with `"points"` of its data points. */
export function innerJSON(method: InnerMethod, text: string | Uint8Array, form: "frame" | "points" = "frame"): string {
  return jsonOf(INNER[method], form, text);
}

/** The JSON form of a text, or of its data points. */
function jsonOf(what: number, form: "frame" | "points", text: string | Uint8Array): string {
  const length = bring(text);
  const written = json(what, form === "frame" ? 0 : 1, length);
  if (written === 0) throw unreadable(length);
  return sideText(written);
}
