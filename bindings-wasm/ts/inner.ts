// The text inside an envelope.

import type { InnerMethod } from "./names.js";
import { INNER, pointsOf } from "./read.js";
import type { Point } from "./types.js";

/** The data points of the text of an envelope. */
export function innerPoints(method: InnerMethod, text: string | Uint8Array): Point[] {
  return pointsOf(INNER[method], text);
}
