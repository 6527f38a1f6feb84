// What ThingsPanel has of its own: packets; values, events and gateways; raw messages; topics.

import * as glue from "#glue";

import { decode, outputText, sideText, start, words } from "./core.js";
import { unbuilt, unreadable } from "./error.js";
import { FIELD_AUTH, FIELD_SERIAL } from "./layout.js";
import { asText, asWord, type ByName, byName, bytesOf, lengthsOf } from "./load.js";
import { type Pushed, textOfPush } from "./pushed.js";

export type { ByName, Pushed };
export { ATTRIBUTES, AUTH, DATA, DEVICE_NOT_FOUND, EVENTS, HEARTBEAT, NOT_A_PACKET, NOT_AUTHORIZED, REGISTER_FAILED } from "./names.js";

/** A packet: types and commands that nobody knows are kept as they are. */
export interface Packet {
  /** `DATA` or `HEARTBEAT`. */
  type: number;
  /** `AUTH` for an access token, `ATTRIBUTES`, `EVENTS`. */
  command: number;
  payload: Uint8Array;
}

/** Reads one whole packet. */
export function parsePacket(packet: Uint8Array): Packet {
  start();
  const bytes = bytesOf(packet);
  if (glue.packet(bytes) === 0) throw unreadable(0);
  start();
  return { type: words[0]!, command: words[1]!, payload: new Uint8Array(bytes.subarray(words[2]!)) };
}

/** Writes a packet, its length computed. */
export function packet({ type, command, payload = "" }: { type: number; command: number; payload?: string | Uint8Array | undefined }): Uint8Array {
  start();
  const bytes = glue.write_packet(asWord(type, 0xff), asWord(command, 0xff), bytesOf(payload));
  if (bytes === undefined) throw unbuilt();
  return bytes;
}

/** The data points of a PUSH as attributes or telemetry: `{"temperature":36.5}`, digits kept. */
export function values(push: Pushed): string {
  return json(undefined, push);
}

/** The same as an event: `{"method":"…","params":{…}}`. */
export function event(method: string, push: Pushed): string {
  return json(asText(method), push);
}

/** What a gateway sends in packets of attributes: PUSHes by the addresses of the devices behind it. */
export function subDevices(devices: ByName<Pushed>): string {
  return gathered(undefined, devices);
}

/** What a gateway sends over MQTT: the data points of its own, and PUSHes by the addresses of the devices behind it. */
export function gateway(own: Pushed, devices: ByName<Pushed>): string {
  return gathered(textOfPush(own), devices);
}

function json(method: string | undefined, push: Pushed): string {
  start();
  const length = glue.panel_json(method, textOfPush(push));
  if (length === 0) throw unreadable(0);
  return sideText(length);
}

function gathered(own: string | undefined, devices: ByName<Pushed>): string {
  start();
  const texts = Array.from(byName(devices), ([address, push]) => [asText(address), textOfPush(push)]).flat();
  const length = glue.panel_devices(own, texts.join(""), lengthsOf(texts));
  if (length === 0) throw unreadable(0);
  return sideText(length);
}

/** A PUSH of what such an object of values says, from a device. */
export function valuesPush(json: string | Uint8Array, { auth, serial }: { auth: string; serial: string }): string {
  start();
  const length = glue.panel_push(bytesOf(json), asText(auth, FIELD_AUTH), asText(serial, FIELD_SERIAL));
  if (length === 0) throw unbuilt();
  return outputText(length);
}

/** An event: what happened, and the JSON object of what is known of it, for `valuesPush`. */
export interface PanelEvent {
  method: string;
  params: string | undefined;
}

/** Reads an event; `params` may be missing, `method` may not. */
export function parseEvent(json: string | Uint8Array): PanelEvent {
  const { text, object } = places(0, json);
  return { method: text()!, params: object() };
}

/** A device behind a gateway, and the JSON object of its values, for `valuesPush`. */
export interface SubDevice {
  address: string;
  values: string;
}

/** Reads what a gateway sends in packets of attributes: the values of the devices behind it. */
export function parseSubDevices(json: string | Uint8Array): SubDevice[] {
  return readGateway(1, json).devices;
}

/** What a gateway says over MQTT of itself and of the devices behind it. */
export interface Gateway {
  own: string | undefined;
  devices: SubDevice[];
}

/** Reads what a gateway sends over MQTT; both parts may be missing. */
export function parseGateway(json: string | Uint8Array): Gateway {
  return readGateway(2, json);
}

function readGateway(what: number, json: string | Uint8Array): Gateway {
  const { text, object } = places(what, json);
  const own = object();
  const devices: SubDevice[] = [];
  for (let address; (address = text()) !== undefined; ) devices.push({ address, values: object()! });
  return { own, devices };
}

/** One attribute. */
export interface Attribute {
  /** The address of the device behind a gateway that it is of, if it is of one. */
  device: string | undefined;
  name: string;
  value: unknown;
  /** The exact digits of a number. */
  text: string | undefined;
}

/** Reads whatever a packet of attributes says, value by value. An object is what a device behind a gateway says, unless it is a location. */
export function attributes(json: string | Uint8Array): Attribute[] {
  const { text, object, ended } = places(3, json);
  const all: Attribute[] = [];
  while (!ended()) {
    const [device, name, digits] = [text(), text()!, object()!];
    const value: unknown = JSON.parse(digits);
    all.push({ device, name, value, text: typeof value === "number" ? digits : undefined });
  }
  return all;
}

/** The parts of a JSON text, in turn: texts without their quotes, others as they stand; nothing where there is none. */
function places(what: number, json: string | Uint8Array) {
  start();
  const bytes = bytesOf(json);
  const found = glue.panel_places(what, bytes);
  if (found === undefined) throw unbuilt();
  let at = 0;
  const object = (): string | undefined => {
    const [from, to] = [found[at++], found[at++]];
    return from === to ? undefined : decode(bytes.subarray(from, to));
  };
  const text = (): string | undefined => {
    const quoted = object();
    return quoted === undefined ? undefined : (JSON.parse(quoted) as string);
  };
  return { object, text, ended: () => at === found.length };
}

/** A message of the custom port, as the platform hands it on. */
export interface RawMessage {
  /** The access token of the device. */
  token: string;
  message: Uint8Array;
}

/** Writes the platform's envelope of a raw message: `{"token":"…","values":"<base64>"}`. */
export function raw({ token, message }: { token: string; message: string | Uint8Array }): string {
  start();
  return sideText(glue.panel_raw(asText(token), bytesOf(message)));
}

/** Reads such an envelope. */
export function parseRaw(json: string | Uint8Array): RawMessage {
  start();
  const message = glue.parse_panel_raw(bytesOf(json));
  if (message === undefined) throw unbuilt();
  start();
  return { token: sideText(words[0]!), message };
}

/** The access token that the first message of a raw connection is: LF and CR around it are dropped. */
export function rawToken(message: string | Uint8Array): Uint8Array {
  start();
  return glue.panel_token(bytesOf(message));
}

/** What a topic is for. */
export type Channel = "telemetry" | "attributes" | "event";

/** Where something is published: by a device or (`gateway`) by a gateway; `id` is the message's, which telemetry has not. */
export interface Topic {
  channel: Channel;
  gateway: boolean;
  id: string;
}

/** Writes a topic. */
export function topic({ channel, gateway = false, id = "" }: { channel: Channel; gateway?: boolean | undefined; id?: string | undefined }): string {
  start();
  const length = glue.panel_topic(asText(channel), asText(id), Boolean(gateway));
  if (length === 0) throw unbuilt();
  return sideText(length);
}

/** Reads a topic. */
export function parseTopic(topic: string): Topic {
  start();
  if (glue.parse_panel_topic(asText(topic)) === 0) throw unreadable(0);
  start();
  const [gateway, name, id] = words as unknown as [number, number, number];
  const text = sideText(name + id);
  return { channel: text.slice(0, name) as Channel, gateway: gateway === 1, id: text.slice(name) };
}
