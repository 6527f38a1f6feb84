// Which bytes of a message are what.

import { explain as explainTape } from "#glue";
import { decode, input, put, sideText, start, words } from "./core.js";
import { layoutNumber } from "./envelope.js";
import { refuse, type TipwireError, unreadableAt } from "./error.js";
import * as L from "./layout.js";
import { type InnerMethod, type Layout, type PartName, PARTS } from "./names.js";
import { INNER } from "./read.js";

/** A part of a message. Of a string `start` and `end` are indices, of bytes they are bytes. */
export interface Span {
  name: PartName;
  start: number;
  end: number;
  /** How many others it is a part of. */
  depth: number;
  /** What it says, escapes taken away; nothing where it consists of parts, or is not text. */
  text: string | undefined;
}

/** What a message consists of. */
export interface Explained {
  /** Whether it is a frame (or an answer), or an envelope. */
  type: "frame" | "envelope";
  /** In order, parts before what they are parts of. Up to the error, if there is one. */
  spans: Span[];
  error: TipwireError | undefined;
}

/** What a message does not say of itself. */
export interface ExplainSettings {
  /** The text of an envelope, which says by itself neither its method nor its sender. */
  inner?: InnerMethod | undefined;
  /** An envelope of this layout, whatever the first byte looks like. */
  layout?: Layout | undefined;
}

/**
 * Names every byte of a frame, an answer or an envelope: which it is, the first byte says; a string
 * is no envelope. What cannot be read is named up to where it is wrong.
 */
export function explain(message: string | Uint8Array, { inner, layout }: ExplainSettings = {}): Explained {
  start();
  const what = layout !== undefined ? L.ENVELOPE + layoutNumber(layout) : inner === undefined ? (typeof message === "string" ? L.TEXT : L.MESSAGE) : INNER[inner];
  if (what === undefined) throw refuse("type");
  let length: number;
  let units: number;
  if (typeof message === "string") {
    length = put(message, 0);
    if (length < 0) throw refuse("utf8");
    units = Math.min(message.length, length);
  } else if (message instanceof Uint8Array) {
    length = units = Math.min(message.length, L.INPUT);
    if (length > 0) input.set(length === message.length ? message : message.subarray(0, length));
  } else {
    throw refuse("type");
  }
  explainTape(what, length, units);
  start();
  const side = sideText(words[0]!);
  const isText = words[1] === 0;
  const kind = words[2]!;
  const errorAt = words[3]!;
  const spans: Span[] = [];
  let w = 5;
  let at = 0;
  for (let left = words[4]!; left > 0; left--) {
    const flags = words[w++]!;
    const hasParts = (flags & L.HAS_PARTS) !== 0;
    const from = hasParts ? words[w++]! : at;
    at = words[w++]!;
    let text: string | undefined;
    if ((flags & L.HAS_TEXT) !== 0) {
      text = side.slice(words[w]! - L.SIDE, words[w + 1]!);
      w += 2;
    } else if (isText && !hasParts) {
      text = typeof message === "string" ? message.slice(from, at) : decode(message.subarray(from, at));
    }
    const depth = (flags & L.DEPTH) >>> L.DEPTH_SHIFT;
    spans.push({ name: PARTS[flags & L.PART]!, start: from, end: at, depth, text });
  }
  return { type: isText ? "frame" : "envelope", spans, error: kind === L.NONE ? undefined : unreadableAt(kind, errorAt, length) };
}
