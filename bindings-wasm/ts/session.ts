// Both sides of a connection, without the connection. Times are milliseconds since anything that does
// not go backwards, such as `performance.now()`.

import { Client as CoreClient, Devices as CoreDevices, Server as CoreServer } from "#glue";

import { putAck, putPing, putPull, putPush } from "./build.js";
import { at, forget, input, outputBytes, reals, start, words } from "./core.js";
import { type Sealer, take } from "./envelope.js";
import { ofKind, refuse, type TipwireError, unbuilt } from "./error.js";
import { FREED } from "./freed.js";
import * as L from "./layout.js";
import { asWord, load, loadBytes, loadEither } from "./load.js";
import { readAck, readFrame, readText, readWord, sideTape } from "./read.js";
import type { Ack, AckInput, Frame, PullInput, PushInput, WithoutHead } from "./types.js";

/** What a server tells. */
export type ServerEvent =
  /** A device asks for something: to be answered, in order, with this ticket. Under TagoTiP/S the frame has neither counter nor authorization: `number` and `auth` are those of the envelope. */
  | { type: "request"; ticket: bigint; number: number | undefined; frame: Frame; auth: string; serial: string; sealed: boolean }
  /** What came was no request, or must not be fulfilled; the answer has been written. */
  | { type: "rejected"; code: string; error: TipwireError | undefined }
  /** The session is over: what is left to be sent is to be sent, and the connection closed. */
  | { type: "closed"; code: string };

/** What a client tells. */
export type ClientEvent =
  /** A connection is wanted: `connected` or `disconnected` says what came of it. */
  | { type: "connect" }
  /** The connection is to be closed, and counts as closed already: for a code of the server, for `timeout` or because something was `unreadable`. */
  | { type: "disconnect"; reason: string }
  /** A request got its answer. `done`: it was fulfilled. `repeated`: it was sent more than once. */
  | { type: "answer"; number: number; method: "PUSH" | "PULL" | "PING"; done: boolean; repeated: boolean; ack: Ack }
  /** The server has a command; `answers` is the number of the PING that it came with. */
  | { type: "command"; text: string; answers: number | undefined }
  /** A request got no answer and is given up, or made room for others: nobody knows whether it was fulfilled. */
  | { type: "lost"; number: number }
  /** An answer that nothing waits for. */
  | { type: "extra"; ack: Ack }
  /** What came cannot be read. */
  | { type: "unreadable"; error: TipwireError };

/** How a server behaves; times are milliseconds, 0 is never. What is not given is as the core has it. */
export interface ServerSettings {
  /** When the connection was accepted. */
  now?: number | undefined;
  /** Keys and counters. */
  devices?: Devices | undefined;
  datagrams?: boolean | undefined;
  /** How long a connection may be silent. */
  idle?: number | undefined;
  /** How long it lives. */
  ttl?: number | undefined;
  /** The longest frame. */
  maxFrame?: number | undefined;
  /** The most bytes that wait to be sent. */
  maxOutput?: number | undefined;
}

/** How a client behaves; times are milliseconds, 0 is never. What is not given is as the core has it. */
export interface ClientSettings {
  auth: string;
  serial: string;
  /** Seals what is sent, and opens what comes; it belongs to the client from then on. */
  sealer?: Sealer | undefined;
  datagrams?: boolean | undefined;
  /** After which silence of its own it sends a PING. */
  keepAlive?: number | undefined;
  /** How long it waits for an answer, or a connection. */
  timeout?: number | undefined;
  /** How long it waits before it connects again, the first time. */
  retryFirst?: number | undefined;
  /** The longest such wait. */
  retryMax?: number | undefined;
  /** How often a request is sent before it is given up; 0 for as often as it takes. */
  attempts?: number | undefined;
  /** Whether the oldest requests make room where there is none; else new ones are refused with `full`. */
  dropOldest?: boolean | undefined;
  /** The number of the first request: the `counter` that was stored. */
  nextNumber?: number | undefined;
  /** Where the jitter comes from: every device should have its own. */
  seed?: number | undefined;
  /** The most bytes of requests that are kept. */
  maxQueue?: number | undefined;
  /** The longest answer. */
  maxAnswer?: number | undefined;
}

/** Where `answer` and `send` find what they take. */
const FROM_INPUT = 0;
const FROM_OUTPUT = 1;

/** Numbers, in the order that the other side has for them. */
function set(settings: readonly (number | boolean | undefined)[]): void {
  start();
  settings.forEach((setting, n) => {
    // What is no number is refused there, as NaN would not be.
    reals[n] = setting === undefined ? Number.NaN : typeof setting === "boolean" ? Number(setting) : Number.isFinite(setting) ? setting : -1.5;
  });
}

function receive(core: { receive(length: number): void }, bytes: Uint8Array): void {
  if (!(bytes instanceof Uint8Array)) throw refuse("type");
  for (let from = 0; from < bytes.length; from += L.INPUT / 2) {
    core.receive(loadBytes(bytes.subarray(from, from + L.INPUT / 2)));
  }
}

/** A copy of what is to be sent. */
function sending(core: { output(): void }): Uint8Array {
  core.output();
  start();
  return at(words[0]!, words[1]!).slice();
}

const due = (deadline: number): number | undefined => (Number.isNaN(deadline) ? undefined : deadline);

function readNumber(): number | undefined {
  const isThere = readWord();
  const number = readWord();
  return isThere === 1 ? number : undefined;
}

function readError(): TipwireError | undefined {
  const kind = readWord();
  const at = readWord();
  return kind === L.NONE ? undefined : ofKind(kind, at);
}

/** What is behind devices. */
let behind: (devices: Devices) => CoreDevices;

/** What servers know of devices: keys, and counters to enforce. */
export class Devices {
  #devices: CoreDevices;

  static {
    behind = (devices) => devices.#devices;
  }

  constructor() {
    start();
    this.#devices = new CoreDevices();
  }

  /** From now on the counters of this device must go up, or come late by at most `window`. */
  enforceSequence(auth: string, serial: string, settings: { window?: number | undefined; state?: Uint8Array | undefined } = {}): void {
    const { window = 0, state } = settings;
    const authEnd = load(auth, 0, L.FIELD_AUTH);
    const serialEnd = load(serial, authEnd, L.FIELD_SERIAL);
    if (!Number.isInteger(window) || window < 0 || window > 255) throw refuse("invalid_settings");
    let length = 0;
    if (state !== undefined) {
      // As text it would not be the same bytes.
      if (!(state instanceof Uint8Array) || state.length === 0 || state.length > 64) throw refuse("invalid_settings");
      if (serialEnd > L.INPUT / 2) throw refuse("too_large");
      input.set(state, serialEnd);
      length = state.length;
    }
    if (!this.#devices.enforce(authEnd, serialEnd - authEnd, length, window)) throw refuse("invalid_settings");
  }

  /** What to store of such a counter, and to give back as `state`. */
  sequenceState(auth: string, serial: string): Uint8Array | undefined {
    const authEnd = load(auth, 0, L.FIELD_AUTH);
    const length = this.#devices.state(authEnd, load(serial, authEnd, L.FIELD_SERIAL) - authEnd);
    return length === 0 ? undefined : outputBytes(length);
  }

  /** Takes a number back, before a request that could not be stored is refused: so that it may come again. */
  retract(auth: string, serial: string, number: number): void {
    const authEnd = load(auth, 0, L.FIELD_AUTH);
    this.#devices.retract(authEnd, load(serial, authEnd, L.FIELD_SERIAL) - authEnd, asWord(number));
  }

  /** Adds the key of a device; the sealer belongs to this from now on. Gives the key's name. */
  addKey(sealer: Sealer): number {
    return this.#devices.add(take(sealer));
  }

  /** The next counter of the answers that a key seals: to be stored. */
  counter(name: number): number {
    return known(this.#devices.counter(name));
  }

  /** Makes sure that so many counters can be used, and gives what is to be stored before they are. */
  reserve(name: number, count: number): number {
    return known(this.#devices.reserve(name, asWord(count)));
  }

  /** Gives its memory back, the keys wiped. */
  free(): void {
    this.#devices.free();
    this.#devices = FREED;
  }

  [Symbol.dispose](): void {
    this.free();
  }
}

function known(counter: number): number {
  if (Number.isNaN(counter)) throw refuse("type");
  return counter;
}

/** One connection, seen from the server: bytes in, requests out; answers in, bytes out. */
export class Server {
  #server: CoreServer;
  readonly #devices: Devices;
  readonly #owned: Devices | undefined;

  constructor(settings: ServerSettings = {}) {
    const { now = 0, devices, datagrams, idle, ttl, maxFrame, maxOutput } = settings;
    set([datagrams, idle, ttl, maxFrame, maxOutput]);
    this.#server = new CoreServer(now);
    if (!this.#server.is_valid()) {
      const error = unbuilt();
      this.#server.free();
      throw error;
    }
    this.#owned = devices === undefined ? new Devices() : undefined;
    this.#devices = devices ?? this.#owned!;
  }

  /** Takes what came from the connection. */
  receive(bytes: Uint8Array): void {
    receive(this.#server, bytes);
  }

  /** The next thing that happened. */
  nextEvent(now: number): ServerEvent | undefined {
    this.#server.next(now, behind(this.#devices));
    sideTape();
    switch (readWord()) {
      case L.REQUEST: {
        const ticket = BigInt(readWord()) | (BigInt(readWord()) << 32n);
        const sealed = readWord() === 1;
        const number = readNumber();
        const auth = readText();
        const serial = readText();
        return { type: "request", ticket, number, frame: readFrame(), auth, serial, sealed };
      }
      case L.REJECTED:
        return { type: "rejected", code: readText(), error: readError() };
      case L.CLOSED:
        return { type: "closed", code: readText() };
      default:
        return undefined;
    }
  }

  /** Takes what came, and gives all that happened. */
  events(bytes: Uint8Array, now: number): ServerEvent[] {
    this.receive(bytes);
    return all(this, now);
  }

  /** Answers the oldest request that has no answer: `{ count: 2 }`, or an answer that was built, whose counter is made that of the request. */
  answer(ticket: bigint, answer: AckInput | string | Uint8Array): void {
    if (typeof ticket !== "bigint") throw refuse("type");
    const isWritten = typeof answer === "string" || answer instanceof Uint8Array;
    const length = isWritten ? loadEither(answer) : putAck(answer);
    const source = isWritten ? FROM_INPUT : FROM_OUTPUT;
    if (this.#server.answer(ticket, source, length, behind(this.#devices)) === 0) throw unbuilt();
  }

  /** Sends a command that the device did not ask for. */
  command(text: string): void {
    if (this.#server.command(load(text, 0), behind(this.#devices)) === 0) throw unbuilt();
  }

  /** All that is to be sent now; it counts as sent. */
  dataToSend(): Uint8Array {
    const bytes = sending(this.#server);
    this.#server.sent(bytes.length);
    return bytes;
  }

  /** When `handleTimeout` is to be called. */
  get deadline(): number | undefined {
    return due(this.#server.deadline());
  }

  /** Does what is due. */
  handleTimeout(now: number): void {
    this.#server.handle_timeout(now);
  }

  /** Ends the session with a code of the protocol, as soon as all is answered. */
  close(code: string): void {
    if (!this.#server.close(load(code, 0))) throw refuse("type");
  }

  /** How many requests have no answer. */
  get unanswered(): number {
    return this.#server.unanswered();
  }

  /** How many received bytes wait for answers to be given first. */
  get waiting(): number {
    return this.#server.waiting();
  }

  /** Whether it is over. */
  get closed(): boolean {
    return this.#server.is_closed();
  }

  /** What the first byte was of. */
  get mode(): "text" | "envelopes" | undefined {
    return ([undefined, "text", "envelopes"] as const)[this.#server.mode()];
  }

  /** Gives its memory back. `devices` that were handed in go on. */
  free(): void {
    this.#server.free();
    this.#server = FREED;
    this.#owned?.free();
  }

  [Symbol.dispose](): void {
    this.free();
  }
}

/** One device, seen from itself: requests in, bytes out; bytes in, answers and commands out. */
export class Client {
  #client: CoreClient;
  readonly auth: string;
  readonly serial: string;

  constructor(settings: ClientSettings) {
    const { auth, serial, sealer, datagrams, keepAlive, timeout, retryFirst, retryMax, attempts, dropOldest, nextNumber, seed, maxQueue, maxAnswer } = settings;
    set([datagrams, keepAlive, timeout, retryFirst, retryMax, attempts, dropOldest, nextNumber, seed, maxQueue, maxAnswer]);
    const authEnd = load(auth, 0, L.FIELD_AUTH);
    const serialEnd = load(serial, authEnd, L.FIELD_SERIAL);
    this.auth = auth;
    this.serial = serial;
    this.#client = new CoreClient(authEnd, serialEnd - authEnd, sealer === undefined ? undefined : take(sealer));
    // The authorization may be a token.
    forget();
    if (!this.#client.is_valid()) {
      const error = unbuilt();
      this.#client.free();
      throw error;
    }
  }

  /** Queues a PUSH; gives the number by which its answer will be known. */
  push(frame: WithoutHead<PushInput>, now: number): number {
    return this.#queue(FROM_OUTPUT, putPush({ ...frame, auth: this.auth, serial: this.serial } as PushInput), now);
  }

  /** Queues a PULL of the last values of these variables. */
  pull(names: readonly string[], now: number): number {
    return this.#queue(FROM_OUTPUT, putPull({ names, auth: this.auth, serial: this.serial } as PullInput), now);
  }

  /** Queues a PING. */
  ping(now: number): number {
    return this.#queue(FROM_OUTPUT, putPing(this), now);
  }

  /** Queues a frame that was built; its counter is made that of the client. */
  send(frame: string | Uint8Array, now: number): number {
    return this.#queue(FROM_INPUT, loadEither(frame), now);
  }

  #queue(source: number, length: number, now: number): number {
    if (this.#client.send(source, length, now) === 0) throw unbuilt();
    start();
    return words[0]!;
  }

  /** Takes what came from the connection. */
  receive(bytes: Uint8Array): void {
    receive(this.#client, bytes);
  }

  /** The next thing that happened, or is to be done. */
  nextEvent(now: number): ClientEvent | undefined {
    this.#client.next(now);
    sideTape();
    switch (readWord()) {
      case L.CONNECT:
        return { type: "connect" };
      case L.DISCONNECT:
        return { type: "disconnect", reason: readText() };
      case L.ANSWERED: {
        const number = readWord();
        const done = readWord() === 1;
        const repeated = readWord() === 1;
        const method = readText() as "PUSH" | "PULL" | "PING";
        return { type: "answer", number, method, done, repeated, ack: readAck() };
      }
      case L.COMMANDED: {
        const answers = readNumber();
        return { type: "command", text: readText(), answers };
      }
      case L.LOST:
        return { type: "lost", number: readWord() };
      case L.EXTRA:
        return { type: "extra", ack: readAck() };
      case L.UNREADABLE:
        return { type: "unreadable", error: readError()! };
      default:
        return undefined;
    }
  }

  /** Takes what came, and gives all that happened or is to be done. */
  events(bytes: Uint8Array, now: number): ClientEvent[] {
    this.receive(bytes);
    return all(this, now);
  }

  /** What is to be sent now, as one datagram where there are those; it counts as sent. */
  dataToSend(now: number): Uint8Array {
    const bytes = sending(this.#client);
    this.#client.sent(bytes.length, now);
    return bytes;
  }

  /** The connection that was wanted is there. */
  connected(now: number): void {
    this.#client.connected(now);
  }

  /** There is no connection any more, or none could be made. */
  disconnected(now: number): void {
    this.#client.disconnected(now);
  }

  /** No connection is wanted until `open`. Requests are kept. */
  close(): void {
    this.#client.close();
  }

  /** A connection is wanted, as it is from the beginning. */
  open(now: number): void {
    this.#client.open(now);
  }

  /** When `handleTimeout` is to be called. */
  get deadline(): number | undefined {
    return due(this.#client.deadline());
  }

  /** Does what is due. */
  handleTimeout(now: number): void {
    this.#client.handle_timeout(now);
  }

  /** The number of the next request: to be stored by whoever goes on after a restart. */
  get counter(): number {
    return this.#client.counter();
  }

  /** Reserves numbers, and gives what is to be stored before any of them is used. */
  reserve(count: number): number {
    return this.#client.reserve(asWord(count));
  }

  /** Whether every request has its answer. */
  get idle(): boolean {
    return this.#client.is_idle();
  }

  /** Whether there is a connection, as far as the client was told. */
  get isConnected(): boolean {
    return this.#client.is_connected();
  }

  /** Gives its memory back, the key wiped. */
  free(): void {
    this.#client.free();
    this.#client = FREED;
  }

  [Symbol.dispose](): void {
    this.free();
  }
}

function all<E>(session: { nextEvent(now: number): E | undefined }, now: number): E[] {
  const events: E[] = [];
  for (let event; (event = session.nextEvent(now)) !== undefined; ) events.push(event);
  return events;
}
