// The started module, its memory, and the way of texts in and out.

import { initSync, address, narrow, side, wipe } from "#glue";
import { bytes as moduleBytes } from "#module";
import { INPUT, KNOWN, OUTPUT, REALS, WORDS } from "./layout.js";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

let memory: WebAssembly.Memory | undefined;

/** Views of the static memory. They are made anew where the memory has grown. */
export let input: Uint8Array;
export let output: Uint8Array;
export let words: Uint32Array;
export let reals: Float64Array;
export let states: Uint8Array;

/** How often the lanes were taken for something. */
export let turns = 0;

/** Begins something with the lanes: starts the module where that has not been done, and brings the views up to date. */
export function start(): void {
  turns++;
  refresh();
}

/** Brings the views up to date. */
export function refresh(): void {
  if (memory === undefined) {
    memory = (initSync({ module: moduleBytes() }) as { memory: WebAssembly.Memory }).memory;
  } else if (input.length > 0) {
    return;
  }
  const buffer = memory.buffer;
  input = new Uint8Array(buffer, address(0), INPUT);
  output = new Uint8Array(buffer, address(1), OUTPUT);
  words = new Uint32Array(buffer, address(2), WORDS);
  reals = new Float64Array(buffer, address(3), REALS);
  states = new Uint8Array(buffer, address(4), KNOWN);
}

/** Bytes anywhere in the module's memory; to be copied before the next call. */
export function at(from: number, length: number): Uint8Array {
  start();
  return new Uint8Array((memory as WebAssembly.Memory).buffer, from, length);
}

/** A text is well-formed if it can be UTF-8: no surrogate is alone. */
const lonely = /\p{Surrogate}/u;

export const isWellFormed = (text: string): boolean => !lonely.test(text);

const isNode = (globalThis as { process?: { versions?: { node?: string } } }).process?.versions?.node !== undefined;

/** Below this many characters a loop is faster than the encoder, of which Node has a fast one. */
const SHORT = isNode ? 12 : 160;

/** The same behind other texts, where the encoder needs a view of its own. */
const SHORT_BEHIND = isNode ? 48 : 160;

/** Puts a short text of ASCII at a place of the input; whether it is one, and fits. */
function putShort(text: string, from: number): boolean {
  const length = text.length;
  if (length >= (from === 0 ? SHORT : SHORT_BEHIND) || from + length > INPUT) return false;
  for (let n = 0; n < length; n++) {
    const unit = text.charCodeAt(n);
    if (unit > 0x7f) return false;
    input[from + n] = unit;
  }
  return true;
}

/**
 * Puts a text at a place of the input; where it ends there, or -1 if it is not well-formed. What
 * does not fit is cut off: no text that is allowed is as long.
 */
export function put(text: string, from: number): number {
  if (putShort(text, from)) return from + text.length;
  const { read, written } = encoder.encodeInto(text, from === 0 ? input : input.subarray(from));
  if (written !== read && lonely.test(text)) return -1;
  return from + written;
}

const half = /[\ud800-\udfff]/;

/** Whether there are surrogates in a text, in pairs or not. */
export const hasHalves = (text: string): boolean => half.test(text);

/** Puts texts that were joined at the front of the input: how many bytes they are there, or -1 if they do not fit. */
export function putJoined(text: string): number {
  if (putShort(text, 0)) return text.length;
  const { read, written } = encoder.encodeInto(text, input);
  return read < text.length ? -1 : written;
}

type Slice = (this: Uint8Array, from: number, to: number) => string;

/** What makes a string of bytes that are characters, where there is a way: for short ones much quicker than a decoder. */
const latin1Slice = (globalThis as { Buffer?: { prototype?: { latin1Slice?: Slice } } }).Buffer?.prototype?.latin1Slice;

/** A text as engines have keys: a string of its own, which no other is part of. */
export const own = (text: string): string => Object.keys({ __proto__: null, [text]: 0 })[0]!;

/** Up to so many bytes become a text without the decoder where each of them is a character. */
const NARROW = latin1Slice === undefined ? 128 : INPUT;

/** The text of bytes each of which is a character. */
function latin1(bytes: Uint8Array, from: number, to: number): string {
  if (latin1Slice !== undefined) return latin1Slice.call(bytes, from, to);
  let text = "";
  let at = from;
  // Eight at once take hardly longer than one.
  for (; at + 8 <= to; at += 8) {
    text += String.fromCharCode(
      bytes[at]!,
      bytes[at + 1]!,
      bytes[at + 2]!,
      bytes[at + 3]!,
      bytes[at + 4]!,
      bytes[at + 5]!,
      bytes[at + 6]!,
      bytes[at + 7]!,
    );
  }
  for (; at < to; at++) text += String.fromCharCode(bytes[at]!);
  return text;
}

/**
 * The text of a part of the input (0), of the output (1) or of the side text (2), by way of the other of the
 * first two; undefined if it is long or has characters that no byte is.
 */
function narrowText(source: number, from: number, to: number): string | undefined {
  if (to - from > NARROW) return undefined;
  const length = narrow(source, from, to);
  return length > 0 ? latin1(source === 1 ? input : output, 0, length) : undefined;
}

/** A text of the input, perhaps of ASCII only. Nothing of it is in the output. */
export function inputText(from: number, to: number, isAscii = false): string {
  if (isAscii && to - from <= NARROW) return latin1(input, from, to);
  return narrowText(0, from, to) ?? decoder.decode(input.subarray(from, to));
}

/** Text that the module made, perhaps of ASCII only. Nothing is in the input any more. */
export function outputText(length: number, isAscii = false): string {
  refresh();
  if (isAscii && length <= NARROW) return latin1(output, 0, length);
  return narrowText(1, 0, length) ?? decoder.decode(output.subarray(0, length));
}

/** The text that was unescaped while something was read, of which nothing is in the output. */
export function unescapedText(length: number): string {
  return narrowText(2, 0, length) ?? sideText(length);
}

export function outputBytes(length: number): Uint8Array {
  refresh();
  return output.slice(0, length);
}

export function sideText(length: number): string {
  return decoder.decode(at(side(), length));
}

export function decode(bytes: Uint8Array): string {
  return decoder.decode(unshared(bytes));
}

/** The same bytes, a copy where the memory is shared: browsers decode no other. */
export const unshared = (bytes: Uint8Array): Uint8Array => (bytes.buffer instanceof ArrayBuffer ? bytes : new Uint8Array(bytes));

/** Overwrites keys and tokens that went through the shared memory. */
export function forget(): void {
  wipe();
}
