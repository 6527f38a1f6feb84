// Values into the input buffer, checked.

import { input, isWellFormed, put, start, unshared } from "./core.js";
import { refuse } from "./error.js";
import { INPUT } from "./layout.js";

/** @internal Puts a text at a place of the input; where it ends. What is wrong with it is said of a field. */
export function load(text: string, from: number, field = 0): number {
  if (typeof text !== "string") throw refuse(text === undefined ? "missing" : "type", -1, field);
  start();
  const end = put(text, from);
  if (end < 0) throw refuse("utf8", -1, field);
  // What fills the input may have been cut off, wherever its last character ends.
  if (end > INPUT - 4) throw refuse("too_large", -1, field);
  return end;
}

/** @internal Puts bytes at the front of the input; how many. What does not fit is cut off: nothing that is allowed is as long. */
export function loadBytes(bytes: Uint8Array): number {
  if (!(bytes instanceof Uint8Array)) throw refuse("type");
  start();
  const length = Math.min(bytes.length, INPUT / 2);
  // Nothing can be copied from a buffer that was detached: it is empty.
  if (length > 0) input.set(length === bytes.length ? bytes : bytes.subarray(0, length));
  return length;
}

/** @internal A text or bytes, at the front of the input; how many bytes. */
export function loadEither(value: string | Uint8Array): number {
  return typeof value === "string" ? load(value, 0) : loadBytes(value);
}

const encoder = new TextEncoder();

/** @internal A text that goes over by itself, checked. What is wrong with it is said of a field. */
export function asText(value: unknown, field = 0): string {
  if (typeof value !== "string") throw refuse(value === undefined ? "missing" : "type", -1, field);
  if (!isWellFormed(value)) throw refuse("utf8", -1, field);
  return value;
}

/** @internal An integer that goes over as one of 32 bits, or less, checked. */
export function asWord(value: number, most = 0xffff_ffff): number {
  if (!Number.isInteger(value) || value < 0 || value > most) throw refuse("type");
  return value;
}

/** @internal How long texts are that go over as one. */
export const lengthsOf = (texts: readonly string[]): Uint32Array => Uint32Array.from(texts, ({ length }) => length);

/** @internal Bytes, or a text as its bytes. */
export function bytesOf(value: string | Uint8Array): Uint8Array {
  if (value instanceof Uint8Array) return value.length > 0 ? value : new Uint8Array();
  return encoder.encode(asText(value));
}

/** @internal A text, or bytes that are one. */
export function textOf(value: string | Uint8Array): string {
  if (!(value instanceof Uint8Array)) return asText(value);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(unshared(value));
  } catch {
    throw refuse("utf8");
  }
}

/** Things by their names; pairs keep their order whatever the names are. */
export type ByName<T> = Readonly<Record<string, T>> | Iterable<readonly [string, T]>;

/** @internal The pairs of things by their names. */
export function byName<T>(things: ByName<T>): Iterable<readonly [string, T]> {
  return Symbol.iterator in things ? (things as Iterable<readonly [string, T]>) : Object.entries(things);
}
