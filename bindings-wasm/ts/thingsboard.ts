// What ThingsBoard has of its own: converters of messages, telemetry, downlinks.

import {
  Converter as CoreConverter,
  moments as writeMoments,
  downlink as writeDownlink,
  telemetry as writeTelemetry,
  thingsboard_topic,
  uplink_push,
  uplinks as takeApart,
} from "#glue";

import { outputText, sideText, start } from "./core.js";
import { refuse, unbuilt, unconvertible, unreadable } from "./error.js";
import { FREED } from "./freed.js";
import { FIELD_AUTH, FIELD_SERIAL } from "./layout.js";
import { asText, type ByName, byName, bytesOf, lengthsOf } from "./load.js";
import type { ConverterName } from "./names.js";
import { type Pushed, textOfPush } from "./pushed.js";
import type { Digits } from "./types.js";

export type { ByName, ConverterName, Pushed };

/** What makes a message uplink objects: their JSON, or what JSON says of it. */
export type ConvertFunction = (message: Uint8Array) => unknown;

/** A value of telemetry. */
export interface UplinkPoint {
  variable: string;
  value: unknown;
  /** The exact digits of a number. */
  text: string | undefined;
  time: number | undefined;
  timeText: string | undefined;
}

/** Makes messages uplink objects: `text`, `json` or `binary` with settings, or a function in the same place. */
export class Converter {
  #converter: CoreConverter | ConvertFunction;

  constructor(converter: ConverterName | ConvertFunction, settings: object | string = "") {
    if (typeof converter === "function") {
      if (settings !== "") throw refuse("invalid_settings");
      this.#converter = converter;
      return;
    }
    start();
    this.#converter = new CoreConverter(asText(converter), jsonOf(settings));
    if (!this.#converter.is_valid()) {
      this.#converter.free();
      throw unconvertible();
    }
  }

  /** The uplink object of a message, or the list of them, as JSON whose numbers keep their digits. */
  convert(message: string | Uint8Array): string {
    const bytes = bytesOf(message);
    if (typeof this.#converter === "function") {
      const json = jsonOf(this.#converter(bytes));
      // What the function made is checked before anybody relies on it.
      if (takeApart(json) === 0) throw unconvertible();
      return json;
    }
    const length = this.#converter.convert(bytes);
    if (length === 0) throw unconvertible();
    return sideText(length);
  }

  /** The same, taken apart. */
  uplinks(message: string | Uint8Array): Uplink[] {
    return parseUplinks(this.convert(message));
  }

  /** Gives its memory back; it cannot be used after that. */
  free(): void {
    if (typeof this.#converter !== "function") this.#converter.free();
    this.#converter = FREED;
  }

  [Symbol.dispose](): void {
    this.free();
  }
}

/** What a converter made of a message, or of a part of it. */
export class Uplink {
  readonly #json: string;
  readonly #nth: number;
  readonly name: string;
  readonly type: string | undefined;
  readonly isAsset: boolean;
  readonly points: UplinkPoint[];
  readonly attributes: Record<string, unknown>;

  /** @internal */
  constructor(json: string, nth: number, found: Found) {
    this.#json = json;
    this.#nth = nth;
    this.name = found.name;
    this.type = found.type ?? undefined;
    this.isAsset = found.isAsset;
    this.points = found.points.map(({ variable, value, text, time, timeText }) => ({ variable, value, text, time, timeText }));
    this.attributes = found.attributes;
  }

  /** Its telemetry as a frame, from the device of its name. */
  push({ auth, serial }: { auth: string; serial?: string | undefined }): string {
    const length = uplink_push(this.#json, this.#nth, asText(auth, FIELD_AUTH), serial === undefined ? undefined : asText(serial, FIELD_SERIAL));
    if (length === 0) throw unbuilt();
    return outputText(length);
  }
}

interface Found {
  name: string;
  type: string | null;
  isAsset: boolean;
  points: UplinkPoint[];
  attributes: Record<string, unknown>;
}

/** Checks uplink objects, one or a list of them, and takes them apart. */
export function parseUplinks(uplinks: unknown): Uplink[] {
  start();
  const json = jsonOf(uplinks);
  const length = takeApart(json);
  if (length === 0) throw unconvertible();
  return (JSON.parse(sideText(length)) as Found[]).map((found, nth) => new Uplink(json, nth, found));
}

/** What telemetry has beside the values. */
export interface TelemetrySettings {
  /** Whether unit, group, location and metadata are values too. */
  details?: boolean | undefined;
}

/** The telemetry of a PUSH, as a device publishes its own. */
export function telemetry(push: Pushed, { details = false }: TelemetrySettings = {}): string {
  return written(0, push, undefined, details);
}

/** The same as a gateway publishes it, for one of the devices behind it: that of this name, or of the serial. */
export function gatewayTelemetry(
  push: Pushed,
  { device, details = false }: TelemetrySettings & { device?: string | undefined } = {},
): string {
  return written(1, push, device, details);
}

/** Values of one time, by their names: each is JSON, so that digits are kept as a store has them. */
export interface Moment {
  /** UNIX milliseconds: above 2^53 only as text or `bigint`. */
  time: Digits;
  values: ByName<string>;
}

/** Stored values of several devices, by their names, as a gateway publishes them. */
export function gatewayMoments(devices: ByName<Iterable<Moment>>): string {
  start();
  const [names, texts, counts, sizes]: [string[], string[], number[], number[]] = [[], [], [], []];
  for (const [name, moments] of byName(devices)) {
    let count = 0;
    for (const { time, values } of moments) {
      const exact = milliseconds(time);
      const first = texts.length;
      for (const [key, json] of byName(values)) texts.push(asText(key), checkedJson(json));
      sizes.push((texts.length - first) / 2, Number(exact >> 32n), Number(exact & 0xffff_ffffn));
      count++;
    }
    names.push(asText(name));
    counts.push(count, name.length);
  }
  const all = [...names, ...texts].join("");
  return sideText(writeMoments(all, Uint32Array.from(counts), Uint32Array.from(sizes), lengthsOf(texts)));
}

function milliseconds(time: Digits): bigint {
  const isExact = typeof time === "number" ? Number.isSafeInteger(time) : typeof time === "bigint" || /^[0-9]{1,20}$/.test(time);
  const exact = isExact ? BigInt(time) : -1n;
  if (exact < 0n || exact >> 64n > 0n) throw refuse("time_range");
  return exact;
}

/** JSON that is written as it is. */
function checkedJson(json: string): string {
  try {
    JSON.parse(asText(json));
  } catch (error) {
    throw error instanceof SyntaxError ? refuse("json") : error;
  }
  return json;
}

/** A PUSH as an uplink object, the serial as the name of the device. */
export function uplink(push: Pushed, { details = false }: TelemetrySettings = {}): string {
  return written(2, push, undefined, details);
}

function written(form: number, push: Pushed, device: string | undefined, details: boolean): string {
  start();
  const length = writeTelemetry(form, textOfPush(push), device === undefined ? undefined : asText(device), Boolean(details));
  if (length === 0) throw unreadable(0);
  return sideText(length);
}

/** The bytes that a downlink (`{ contentType, data }`, or its JSON) sends to a device. */
export function downlink(value: unknown): Uint8Array {
  start();
  const bytes = writeDownlink(jsonOf(value));
  if (bytes === undefined) throw unconvertible();
  return bytes;
}

/** JSON text, or what JSON says of a value. */
function jsonOf(value: unknown): string {
  if (typeof value === "string") return asText(value);
  let json: string | undefined;
  try {
    json = JSON.stringify(value);
  } catch {
    // Circular, or with a `bigint`.
  }
  if (json === undefined) throw refuse("type");
  return json;
}

const topics: string[] = [];
function topic(of: number): string {
  start();
  return (topics[of] ??= sideText(thingsboard_topic(of)));
}

/** Where a device publishes its own telemetry. */
export const deviceTopic = (): string => topic(0);

/** Where a gateway publishes the telemetry of the devices behind it. */
export const gatewayTopic = (): string => topic(1);
