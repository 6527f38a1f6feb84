// The text inside an envelope.

import type { InnerMethod } from "./names.js";
import { INNER, jsonOf, pointsOf } from "./read.js";
import type { Point } from "./types.js";

/** The JSON form of the text of an envelope, or with `"points"` of its data points. */
export function innerJSON(method: InnerMethod, text: string | Uint8Array, form: "frame" | "points" = "frame"): string {
  return jsonOf(INNER[method], form, text);
}

/** The data points of the text of an envelope. */
export function innerPoints(method: InnerMethod, text: string | Uint8Array): Point[] {
  return pointsOf(INNER[method], text);
}
