// The text codec and streams: `tipwire/text`.

import { build, push as pushWhole } from "./build.js";
import { pointsOf, whatIs } from "./read.js";
import type { Ack, Frame, Point, PointInput, PushInput } from "./types.js";

export { parse, parseAck, parseInner } from "./read.js";
export { ack, build, ping, pull } from "./build.js";
export { stringIndex, TipwireError } from "./error.js";
export { Splitter, messages, splitStream } from "./stream.js";
export { Frames, frames, frameStream } from "./frames.js";
export type { FramesSettings } from "./frames.js";
export type { SplitEvent, SplitterSettings } from "./stream.js";
export { innerPoints } from "./inner.js";
export type * from "./types.js";
export type { ErrorKind, InnerMethod, SplitterName } from "./names.js";

/** Builds a PUSH of variables or passthrough data, without a line ending: data points need `tipwire`. */
export const push: (frame: Exclude<PushInput, { points: readonly PointInput[] | string }>) => string = pushWhole;

/** The data points of a frame or an answer: its variables, the defaults of their block applied. */
export function points(frame: Frame | Ack): Point[] {
  return pointsOf(whatIs(frame), build(frame));
}
