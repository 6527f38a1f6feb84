// One class of errors; names and sentences come from the core when they are needed.

import { describe, kind as kindNumber, side } from "#glue";
import type { ErrorKind } from "./names.js";
import { at as memoryAt, decode, put, sideText, start, words } from "./core.js";

/** Why something could not be read, built, opened or split. */
export class TipwireError extends Error {
  static {
    // What the bundles call it is short, and is what hosts would show.
    Object.defineProperty(this, "name", { value: "TipwireError" });
  }

  override readonly name = "TipwireError";
  /** What is wrong, as a short name that never changes: `leading_zero`. */
  readonly kind: ErrorKind;
  /** The code that a server answers with (`invalid_payload`), or the kind where there is none. */
  readonly code: string;
  /** The byte at which reading failed. */
  readonly at: number | undefined;
  /** The data point that could not be built, counted from 0. */
  readonly point: number | undefined;
  /** Its field, as its key in JSON. */
  readonly field: string | undefined;

  constructor(message: string, kind: ErrorKind, code: string, at?: number, point?: number, field?: string) {
    super(message);
    this.kind = kind;
    this.code = code;
    this.at = at;
    this.point = point;
    this.field = field;
  }
}

/** The index in a string of a byte of its UTF-8: what `TipwireError.at` is in the text that was read. */
export function stringIndex(text: string, at: number): number {
  const bytes = new TextEncoder().encode(text);
  return decode(bytes.subarray(0, at)).length;
}

/** What the core has to say of a kind, or of a field. */
const say = (what: number, kind: number): string => sideText(describe(what, kind, 0, 0));
const nameOf = (kind: number): ErrorKind => say(0, kind) as ErrorKind;

/** @internal The error of reading that the module left; `length` bytes of input are still there. */
export function unreadable(length: number): TipwireError {
  start();
  return unreadableAt(words[0]!, words[1]!, length);
}

/** @internal The same error, from elsewhere. */
export function unreadableAt(kind: number, at: number, length: number): TipwireError {
  const message = sideText(describe(3, kind, at, length));
  return new TipwireError(message, nameOf(kind), say(1, kind), at);
}

/** @internal The error of building that the module left. */
export function unbuilt(): TipwireError {
  start();
  return buildError(words[0]!, words[2]! - 1, words[3]!);
}

/** @internal The error of a message that does not fit its converter, or of a converter that cannot be. */
export function unconvertible(): TipwireError {
  start();
  const [kind, at, ...lengths] = words.subarray(0, 5) as unknown as [number, number, number, number, number];
  let from = side();
  const [field, code, message] = lengths.map((length) => decode(memoryAt((from += length) - length, length))) as [string, string, string];
  const place = at === 0xffff_ffff ? undefined : at;
  return new TipwireError(message, nameOf(kind), code, place, undefined, field === "" ? undefined : field);
}

/** @internal The number of the kind of this name; 0 if there is none. */
export function kindOf(name: unknown): number {
  start();
  return typeof name === "string" ? kindNumber(Math.max(put(name, 0), 0)) : 0;
}

/** @internal An error of this kind, of something that is not at hand any more. */
export function ofKind(number: number, at?: number): TipwireError {
  return new TipwireError(say(2, number), nameOf(number), say(1, number), at);
}

/** @internal An error that this side sees: a value of a type that cannot go over, text that is no Unicode. */
export function refuse(kind: ErrorKind, point = -1, field?: number): TipwireError {
  return buildError(kindOf(kind), point, field ?? 0);
}

function buildError(kind: number, point: number, field: number): TipwireError {
  const name = field > 0 ? say(4, field) : undefined;
  const where = (point >= 0 ? `data point ${point}: ` : "") + (name === undefined ? "" : `${name}: `);
  return new TipwireError(where + say(2, kind), nameOf(kind), say(1, kind), undefined, point >= 0 ? point : undefined, name);
}
