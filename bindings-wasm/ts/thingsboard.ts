// What ThingsBoard has of its own: converters of messages, telemetry, downlinks.

import {
  Converter as CoreConverter,
  downlink as writeDownlink,
  telemetry as writeTelemetry,
  thingsboard_topic,
  uplink_push,
  uplinks as takeApart,
} from "#glue";

import { build } from "./build.js";
import { outputText, sideText, start } from "./core.js";
import { refuse, unbuilt, unconvertible, unreadable } from "./error.js";
import { asText, bytesOf, textOf } from "./load.js";
import type { Frame } from "./types.js";

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
  readonly #converter: CoreConverter | ConvertFunction;

  constructor(converter: "text" | "json" | "binary" | ConvertFunction, settings: object | string = "") {
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
    const length = uplink_push(this.#json, this.#nth, asText(auth), serial === undefined ? undefined : asText(serial));
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

export interface TelemetrySettings {
  /** Whether unit, group, location and metadata are values too. */
  details?: boolean | undefined;
}

/** The telemetry of a PUSH, as a device publishes its own. */
export function telemetry(push: Frame | string | Uint8Array, { details = false }: TelemetrySettings = {}): string {
  return written(0, push, undefined, details);
}

/** The same as a gateway publishes it, for one of the devices behind it: that of this name, or of the serial. */
export function gatewayTelemetry(
  push: Frame | string | Uint8Array,
  { device, details = false }: TelemetrySettings & { device?: string | undefined } = {},
): string {
  return written(1, push, device, details);
}

/** A PUSH as an uplink object, the serial as the name of the device. */
export function uplink(push: Frame | string | Uint8Array, { details = false }: TelemetrySettings = {}): string {
  return written(2, push, undefined, details);
}

function written(form: number, push: Frame | string | Uint8Array, device: string | undefined, details: boolean): string {
  start();
  const frame = typeof push === "string" || push instanceof Uint8Array ? textOf(push) : build(push);
  const length = writeTelemetry(form, frame, device === undefined ? undefined : asText(device), Boolean(details));
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
