// The text codec and streams: `tipwire/text`.

import { jsonOf, pointsOf } from "./read.js";
import { build } from "./build.js";
import * as L from "./layout.js";
import type { Ack, Frame, Point } from "./types.js";

export { parse, parseAck, parseInner } from "./read.js";
export { ack, build, fromPoints, ping, pull, push } from "./build.js";
export { authHash, deriveKey, deviceHash } from "./credentials.js";
export { stringIndex, TipwireError } from "./error.js";
export { Splitter, messages, splitStream } from "./stream.js";
export { Frames, frames, frameStream } from "./frames.js";
export type { FramesSettings } from "./frames.js";
export type { SplitEvent, SplitterSettings } from "./stream.js";
export { innerJSON, innerPoints } from "./inner.js";
export type * from "./types.js";
export type { ErrorKind, InnerMethod, SplitterName } from "./names.js";

const whatIs = (frame: Frame | Ack): number => (frame.method === "ACK" ? L.ANSWER : L.UPLINK);

/** The data points of a frame or an answer: its variables, the defaults of their block applied. */
export function points(frame: Frame | Ack): Point[] {
  return pointsOf(whatIs(frame), build(frame));
}

/** The JSON form of a frame or an answer; numbers keep their digits. */
export function toJSON(frame: Frame | Ack): string {
  return jsonOf(whatIs(frame), "frame", build(frame));
}

/** The data points of a frame or an answer as JSON; numbers keep their digits. */
export function toPointsJSON(frame: Frame | Ack): string {
  return jsonOf(whatIs(frame), "points", build(frame));
}
