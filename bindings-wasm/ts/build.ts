// From objects to the tape: the records of reading, the other way round.

import { build as buildTape, note } from "#glue";
import { hasHalves, isWellFormed, outputText, own, put, putJoined, reals, refresh, start, turns, words } from "./core.js";
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
/** Whether all of them are of ASCII. */
let isAscii = true;
/** Whether each text is looked at by itself, to find one that is not well-formed. */
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
  return outputText(putPush(frame), isAscii);
}

/** The same left in the output: its length. */
export function putPush(frame: PushInput, target = TEXT): number {
  const { points, raw } = frame;
  if (points !== undefined) return putPoints(frame, points, target);
  const turn = begin(raw === undefined ? L.PUSH : L.RAW, frame);
  if (raw !== undefined) {
    // The core refuses what stands beside it; here there is no place for it.
    if (frame.variables !== undefined && frame.variables.length > 0) throw refuse("type", -1, L.FIELD_RAW);
    if (raw.encoding === "base64") words[1]! |= L.BASE64;
    else if (raw.encoding !== "hex") throw refuse("type", -1, L.FIELD_RAW);
    text(raw.data, L.FIELD_RAW);
  } else {
    // First: the lanes may be others after it.
    const flags = rest(frame.location, frame.time, frame.timeText, frame.group, frame.metadata);
    words[1]! |= flags;
    variables(frame.variables);
  }
  return finish(putPush, frame, target, turn);
}

/** Builds a PULL of the last values of these variables. */
export function pull(frame: PullInput): string {
  return outputText(putPull(frame), isAscii);
}

export function putPull(frame: PullInput, target = TEXT): number {
  const turn = begin(L.PULL, frame);
  if (!Array.isArray(frame.names)) throw refuse("type", -1, L.FIELD_NAMES);
  const names = frame.names as readonly string[];
  // One above what is allowed is enough to be refused.
  const count = Math.min(names.length, 101);
  words[w++] = count;
  for (let n = 0; n < count; n++) short(names[n], L.FIELD_NAMES);
  return finish(putPull, frame, target, turn);
}

/** Builds a PING. */
export function ping(frame: PingInput): string {
  return outputText(putPing(frame), isAscii);
}

export function putPing(frame: PingInput, target = TEXT): number {
  return finish(putPing, frame, target, begin(L.PING, frame));
}

/** Builds an answer. */
export function ack(answer: AckInput): string {
  return outputText(putAck(answer), isAscii);
}

export function putAck(answer: AckInput, target = TEXT): number {
  const turn = beginTape();
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
    flags |= integer(answer.count, answer.countText, L.FIELD_DETAIL);
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
  return finish(putAck, answer, target, turn);
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
  return outputText(putPoints(head, points), isAscii);
}

function putPoints(head: HeadInput, points: readonly PointInput[] | string, target = TEXT): number {
  // `tipwire/text` has no JSON to say them in, and so knows of variables only.
  if (target.build_points === undefined) throw refuse("missing", -1, L.FIELD_VARIABLE);
  let json: string;
  if (typeof points === "string") {
    json = points;
  } else {
    // JSON would have the digits of a number that was rounded.
    if (Array.isArray(points)) points.forEach(checkTime);
    try {
      json = JSON.stringify(points) ?? "null";
    } catch {
      // Circular, or with a `bigint`.
      throw refuse("type");
    }
  }
  const turn = begin(L.PUSH, head);
  // Nobody has looked at the texts of the points.
  isAscii = false;
  if (bring(turn) < 0) return carefully(() => putPoints(head, points, target));
  const length = target.build_points(json);
  if (length === 0) throw unbuilt();
  return length;
}

function checkTime(point: PointInput, n: number): void {
  const time: unknown = point?.time;
  if (typeof time === "number" && time > 2 ** 53) throw refuse("time_range", n, L.FIELD_TIME);
}

/** Which turn it is: see `bring`. */
function beginTape(): number {
  start();
  const turn = turns;
  // Between frames no tape tells of a text by a number that another text gets now.
  if (numbers.size >= L.KNOWN) numbers.clear();
  w = L.BUILD_HEAD;
  r = end = 0;
  texts = "";
  isAscii = true;
  point = -1;
  return turn;
}

function begin(kind: number, head: HeadInput): number {
  const turn = beginTape();
  words[0] = kind;
  words[1] = 0;
  if (head.seq !== undefined) {
    words[1] = L.HAS_SEQ;
    real(head.seq, L.FIELD_SEQ);
  }
  short(head.auth, L.FIELD_AUTH);
  short(head.serial, L.FIELD_SERIAL);
  return turn;
}

function finish<F>(again: (frame: F, target: Target) => number, frame: F, target: Target, turn: number): number {
  if (bring(turn) < 0) return carefully(() => again(frame, target));
  const length = target.build();
  if (length === 0) throw unbuilt();
  return length;
}

/**
 * Brings the texts over: how many bytes they are, or -1 where there are halves of characters among them,
 * and each has to be looked at by itself: one half could have become something beside another.
 * Only in the turn in which the tape was begun: what was asked for meanwhile has overwritten it.
 */
function bring(turn: number): number {
  if (turn !== turns) throw new TypeError("what is being built asked for something else meanwhile");
  const length = texts === "" ? 0 : putJoined(texts);
  if (length < 0) throw refuse("too_large");
  if (length !== end) {
    if (!isCareful && hasHalves(texts)) return -1;
    words[1]! |= L.WIDE;
    isAscii = false;
  }
  words[2] = length;
  texts = "";
  return length;
}

/** Does it all again, and looks at each text. */
function carefully(work: () => number): number {
  isCareful = true;
  try {
    return work();
  } finally {
    isCareful = false;
  }
}

function text(value: unknown, field: number): void {
  if (typeof value !== "string") throw refuse(value === undefined ? "missing" : "type", point, field);
  if (isCareful && !isWellFormed(value)) throw refuse("utf8", point, field);
  end += value.length;
  // What fills the input is more than a frame takes, wherever its end is.
  if (end >= L.INPUT - 3) throw refuse("too_large");
  texts += value;
  words[w++] = value.length;
}

/** The numbers of texts that the module has noted: from -1 on downwards of those that are not ASCII. */
const numbers = new Map<unknown, number>();
/** What was seen, each in one place that it can be in: what comes only once is not worth a note. */
const seen = new Uint32Array(L.KNOWN);

/** A text that may well come again: a name, a key, a unit, whoever sends. */
function short(value: unknown, field: number): void {
  const number = numbers.get(value);
  if (number !== undefined) {
    if (number < 0) isAscii = false;
    words[w++] = L.IS_KEPT + (number < 0 ? ~number : number);
    return;
  }
  text(value, field);
  if ((value as string).length <= L.NOTED) look(value as string);
}

/** Has a text noted that was seen before, as far as a number says. */
function look(value: string): void {
  let mixed = value.length;
  for (let n = 0; n < value.length; n++) mixed = (Math.imul(mixed, 31) + value.charCodeAt(n)) >>> 0;
  const place = mixed % L.KNOWN;
  if (seen[place] !== mixed) {
    seen[place] = mixed;
  } else if (numbers.size < L.KNOWN) {
    const bytes = put(value, 0);
    if (bytes < 0) return;
    const number = numbers.size;
    note(number, bytes);
    // The module's memory may have grown.
    refresh();
    numbers.set(own(value), bytes === value.length ? number : ~number);
  }
}

function real(value: unknown, field: number): void {
  if (typeof value !== "number") throw refuse("type", point, field);
  reals[r++] = value;
}

/** A time or a count: a number that is exact, or digits. Exact text counts as long as it says the same as the number. */
function integer(value: Digits, exact: string | undefined, field: number): number {
  if (typeof value === "number") {
    if (typeof exact !== "string" || Number(exact) !== value) {
      reals[r++] = value;
      return 0;
    }
    value = exact;
  }
  text(typeof value === "bigint" ? value.toString() : value, field);
  return L.HAS_LONG;
}

function variables(list: readonly VariableInput[]): void {
  if (!Array.isArray(list)) throw refuse(list === undefined ? "missing" : "type", -1, L.FIELD_VARIABLE);
  // One above what is allowed is enough to be refused.
  const count = Math.min(list.length, 101);
  words[w++] = count;
  for (let n = 0; n < count; n++) {
    point = n;
    variable(list[n] as VariableInput);
  }
  point = -1;
}

function variable(input: VariableInput): void {
  if (typeof input !== "object" || input === null) throw refuse("type", point);
  let name: unknown;
  let value: VariableInput["value"] | undefined;
  let type: VariableInput["type"];
  let exact: unknown;
  let unit: unknown;
  let location: LocationInput | undefined;
  let time: Digits | Date | undefined;
  let timeText: string | undefined;
  let group: unknown;
  let metadata: Metadata | undefined;
  if (Object.getPrototypeOf(input) !== Object.prototype) {
    ({ name, value, type, text: exact, unit, location, time, timeText, group, metadata } = input);
  } else {
    // Objects come in many shapes, most of few keys: to go over these is quicker than to look for each, if
    // every part is read at one place.
    const parts = input as unknown as Record<string, any>;
    for (const key in parts) {
      const part = parts[key];
      switch (key) {
        case "name":
          name = part;
          break;
        case "value":
          value = part;
          break;
        case "type":
          type = part;
          break;
        case "text":
          exact = part;
          break;
        case "unit":
          unit = part;
          break;
        case "location":
          location = part;
          break;
        case "time":
          time = part;
          break;
        case "timeText":
          timeText = part;
          break;
        case "group":
          group = part;
          break;
        case "metadata":
          metadata = part;
      }
    }
  }
  const at = w++;
  short(name, L.FIELD_VARIABLE);
  let flags = 0;
  switch (typeof value) {
    case "number": {
      if (type !== undefined && type !== "number") throw refuse("type", point, L.FIELD_VALUE);
      if (typeof exact === "string" && numberIn(exact, 0, exact.length) === value) {
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
      if (type === "number") {
        flags = L.EXACT;
      } else if (type === undefined || type === "string") {
        flags = L.STRING << L.TYPE_SHIFT;
      } else {
        throw refuse("type", point, L.FIELD_VALUE);
      }
      text(value, L.FIELD_VALUE);
      break;
    case "boolean":
      if (type !== undefined && type !== "boolean") throw refuse("type", point, L.FIELD_VALUE);
      flags = (L.BOOLEAN << L.TYPE_SHIFT) | (value ? L.TRUE : 0);
      break;
    default:
      if (value === undefined) throw refuse("missing", point, L.FIELD_VALUE);
      if (type !== undefined && type !== "location") throw refuse("type", point, L.FIELD_VALUE);
      flags = (L.LOCATION << L.TYPE_SHIFT) | place(value, L.FIELD_VALUE);
      // The core would say that it has one already, but has no flags for two.
      if (location !== undefined) throw refuse("type", point, L.FIELD_LOCATION);
  }
  if (unit !== undefined) {
    flags |= L.HAS_UNIT;
    short(unit, L.FIELD_UNIT);
  }
  // First: the lanes may be others after it.
  flags |= rest(location, time, timeText, group, metadata);
  words[at] = flags;
}

type Metadata = Readonly<Record<string, string>>;

/** What defaults and variables may have alike. */
function rest(
  location: LocationInput | undefined,
  time: Digits | Date | undefined,
  timeText: string | undefined,
  group: unknown,
  metadata: Metadata | undefined,
): number {
  let flags = 0;
  if (location !== undefined) flags |= L.HAS_LOCATION | place(location, L.FIELD_LOCATION);
  if (time !== undefined) {
    flags |= L.HAS_TIME | integer(time instanceof Date ? time.getTime() : time, timeText, L.FIELD_TIME);
  }
  if (group !== undefined) {
    flags |= L.HAS_GROUP;
    short(group, L.FIELD_GROUP);
  }
  if (metadata !== undefined) {
    pairs(metadata);
    flags |= L.HAS_METADATA;
  }
  return flags;
}

const { hasOwnProperty } = Object.prototype;

function pairs(metadata: Metadata): void {
  if (typeof metadata !== "object" || metadata === null) throw refuse("type", point, L.FIELD_METADATA);
  const at = w++;
  let count = 0;
  // One pair above what is allowed is enough to be refused.
  if ((metadata as { [ORDER]?: string[] })[ORDER] === undefined) {
    // To go over the keys while they are looked for is quicker than to have them told.
    for (const key in metadata) {
      if (!hasOwnProperty.call(metadata, key)) continue;
      if (count++ > 32) break;
      pair(key, metadata[key]);
    }
  } else {
    for (const key of keysOf(metadata)) {
      if (count++ > 32) break;
      pair(key, metadata[key]);
    }
  }
  words[at] = Math.min(count, 33);
}

function pair(key: string, value: unknown): void {
  short(key, L.FIELD_METADATA);
  text(value, L.FIELD_METADATA);
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
  if (typeof lat !== "number" || typeof lng !== "number" || (alt !== undefined && typeof alt !== "number")) {
    throw refuse("type", point, field);
  }
  if (!isShort(lat) || !isShort(lng) || (alt !== undefined && !isShort(alt))) {
    const digits = `${plain(lat, field)},${plain(lng, field)}`;
    text(alt === undefined ? digits : `${digits},${plain(alt, field)}`, field);
    return L.EXACT_PLACE;
  }
  reals[r++] = lat;
  reals[r++] = lng;
  if (alt === undefined) return 0;
  reals[r++] = alt;
  return L.HAS_ALT;
}

/** Whether the core writes a number: those of many digits are left to this side. What is not finite is for the core to refuse. */
function isShort(value: number): boolean {
  if (Math.abs(value) < 1e8) return Math.round(value * 1e7) / 1e7 === value;
  return Math.abs(value) <= 2 ** 53 ? Number.isInteger(value) : !Number.isFinite(value);
}

/** The shortest text of a number, without an exponent: as long as the core would write it. */
function plain(value: number, field: number): string {
  const digits = expanded(Object.is(value, -0) ? "-0" : String(value));
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
  const last = second < 0 ? undefined : numberIn(text, second + 1, text.length);
  return first >= 0 && numberIn(text, 0, first) === lat && numberIn(text, first + 1, end) === lng && last === alt;
}

/** The number that a part of a text is. */
function numberIn(text: string, from: number, to: number): number {
  const isNegative = text.charCodeAt(from) === 0x2d;
  // So few digits are a number without loss, and so is the power of ten that it is divided by.
  let digits = 0;
  let places = 0;
  let isPoint = true;
  let at = isNegative ? from + 1 : from;
  if (to - at <= 15) {
    for (; at < to; at++) {
      const digit = text.charCodeAt(at) - 0x30;
      if (digit >= 0 && digit <= 9) {
        digits = digits * 10 + digit;
        places *= 10;
        isPoint = false;
      } else if (digit === -2 && !isPoint && places === 0) {
        places = 1;
        isPoint = true;
      } else {
        break;
      }
    }
    if (at === to && !isPoint) {
      const number = places === 0 ? digits : digits / places;
      return isNegative ? -number : number;
    }
  }
  return Number(text.slice(from, to));
}
