// From the tape to objects.

import { parse as parseTape } from "#glue";
import { input, inputText, own, put, reals, start, states, unescapedText, words } from "./core.js";
import { refuse, TipwireError, unreadable } from "./error.js";
import * as L from "./layout.js";
import type { InnerMethod } from "./names.js";
import type { Ack, Frame, Location, Metadata, Point, Status, Variable } from "./types.js";

/** What is read: an uplink, an answer, or the inner frame of an envelope. */
export const INNER = { PUSH: L.INNER, PULL: L.INNER + 1, PING: L.INNER + 2, ACK: L.INNER + 3 } as const;

const STATUSES: Status[] = [];
STATUSES[L.OK] = "OK";
STATUSES[L.PONG] = "PONG";
STATUSES[L.CMD] = "CMD";
STATUSES[L.ERR] = "ERR";

/** Where on the tape, and what its indices belong to. */
let w = 0;
let r = 0;
let source = "";
let side = "";

/** Reads an uplink of any revision, with or without a line ending. */
export function parse(text: string | Uint8Array): Frame {
  load(L.UPLINK, text);
  return readFrame();
}

/** Reads an answer. */
export function parseAck(text: string | Uint8Array): Ack {
  load(L.ANSWER, text);
  return readAck();
}

/** Reads the text of an envelope, which says neither its method nor who sends it. */
export function parseInner(method: InnerMethod, text: string | Uint8Array): Frame | Ack {
  load(INNER[method], text);
  return method === "ACK" ? readAck() : readFrame();
}

/** @internal What the text of a frame or an answer is read as. */
export const whatIs = (frame: Frame | Ack): number => (frame.method === "ACK" ? L.ANSWER : L.UPLINK);

/** The data points of a text: of an uplink, an answer, or an inner frame. */
export function pointsOf(what: number, text: string | Uint8Array): Point[] {
  load(what | L.POINTS, text);
  const points: Point[] = [];
  for (let left = words[w++]!; left > 0; left--) {
    points.push(toPoint(readVariable()));
  }
  return points;
}

/** Brings a text over, and reads it. */
function load(what: number, text: string | Uint8Array): void {
  let length: number;
  let units: number;
  // Apart from each other: engines know a string here, and look for nothing else.
  if (typeof text === "string") {
    length = bringText(text);
    units = text.length;
  } else {
    length = bringBytes(text);
    // Only what is UTF-8 is decoded: what is not is an error that needs no text.
    source = inputText(0, length);
    units = source.length;
  }
  // What was cut off is not told about.
  if (parseTape(what, length, Math.min(units, length)) === 0) throw unreadable(length);
  start();
  begin(source, words[0]!, 1);
}

/** Brings a text over. Its length in bytes. */
export function bring(text: string | Uint8Array): number {
  return typeof text === "string" ? bringText(text) : bringBytes(text);
}

function bringText(text: string): number {
  start();
  const length = put(text, 0);
  // Not well-formed: there are no bytes that it could stand for.
  if (length < 0) throw refuse("utf8");
  source = text;
  return length;
}

function bringBytes(bytes: Uint8Array): number {
  start();
  if (!(bytes instanceof Uint8Array)) throw refuse("type");
  // More than the input takes is more than a frame has.
  const length = Math.min(bytes.length, L.INPUT);
  // Nothing can be copied from a buffer that was detached: it is empty.
  if (length > 0) input.set(length === bytes.length ? bytes : bytes.subarray(0, length));
  return length;
}

/** Begins with a tape that was written without being asked for a text: all its texts are side text. */
export function sideTape(): void {
  start();
  begin("", words[0]!, 1);
}

/** Goes past what comes before frames that are told about together, and stand in this text. */
export function begin(text: string, sideLength: number, head: number): void {
  source = text;
  side = sideLength === 0 ? "" : unescapedText(sideLength);
  w = head;
  r = 0;
}

export function readWord(): number {
  return words[w++]!;
}

export function readText(): string {
  w += 2;
  return textAt(words, w - 2);
}

/** The digits of an integer of more than 53 bits. */
function readLong(): string {
  w += 2;
  return ((BigInt(words[w - 2]!) << 32n) | BigInt(words[w - 1]!)).toString();
}

function textAt(tape: Uint32Array, at: number): string {
  const from = tape[at]!;
  const to = tape[at + 1]!;
  return from < L.SIDE ? source.slice(from, to) : side.slice(from - L.SIDE, to);
}

/** Strings that come again and again: the module tells them by number. */
const kept: string[] = new Array<string>(L.KNOWN).fill("");

/** A text that may be one of them. */
function nameAt(tape: Uint32Array, at: number): string {
  const from = tape[at]!;
  if (from < L.TO_KEEP) return source.slice(from, tape[at + 1]);
  if (from >= L.SIDE) return textAt(tape, at);
  const number = (from >>> L.KEEP_SHIFT) & (L.KNOWN - 1);
  return from >= L.IS_KEPT ? kept[from - L.IS_KEPT]! : keep(number, source.slice(from & 0xffff, tape[at + 1]));
}

function readName(): string {
  w += 2;
  return nameAt(words, w - 2);
}

function keep(number: number, text: string): string {
  if (kept[number] !== text) kept[number] = own(text);
  states[number] = L.KEPT;
  return kept[number]!;
}

export function readFrame(): Frame {
  const tape = words;
  const variables = readVariables();
  let n = w;
  const kind = tape[n]!;
  const flags = tape[n + 1]!;
  n += 2;
  const seq = flags & L.HAS_SEQ ? tape[n++]! : undefined;
  const auth = nameAt(tape, n);
  const serial = nameAt(tape, n + 2);
  w = n + 4;
  switch (kind) {
    case L.PUSH: {
      const location = flags & L.HAS_LOCATION ? readLocation(flags) : undefined;
      const time = flags & L.HAS_TIME ? reals[r++]! : undefined;
      const timeText = flags & L.HAS_LONG ? readLong() : undefined;
      const group = flags & L.HAS_GROUP ? readName() : undefined;
      const metadata = flags & L.HAS_METADATA ? readMetadata() : undefined;
      return { method: "PUSH", seq, auth, serial, location, time, timeText, group, metadata, variables, raw: undefined };
    }
    case L.RAW: {
      const raw = { encoding: flags & L.BASE64 ? ("base64" as const) : ("hex" as const), data: readText() };
      return {
        method: "PUSH",
        seq,
        auth,
        serial,
        location: undefined,
        time: undefined,
        timeText: undefined,
        group: undefined,
        metadata: undefined,
        variables,
        raw,
      };
    }
    case L.PULL: {
      const names: string[] = [];
      for (let left = words[w++]!; left > 0; left--) names.push(readName());
      return { method: "PULL", seq, auth, serial, names };
    }
    default:
      return { method: "PING", seq, auth, serial };
  }
}

export function readAck(): Ack {
  const variables = readVariables();
  const kind = words[w]!;
  const flags = words[w + 1]!;
  w += 2;
  const seq = flags & L.HAS_SEQ ? words[w++]! : undefined;
  const status = STATUSES[words[w++]!]!;
  return {
    method: "ACK",
    seq,
    status,
    count: kind === L.ACK_COUNT ? reals[r++]! : undefined,
    countText: flags & L.HAS_LONG ? readLong() : undefined,
    variables: kind === L.ACK_VARIABLES ? variables : undefined,
    command: kind === L.ACK_COMMAND ? readText() : undefined,
    error: kind === L.ACK_ERROR ? readText() : undefined,
    text: kind === L.ACK_TEXT ? readText() : undefined,
  };
}

function readVariables(): Variable[] {
  // As long as it will be: one that grows has room for many at once.
  const variables = new Array<Variable>(words[w++]!);
  for (let n = 0; n < variables.length; n++) variables[n] = readVariable();
  return variables;
}

const TYPES = ["number", "string", "boolean", "location"] as const;

function readVariable(): Variable {
  // What is looked at for every variable is in places that nothing else changes meanwhile.
  const tape = words;
  let n = w;
  const flags = tape[n]!;
  const name = nameAt(tape, n + 1);
  n += 3;
  const type = flags >>> L.TYPE_SHIFT;
  let text: string | undefined;
  let value: unknown;
  switch (type) {
    case L.NUMBER:
      text = textAt(tape, n);
      n += 2;
      value = reals[r++]!;
      // What takes long to read is read here.
      if (value !== value) value = Number(text);
      break;
    case L.STRING:
      value = textAt(tape, n);
      n += 2;
      break;
    case L.BOOLEAN:
      value = (flags & L.TRUE) !== 0;
      break;
    default:
      w = n;
      value = readLocation(flags);
      n = w;
  }
  let unit: string | undefined;
  if (flags & L.HAS_UNIT) {
    unit = nameAt(tape, n);
    n += 2;
  }
  w = n;
  const location = flags & L.HAS_LOCATION ? readLocation(flags) : undefined;
  const time = flags & L.HAS_TIME ? reals[r++]! : undefined;
  const timeText = flags & L.HAS_LONG ? readLong() : undefined;
  const group = flags & L.HAS_GROUP ? readName() : undefined;
  const metadata = flags & L.HAS_METADATA ? readMetadata() : undefined;
  return { name, type: TYPES[type], value, text, unit, location, time, timeText, group, metadata } as Variable;
}

function toPoint(variable: Variable): Point {
  const { name, type, value, text, unit, location, time, timeText, group, metadata } = variable;
  const isPlace = type === "location";
  return {
    variable: name,
    value: isPlace ? value.text : value,
    text,
    unit,
    time,
    timeText,
    group,
    location: isPlace ? value : location,
    metadata,
  };
}

function readLocation(flags: number): Location {
  const text = readText();
  let lat = reals[r++]!;
  let lng = reals[r++]!;
  let alt = flags & L.HAS_ALT ? reals[r++]! : undefined;
  // What takes long to read is read here.
  if (lat !== lat || lng !== lng || alt !== alt) {
    [lat, lng, alt] = text.split(",").map(Number) as [number, number, number | undefined];
  }
  return { lat, lng, alt, text };
}

/** The keys in the order of the frame, where some begin with a digit: JavaScript puts whole numbers first. */
export const ORDER = Symbol("order");

function readMetadata(): Metadata {
  const metadata: Metadata = {};
  const tape = words;
  let order: string[] | undefined;
  let n = w + 1;
  for (let left = tape[w]!; left > 0; left--, n += 4) {
    const key = nameAt(tape, n);
    const text = textAt(tape, n + 2);
    if (key.charCodeAt(0) < 0x3a) order ??= Object.keys(metadata);
    order?.push(key);
    if (key === "__proto__") {
      // Assigning this one would set the prototype.
      Object.defineProperty(metadata, key, { value: text, enumerable: true, configurable: true, writable: true });
    } else {
      metadata[key] = text;
    }
  }
  w = n;
  if (order !== undefined) Object.defineProperty(metadata, ORDER, { value: order });
  return metadata;
}

export { TipwireError };
