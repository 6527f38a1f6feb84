// What ThingsPanel has of its own: packets, values and events, topics.

import * as glue from "#glue";

import { build } from "./build.js";
import { outputText, sideText, start, words } from "./core.js";
import { refuse, unbuilt, unreadable } from "./error.js";
import { asText, bytesOf, textOf } from "./load.js";
import type { Frame } from "./types.js";

/** A packet: types and commands that nobody knows are kept as they are. */
export interface Packet {
  /** 0 for data, 1 for a heartbeat. */
  type: number;
  /** 0 for an access token, 1 for attributes, 2 for events. */
  command: number;
  payload: Uint8Array;
}

/** Reads one whole packet. */
export function parsePacket(packet: Uint8Array): Packet {
  start();
  const bytes = bytesOf(packet);
  if (glue.packet(bytes) === 0) throw unreadable(0);
  start();
  return { type: words[0]!, command: words[1]!, payload: bytes.slice(words[2]!) };
}

/** Writes a packet, its length computed. */
export function packet({ type, command, payload = "" }: { type: number; command: number; payload?: string | Uint8Array | undefined }): Uint8Array {
  start();
  for (const number of [type, command]) {
    if (!Number.isInteger(number) || number < 0 || number > 255) throw refuse("type");
  }
  const bytes = glue.write_packet(type, command, bytesOf(payload));
  if (bytes === undefined) throw unbuilt();
  return bytes;
}

/** The data points of a PUSH as attributes or telemetry: `{"temperature":36.5}`, digits kept. */
export function values(push: Frame | string | Uint8Array): string {
  return json(undefined, push);
}

/** The same as an event: `{"method":"…","params":{…}}`. */
export function event(method: string, push: Frame | string | Uint8Array): string {
  return json(asText(method), push);
}

function json(method: string | undefined, push: Frame | string | Uint8Array): string {
  start();
  const frame = typeof push === "string" || push instanceof Uint8Array ? textOf(push) : build(push);
  const length = glue.panel_json(method, frame);
  if (length === 0) throw unreadable(0);
  return sideText(length);
}

/** A PUSH of what such an object of values says, from a device. */
export function valuesPush(json: string | Uint8Array, { auth, serial }: { auth: string; serial: string }): string {
  start();
  const length = glue.panel_push(bytesOf(json), asText(auth), asText(serial));
  if (length === 0) throw unbuilt();
  return outputText(length);
}

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
