// From objects to the tape: the records of reading, the other way round.

import { build as buildTape } from "#glue";
import { isWellFormed, outputText, putJoined, reals, start, words } from "./core.js";
import { refuse, unbuilt } from "./error.js";
import * as L from "./layout.js";
import { ORDER } from "./read.js";
import type {
  Ack,
  AckInput,
  Digits,
  Frame,
  HeadInput,
  LocationInput,
  PingInput,
  PointInput,
  PullInput,
  PushInput,
  Status,
  VariableInput,
} from "./types.js";

const STATUSES: Record<Status, number> = { OK: L.OK, PONG: L.PONG, CMD: L.CMD, ERR: L.ERR };

let w = 0;
let r = 0;
/** All texts in turn: they go over at once. */
let texts = "";
let end = 0;
/** Whether each text is looked at by itself, to find the one that is not well-formed. */
let isCareful = false;
/** The data point that is being written, for errors. */
let point = -1;

/** What makes bytes of the tape: the text of a frame, or an envelope around it. */
export interface Target {
  build(): number;
  build_points?(json: string): number;
}
/** Data points it takes where JSON is at hand, which `tipwire/text` leaves out. */
export const TEXT: Target = { build: buildTape };

/** Builds a PUSH, without a line ending. */
export function push(frame: PushInput): string {
  return outputText(putPush(frame));
}

/** The same left in the output: its length. */
export function putPush(frame: PushInput, target = TEXT): number {
  if (frame.points !== undefined) return putPoints(frame, frame.points, target);
  const isRaw = frame.raw !== undefined;
  begin(isRaw ? L.RAW : L.PUSH, frame);
  if (frame.raw !== undefined) {
    // The core refuses what stands beside it; here there is no place for it.
    if (frame.variables !== undefined && frame.variables.length > 0) throw refuse("type", -1, L.FIELD_RAW);
    if (frame.raw.encoding === "base64") words[1]! |= L.BASE64;
    else if (frame.raw.encoding !== "hex") throw refuse("type", -1, L.FIELD_RAW);
    text(frame.raw.data, L.FIELD_RAW);
  } else {
    words[1]! |= rest(frame);
    variables(frame.variables);
  }
  return finish(putPush, frame, target);
}

/** Builds a PULL of the last values of these variables. */
export function pull(frame: PullInput): string {
  return outputText(putPull(frame));
}

export function putPull(frame: PullInput, target = TEXT): number {
  begin(L.PULL, frame);
  if (!Array.isArray(frame.names)) throw refuse("type", -1, L.FIELD_NAMES);
  const names = frame.names as readonly string[];
  // One above what is allowed is enough to be refused.
  const count = Math.min(names.length, 101);
  words[w++] = count;
  for (let n = 0; n < count; n++) text(names[n], L.FIELD_NAMES);
  return finish(putPull, frame, target);
}

/** Builds a PING. */
export function ping(frame: PingInput): string {
  return outputText(putPing(frame));
}

export function putPing(frame: PingInput, target = TEXT): number {
  begin(L.PING, frame);
  return finish(putPing, frame, target);
}

/** Builds an answer. */
export function ack(answer: AckInput): string {
  return outputText(putAck(answer));
}

export function putAck(answer: AckInput, target = TEXT): number {
  beginTape();
  const { status = answer.count !== undefined || answer.variables !== undefined ? "OK" : answer.command !== undefined ? "CMD" : answer.error !== undefined ? "ERR" : undefined } = answer;
  let flags = 0;
  if (answer.seq !== undefined) {
    flags |= L.HAS_SEQ;
    real(answer.seq, L.FIELD_SEQ);
  }
  const number = STATUSES[status as Status];
  if (number === undefined) throw refuse(status === undefined ? "missing" : "type", -1, L.FIELD_STATUS);
  words[w++] = number;
  const detail = answer.command ?? answer.error ?? answer.text;
  const given = [answer.count, answer.variables, answer.command, answer.error, answer.text];
  if (given.filter((part) => part !== undefined).length > 1) throw refuse("type", -1, L.FIELD_DETAIL);
  if (answer.count !== undefined) {
    words[0] = L.ACK_COUNT;
    flags |= integer(answer.countText ?? answer.count, L.FIELD_DETAIL);
  } else if (answer.variables !== undefined) {
    words[0] = L.ACK_VARIABLES;
    variables(answer.variables);
  } else if (detail !== undefined) {
    words[0] = L.ACK_TEXT;
    text(detail, L.FIELD_DETAIL);
  } else {
    words[0] = L.ACK;
  }
  words[1] = flags;
  return finish(putAck, answer, target);
}

/** Builds whatever was read, or what looks like it. */
export function build(frame: Frame | Ack): string {
  switch (frame.method) {
    case "PUSH":
      return push(frame as PushInput);
    case "PULL":
      return pull(frame);
    case "PING":
      return ping(frame);
    case "ACK":
      return ack(frame);
    default:
      throw refuse("type");
  }
}

/** Builds a PUSH from data points: objects, or JSON whose numbers are taken digit by digit. */
export function fromPoints(head: HeadInput, points: readonly PointInput[] | string): string {
  return outputText(putPoints(head, points));
}

function putPoints(head: HeadInput, points: readonly PointInput[] | string, target = TEXT): number {
  // `tipwire/text` has no JSON to say them in, and so knows of variables only.
  if (target.build_points === undefined) throw refuse("missing", -1, L.FIELD_VARIABLE);
  let json: string;
  if (typeof points === "string") {
    json = points;
  } else {
    try {
      json = JSON.stringify(points) ?? "null";
    } catch {
      // Circular, or with a `bigint`.
      throw refuse("type");
    }
  }
  begin(L.PUSH, head);
  bring(putPoints, head, points);
  const length = target.build_points(json);
  if (length === 0) throw unbuilt();
  start();
  return length;
}

function beginTape(): void {
  start();
  w = L.BUILD_HEAD;
  r = end = 0;
  texts = "";
  point = -1;
}

function begin(kind: number, head: HeadInput): void {
  beginTape();
  words[0] = kind;
  words[1] = 0;
  if (head.seq !== undefined) {
    words[1] = L.HAS_SEQ;
    real(head.seq, L.FIELD_SEQ);
  }
  text(head.auth, L.FIELD_AUTH);
  text(head.serial, L.FIELD_SERIAL);
}

function finish<F>(again: (frame: F, target: Target) => number, frame: F, target: Target): number {
  bring(again, frame, target);
  const length = target.build();
  if (length === 0) throw unbuilt();
  return length;
}

/** Brings the texts over. Where they are not well-formed, the one that is not is found by doing it all again. */
function bring<A, B>(again: (a: A, b: B) => number, a: A, b: B): void {
  const length = putJoined(texts);
  if (length === -1) {
    isCareful = true;
    try {
      again(a, b);
    } finally {
      isCareful = false;
    }
    throw refuse("utf8");
  }
  if (length < 0) throw refuse("too_large");
  if (length !== end) words[1]! |= L.WIDE;
  words[2] = length;
  texts = "";
}

function text(value: unknown, field: number): void {
  if (typeof value !== "string") throw refuse(value === undefined ? "missing" : "type", point, field);
  // The second half of a character is nothing by itself, but could become something behind another text.
  const isHalf = (value.charCodeAt(0) & 0xfc00) === 0xdc00;
  if (isHalf || (isCareful && !isWellFormed(value))) throw refuse("utf8", point, field);
  end += value.length;
  // What fills the input is more than a frame takes, wherever its end is.
  if (end >= L.INPUT - 3) throw refuse("too_large");
  texts += value;
  words[w++] = value.length;
}

function real(value: unknown, field: number): void {
  if (typeof value !== "number") throw refuse("type", point, field);
  reals[r++] = value;
}

/** A time or a count: a number that is exact, or digits. */
function integer(value: Digits, field: number): number {
  if (typeof value === "number") {
    reals[r++] = value;
    return 0;
  }
  text(typeof value === "bigint" ? value.toString() : value, field);
  return L.HAS_LONG;
}

function variables(list: readonly VariableInput[]): void {
  if (!Array.isArray(list)) throw refuse(list === undefined ? "missing" : "type", -1, L.FIELD_VARIABLE);
  // One above what is allowed is enough to be refused.
  const count = Math.min(list.length, 101);
  words[w++] = count;
  for (point = 0; point < count; point++) variable(list[point] as VariableInput);
  point = -1;
}

function variable(input: VariableInput): void {
  if (typeof input !== "object" || input === null) throw refuse("type", point);
  const at = w++;
  text(input.name, L.FIELD_VARIABLE);
  const value = input.value;
  let flags = 0;
  switch (typeof value) {
    case "number": {
      if (input.type !== undefined && input.type !== "number") throw refuse("type", point, L.FIELD_VALUE);
      const exact = input.text;
      if (exact !== undefined && Number(exact) === value) {
        flags = L.EXACT;
        text(exact, L.FIELD_VALUE);
      } else if (isShort(value)) {
        reals[r++] = value;
      } else {
        flags = L.EXACT;
        text(plain(value, L.FIELD_VALUE), L.FIELD_VALUE);
      }
      break;
    }
    case "bigint":
      flags = L.EXACT;
      text(value.toString(), L.FIELD_VALUE);
      break;
    case "string":
      if (input.type === "number") {
        flags = L.EXACT;
      } else if (input.type === undefined || input.type === "string") {
        flags = L.STRING << L.TYPE_SHIFT;
      } else {
        throw refuse("type", point, L.FIELD_VALUE);
      }
      text(value, L.FIELD_VALUE);
      break;
    case "boolean":
      if (input.type !== undefined && input.type !== "boolean") throw refuse("type", point, L.FIELD_VALUE);
      flags = (L.BOOLEAN << L.TYPE_SHIFT) | (value ? L.TRUE : 0);
      break;
    default:
      if (value === undefined) throw refuse("missing", point, L.FIELD_VALUE);
      if (input.type !== undefined && input.type !== "location") throw refuse("type", point, L.FIELD_VALUE);
      flags = (L.LOCATION << L.TYPE_SHIFT) | place(value, L.FIELD_VALUE);
      // The core would say that it has one already, but has no flags for two.
      if (input.location !== undefined) throw refuse("type", point, L.FIELD_LOCATION);
  }
  if (input.unit !== undefined) {
    flags |= L.HAS_UNIT;
    text(input.unit, L.FIELD_UNIT);
  }
  words[at] = flags | rest(input);
}

/** What defaults and variables may have alike. */
function rest(input: Pick<VariableInput, "location" | "time" | "timeText" | "group" | "metadata">): number {
  let flags = 0;
  if (input.location !== undefined) flags |= L.HAS_LOCATION | place(input.location, L.FIELD_LOCATION);
  const time = input.time;
  if (time !== undefined) {
    flags |= L.HAS_TIME | integer(input.timeText ?? (time instanceof Date ? time.getTime() : time), L.FIELD_TIME);
  }
  if (input.group !== undefined) {
    flags |= L.HAS_GROUP;
    text(input.group, L.FIELD_GROUP);
  }
  const metadata = input.metadata;
  if (metadata !== undefined) {
    if (typeof metadata !== "object" || metadata === null) throw refuse("type", point, L.FIELD_METADATA);
    const at = w++;
    let count = 0;
    for (const key of keysOf(metadata)) {
      // One above what is allowed is enough to be refused.
      if (count++ > 32) break;
      text(key, L.FIELD_METADATA);
      text(metadata[key], L.FIELD_METADATA);
    }
    words[at] = Math.min(count, 33);
    flags |= L.HAS_METADATA;
  }
  return flags;
}

/** The keys in the order in which they were read, as long as they are the same ones. */
function keysOf(metadata: Readonly<Record<string, string>>): string[] {
  const keys = Object.keys(metadata);
  const order = (metadata as { [ORDER]?: string[] })[ORDER];
  const isSame = order?.length === keys.length && order.every((key) => Object.hasOwn(metadata, key));
  return isSame ? order : keys;
}

function place(value: LocationInput, field: number): number {
  if (typeof value !== "object" || value === null) throw refuse("type", point, field);
  const { lat, lng, alt, text: exact } = value;
  if (typeof exact === "string" && says(exact, value)) {
    text(exact, field);
    return L.EXACT_PLACE;
  }
  const numbers = alt === undefined ? [lat, lng] : [lat, lng, alt];
  for (const number of numbers) if (typeof number !== "number") throw refuse("type", point, field);
  if (!numbers.every(isShort)) {
    text(numbers.map((number) => plain(number, field)).join(","), field);
    return L.EXACT_PLACE;
  }
  for (const number of numbers) reals[r++] = number;
  return alt === undefined ? 0 : L.HAS_ALT;
}

/** Whether the core writes a number: those of many digits are left to this side. What is not finite is for the core to refuse. */
function isShort(value: number): boolean {
  if (Math.abs(value) < 1e8) return Math.round(value * 1e7) / 1e7 === value;
  return Math.abs(value) <= 2 ** 53 ? Number.isInteger(value) : !Number.isFinite(value);
}

/** The shortest text of a number, without an exponent: as long as the core would write it. */
function plain(value: number, field: number): string {
  const digits = expanded(String(value));
  if (digits.replace(/\D/g, "").length > L.DIGITS) throw refuse("digits", point, field);
  return digits;
}

function expanded(shortest: string): string {
  const [mantissa, exponent] = shortest.split("e") as [string, string | undefined];
  if (exponent === undefined) return shortest;
  const [sign, whole, fraction] = /^(-?)(\d)\.?(\d*)$/.exec(mantissa)!.slice(1) as [string, string, string];
  const places = Number(exponent);
  return sign + (places < 0 ? `0.${"0".repeat(-1 - places)}${whole}${fraction}` : whole + fraction.padEnd(places, "0"));
}

/** Whether the exact text still says the same as the numbers. */
function says(text: string, { lat, lng, alt }: LocationInput): boolean {
  const first = text.indexOf(",");
  const second = text.indexOf(",", first + 1);
  const end = second < 0 ? text.length : second;
  const last = second < 0 ? undefined : Number(text.slice(second + 1));
  return first >= 0 && Number(text.slice(0, first)) === lat && Number(text.slice(first + 1, end)) === lng && last === alt;
}
