// A device that keeps itself connected.

import { randomInt } from "node:crypto";
import { EventEmitter } from "node:events";
import type tls from "node:tls";
import { type Ack, Client, type ClientEvent, type ClientSettings } from "../index.js";
import { Alarm, now } from "./clock.js";
import { type Link, openDatagrams, openStream } from "./link.js";

/** Where a device connects to, and how it behaves; what is not given is as the core has it. */
export interface DeviceSettings extends Omit<ClientSettings, "datagrams"> {
  host?: string | undefined;
  port?: number | undefined;
  /** TLS, with these options if there are any. */
  tls?: boolean | tls.ConnectionOptions | undefined;
  /** Datagrams instead of a connection. */
  udp?: boolean | undefined;
}

/** What a device tells. */
export interface DeviceEvents {
  /** There is a connection. */
  connect: [];
  /** There is none any more, or none could be made; the device tries again, after a while that grows. */
  disconnect: [reason: Error | string | undefined];
  /** The server wants something. */
  command: [text: string];
  /** Closed by `close`. */
  close: [];
}

/** A request got no answer. Nobody knows whether it was fulfilled. */
export class LostError extends Error {
  override readonly name = "LostError";
}

/** How many commands wait for `commands`; where there are more, the oldest one goes. */
const MOST_COMMANDS = 1024;

/** The answer to a PING that is a command. */
const COMMAND: Ack = {
  method: "ACK",
  seq: undefined,
  status: "CMD",
  count: undefined,
  countText: undefined,
  variables: undefined,
  command: undefined,
  error: undefined,
  text: undefined,
};

interface Waiting {
  resolve(ack: Ack): void;
  reject(error: Error): void;
}

/** A device that is connected, or will be again: see `connect`. */
export class Device extends EventEmitter<DeviceEvents> {
  readonly #client: Client;
  readonly #open: () => Link;
  readonly #alarm = new Alarm(() => this.#tick());
  readonly #waiting = new Map<number, Waiting>();
  #link: Link | undefined;
  #isClosed = false;

  constructor({ host = "127.0.0.1", port = 5693, tls, udp = false, ...settings }: DeviceSettings) {
    super();
    this.#client = new Client({ seed: randomInt(2 ** 32), ...settings, datagrams: udp });
    const open = udp ? openDatagrams : openStream;
    this.#open = () => {
      const link: Link = open(
        { host, port, tls },
        {
          opened: () => this.#link === link && this.#opened(),
          received: (bytes) => this.#link === link && this.#turn(bytes),
          lost: (reason) => this.#link === link && this.#lost(reason),
        },
      );
      return link;
    };
    this.#turn();
  }

  /** The session below. */
  get client(): Client {
    return this.#client;
  }

  /** Whether there is a connection. */
  get isConnected(): boolean {
    return !this.#isClosed && this.#client.isConnected;
  }

  /** Sends variables and waits for the answer, over as many connections as it takes. */
  push(frame: Parameters<Client["push"]>[0]): Promise<Ack> {
    return this.#ask(() => this.#client.push(frame, now()));
  }

  /** Asks for the last values of variables. */
  pull(names: readonly string[]): Promise<Ack> {
    return this.#ask(() => this.#client.pull(names, now()));
  }

  /** Asks whether anybody is there. */
  ping(): Promise<Ack> {
    return this.#ask(() => this.#client.ping(now()));
  }

  /** Sends a frame that was built elsewhere, and waits for its answer. */
  send(frame: string | Uint8Array): Promise<Ack> {
    return this.#ask(() => this.#client.send(frame, now()));
  }

  /** The commands of the server, as they come, until the device is closed. */
  async *commands(): AsyncGenerator<string, void, undefined> {
    const queue: string[] = [];
    let wake = (): void => {};
    const take = (text: string): void => {
      queue.push(text);
      if (queue.length > MOST_COMMANDS) queue.shift();
      wake();
    };
    const close = (): void => wake();
    this.on("command", take).on("close", close);
    try {
      while (true) {
        while (queue.length > 0) yield queue.shift()!;
        if (this.#isClosed) return;
        await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      this.off("command", take).off("close", close);
    }
  }

  /** Ends the connection. What has no answer is lost. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#alarm.set(undefined);
    this.#dropLink();
    this.#client.free();
    for (const { reject } of this.#waiting.values()) reject(new LostError("the device was closed"));
    this.#waiting.clear();
    this.emit("close");
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #ask(queue: () => number): Promise<Ack> {
    if (this.#isClosed) throw new LostError("the device was closed");
    const number = queue();
    const answer = new Promise<Ack>((resolve, reject) => this.#waiting.set(number, { resolve, reject }));
    this.#turn();
    return answer;
  }

  #opened(): void {
    this.#client.connected(now());
    this.#turn();
    this.emit("connect");
  }

  #lost(reason: Error | undefined): void {
    this.#dropLink();
    this.#client.disconnected(now());
    this.#turn();
    this.emit("disconnect", reason);
  }

  #dropLink(): void {
    const link = this.#link;
    this.#link = undefined;
    link?.close();
  }

  #tick(): void {
    this.#client.handleTimeout(now());
    this.#turn();
  }

  /** Takes what happened, sends what is to be sent, and sets the clock. */
  #turn(bytes?: Uint8Array): void {
    const client = this.#client;
    if (bytes !== undefined) client.receive(bytes);
    for (let isDone = false; !isDone; ) {
      // What is sent may be followed by what is due.
      isDone = true;
      for (let event; !this.#isClosed && (event = client.nextEvent(now())) !== undefined; isDone = false) this.#take(event);
      // Whoever was told something may have closed it.
      if (this.#isClosed) return;
      while (this.#link !== undefined && client.isConnected) {
        const out = client.dataToSend(now());
        if (out.length === 0) break;
        this.#link.write(out);
      }
    }
    this.#alarm.set(client.deadline);
  }

  #take(event: ClientEvent): void {
    switch (event.type) {
      case "connect":
        this.#dropLink();
        this.#link = this.#open();
        break;
      case "disconnect":
        this.#dropLink();
        this.emit("disconnect", event.reason);
        break;
      case "answer":
        this.#settle(event.number)?.resolve(event.ack);
        break;
      case "command":
        if (event.answers !== undefined) this.#settle(event.answers)?.resolve({ ...COMMAND, command: event.text });
        this.emit("command", event.text);
        break;
      case "lost":
        this.#settle(event.number)?.reject(new LostError("the request got no answer"));
    }
  }

  #settle(number: number): Waiting | undefined {
    const waiting = this.#waiting.get(number);
    this.#waiting.delete(number);
    return waiting;
  }
}

/**
 * A device that keeps itself connected. Connections that break are made again, after a while that grows
 * and differs between devices; what had no answer is sent again. With a `sealer` everything is sealed.
 */
export function connect(settings: DeviceSettings): Device {
  return new Device(settings);
}
