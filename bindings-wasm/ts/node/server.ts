// A server: one session for each connection, or one for all that comes as datagrams.

import dgram from "node:dgram";
import { EventEmitter } from "node:events";
import net from "node:net";
import tls from "node:tls";
import { type Ack, ack, type AckInput, Devices, Server, type ServerEvent, type ServerSettings, type Status, TipwireError, type VariableInput } from "../index.js";
import { Alarm, now } from "./clock.js";
import { endSoon } from "./link.js";

/** How a server listens, and how it treats its devices; what is not given is as the core has it. */
export interface DeviceServerSettings extends Omit<ServerSettings, "now" | "datagrams"> {
  /** TLS, with these options. */
  tls?: tls.TlsOptions | undefined;
  /** Datagrams instead of connections. */
  udp?: boolean | undefined;
  /** How many connections there may be at once; more are refused. */
  maxConnections?: number | undefined;
}

/** What a device asks for. */
export type Request = Extract<ServerEvent, { type: "request" }>;

/** What a handler gives: how many data points were stored, variables, a status, or a whole answer. Nothing is `OK`. */
export type Reply = undefined | void | number | readonly VariableInput[] | Status | AckInput | Ack;

/** Answers a request. What it throws becomes an error: the code of a `TipwireError`, else `server_error`. */
export type Handler = (request: Request, connection: Connection) => Reply | PromiseLike<Reply>;

/** Where requests come from. */
export interface Connection {
  readonly address: string;
  readonly port: number;
  /** Sends a command to the device. */
  command(text: string): void;
  /** Ends the connection. What was sent still has its time to arrive. */
  close(): void;
}

/** What a server tells. */
export interface DeviceServerEvents {
  /** Somebody has connected. */
  connection: [connection: Connection];
  /** Somebody did not become a connection: there were too many, or the handshake failed. */
  refused: [reason: Error, address: string | undefined];
  /** What came was no request, or must not be fulfilled; it was answered. */
  rejected: [rejected: Extract<ServerEvent, { type: "rejected" }>, connection: Connection];
  /** A handler threw what is no answer, or gave what cannot be one. */
  problem: [problem: unknown, request: Request];
}

/** How many datagrams wait while a handler is busy; more are dropped, as networks do. */
const MOST_DATAGRAMS = 1024;

/** How long a handshake may take, where the options of TLS do not say it. */
const HANDSHAKE = 30_000;

const CLOSED = "the server was closed";

/** A server that listens, or will: see `createServer`. */
export class DeviceServer extends EventEmitter<DeviceServerEvents> {
  /** The open connections. */
  readonly connections = new Set<Connection>();
  readonly #handler: Handler;
  readonly #settings: DeviceServerSettings;
  readonly #devices: Devices;
  /** Sockets whose handshake is not over. */
  readonly #handshakes = new Map<string, net.Socket>();
  #listening: net.Server | dgram.Socket | undefined;
  #isClosed = false;
  #datagrams: Datagrams | undefined;

  constructor(settings: DeviceServerSettings, handler: Handler) {
    super();
    if (typeof handler !== "function") throw new TypeError("a server needs a handler");
    this.#settings = settings;
    this.#handler = handler;
    this.#devices = settings.devices ?? new Devices();
    // What cannot work is to be known before somebody connects.
    new Server({ ...settings, devices: this.#devices }).free();
  }

  /** Listens, once and until `close`; with port 0 at any port that is free. */
  async listen(port = 5693, host = "127.0.0.1"): Promise<this> {
    if (this.#isClosed || this.#listening !== undefined) throw new Error(this.#isClosed ? CLOSED : "the server listens already");
    const { tls: options, udp } = this.#settings;
    const listening = udp ? this.#datagramSocket(host) : this.#streamServer(options);
    this.#listening = listening;
    await new Promise<void>((resolve, reject) => {
      const closed = (): void => reject(new Error(CLOSED));
      const failed = (error: Error): void => {
        reject(error);
        // It may be tried again, elsewhere.
        this.#listening = undefined;
        this.#datagrams?.free();
        listening.close();
      };
      listening.once("error", failed).once("close", closed);
      const done = (): void => {
        listening.off("error", failed).off("close", closed);
        // Its name may have been looked up until after the end.
        if (this.#isClosed) listening.close();
        resolve();
      };
      try {
        if (listening instanceof dgram.Socket) listening.bind(port, host, done);
        else listening.listen(port, host, done);
      } catch (error) {
        failed(error as Error);
      }
    });
    return this;
  }

  /** The port, also where 0 asked for any. */
  get port(): number {
    const address = this.#listening?.address();
    if (address === undefined || address === null || typeof address === "string") throw new Error("the server does not listen");
    return address.port;
  }

  /** Ends it, and all connections. */
  async close(): Promise<void> {
    const listening = this.#listening;
    this.#listening = undefined;
    this.#isClosed = true;
    // Answers that come later have no socket.
    this.#datagrams?.free();
    for (const connection of this.connections) connection.close();
    for (const socket of this.#handshakes.values()) socket.destroy();
    if (listening !== undefined) await new Promise<void>((resolve) => listening.close(() => resolve()));
    this.connections.clear();
    if (this.#settings.devices === undefined) this.#devices.free();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** The reply of the handler to a request, as an answer: at once if it is there at once. */
  reply(request: Request, connection: Connection): AckInput | Promise<AckInput> {
    const failed = (error: unknown): AckInput => {
      if (error instanceof TipwireError) return { error: error.code };
      this.emit("problem", error, request);
      return { error: "server_error" };
    };
    try {
      const reply = this.#handler(request, connection);
      return isLater(reply) ? Promise.resolve(reply).then(toAnswer).catch(failed) : toAnswer(reply);
    } catch (error) {
      return failed(error);
    }
  }

  #streamServer(options: tls.TlsOptions | undefined): net.Server {
    const accept = (socket: net.Socket): void => {
      this.#handshakes.delete(placeOf(socket));
      // A device may send its last request and say that it was the last one: it gets its answer.
      socket.allowHalfOpen = true;
      const session = new Server({ ...this.#settings, now: now(), devices: this.#devices });
      const connection = new StreamConnection(this, session, socket);
      this.connections.add(connection);
      socket.on("close", () => this.connections.delete(connection));
      this.emit("connection", connection);
    };
    const server = options === undefined ? net.createServer({ noDelay: true }, accept) : this.#secured(options, accept);
    if (this.#settings.maxConnections !== undefined) server.maxConnections = this.#settings.maxConnections;
    server.on("drop", (peer) => this.emit("refused", new Error("there are too many connections"), peer?.remoteAddress));
    return server;
  }

  #secured(options: tls.TlsOptions, accept: (socket: net.Socket) => void): tls.Server {
    const server = tls.createServer({ ...options, noDelay: true }, accept);
    const { handshakeTimeout = HANDSHAKE } = options;
    // What Node limits by this is silence: a byte now and then would do.
    server.on("connection", (socket: net.Socket) => {
      const place = placeOf(socket);
      this.#handshakes.set(place, socket);
      const late = setTimeout(() => this.#handshakes.get(place) === socket && socket.destroy(), handshakeTimeout);
      socket.on("close", () => {
        clearTimeout(late);
        if (this.#handshakes.get(place) === socket) this.#handshakes.delete(place);
      });
    });
    server.on("tlsClientError", (error, socket) => this.emit("refused", error, socket.remoteAddress));
    return server;
  }

  #datagramSocket(host: string): dgram.Socket {
    const socket = dgram.createSocket(net.isIPv6(host) ? "udp6" : "udp4");
    const session = new Server({ ...this.#settings, now: now(), datagrams: true, devices: this.#devices });
    this.#datagrams = new Datagrams(this, session, socket);
    return socket;
  }
}

/** A server whose handler answers requests: `await createServer((request) => …).listen(5693)`. */
export function createServer(handler: Handler): DeviceServer;
export function createServer(settings: DeviceServerSettings, handler: Handler): DeviceServer;
export function createServer(first: DeviceServerSettings | Handler, second?: Handler): DeviceServer {
  return typeof first === "function" ? new DeviceServer({}, first) : new DeviceServer(first, second!);
}

/** Where a socket comes from, which no other open one does. */
const placeOf = (socket: net.Socket): string => `${socket.remoteAddress} ${socket.remotePort}`;

/** Whether it is a promise, whoever made it. */
const isLater = (reply: Reply | PromiseLike<Reply>): reply is PromiseLike<Reply> =>
  typeof (reply as Partial<PromiseLike<Reply>> | null | undefined)?.then === "function";

function toAnswer(reply: Reply): AckInput {
  switch (typeof reply) {
    case "undefined":
      return { status: "OK" };
    case "number":
      return { count: reply };
    case "string":
      return { status: reply };
    default:
      return Array.isArray(reply) ? { variables: reply as readonly VariableInput[] } : (reply as AckInput);
  }
}

/** Answers a request. What cannot be written, or never has room, is an error of this side; gives whether anything was said. */
function answer(owner: DeviceServer, session: Server, request: Request, given: AckInput, send: () => boolean = () => false): boolean {
  for (const one of [given, { error: "server_error" }]) {
    let problem: unknown;
    do {
      try {
        session.answer(request.ticket, one);
        return true;
      } catch (error) {
        problem = error;
      }
      // When something was sent there may be room; when it is over nobody waits.
      if (session.closed) return false;
    } while (send());
    owner.emit("problem", problem, request);
  }
  return false;
}

class StreamConnection implements Connection {
  readonly address: string;
  readonly port: number;
  readonly #owner: DeviceServer;
  readonly #session: Server;
  readonly #socket: net.Socket;
  readonly #alarm = new Alarm(() => this.#tick());
  /** Answers come in the order of the requests: these wait, all behind one that is still being made. */
  readonly #replies: { request: Request; reply: AckInput | Promise<AckInput> }[] = [];
  #isAnswering = false;
  #isTurning = false;
  #isFull = false;
  #hasEnded = false;
  #isOver = false;

  constructor(owner: DeviceServer, session: Server, socket: net.Socket) {
    this.#owner = owner;
    this.#session = session;
    this.#socket = socket;
    this.address = socket.remoteAddress ?? "";
    this.port = socket.remotePort ?? 0;
    socket.on("data", (bytes) => this.#turn(bytes));
    socket.on("drain", () => {
      this.#isFull = false;
      this.#turn();
    });
    socket.on("end", () => {
      this.#hasEnded = true;
      this.#turn();
    });
    // What is wrong with a connection ends it, and that is all there is to it.
    socket.on("error", () => {});
    socket.on("close", () => this.#free());
    this.#turn();
  }

  command(text: string): void {
    if (this.#isOver) return;
    this.#session.command(text);
    this.#turn();
  }

  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#alarm.set(undefined);
    endSoon(this.#socket);
  }

  #free(): void {
    this.#isOver = true;
    this.#alarm.set(undefined);
    this.#session.free();
  }

  #tick(): void {
    this.#session.handleTimeout(now());
    this.#turn();
  }

  /** Takes what came, sends what is to be sent, and sets the clock. */
  #turn(bytes?: Uint8Array): void {
    if (this.#isOver) return;
    if (bytes !== undefined) this.#session.receive(bytes);
    // A handler may want something sent while its request has no answer yet: that goes out below it.
    if (this.#isTurning) return;
    this.#isTurning = true;
    try {
      this.#work();
    } finally {
      this.#isTurning = false;
    }
  }

  #work(): void {
    const session = this.#session;
    do {
      for (let event; !this.#isOver && (event = session.nextEvent(now())) !== undefined; ) this.#take(event);
      if (this.#isOver) return;
    } while (this.#send() && session.waiting > 0);
    const isWaiting = session.unanswered > 0 || session.waiting > 0;
    if (session.closed || (this.#hasEnded && !isWaiting)) {
      this.close();
      return;
    }
    // What waits for answers is not to grow, and neither is what waits for its reader.
    if (session.waiting > 0 || this.#isFull) this.#socket.pause();
    else this.#socket.resume();
    this.#alarm.set(session.deadline);
  }

  #send(): boolean {
    const out = this.#session.dataToSend();
    if (out.length > 0 && !this.#socket.write(out)) this.#isFull = true;
    return out.length > 0;
  }

  #take(event: ServerEvent): void {
    if (event.type === "rejected") this.#owner.emit("rejected", event, this);
    if (event.type !== "request") return;
    const reply = this.#owner.reply(event, this);
    if (reply instanceof Promise || this.#isAnswering) {
      this.#replies.push({ request: event, reply });
      if (!this.#isAnswering) void this.#answerAll();
    } else {
      this.#answer(event, reply);
    }
  }

  async #answerAll(): Promise<void> {
    this.#isAnswering = true;
    for (let next; (next = this.#replies.shift()) !== undefined; ) {
      this.#answer(next.request, await next.reply);
    }
    this.#isAnswering = false;
    this.#turn();
  }

  #answer(request: Request, given: AckInput): void {
    if (this.#isOver) return;
    if (!answer(this.#owner, this.#session, request, given, () => this.#send())) this.close();
  }
}

/** All peers of a server that takes datagrams: one session serves them in turn. */
class Datagrams {
  readonly #owner: DeviceServer;
  readonly #session: Server;
  readonly #socket: dgram.Socket;
  readonly #queue: { peer: dgram.RemoteInfo; bytes?: Uint8Array; command?: string }[] = [];
  #isBusy = false;
  #isClosed = false;

  constructor(owner: DeviceServer, session: Server, socket: dgram.Socket) {
    this.#owner = owner;
    this.#session = session;
    this.#socket = socket;
    socket.on("message", (bytes, peer) => {
      if (this.#queue.length >= MOST_DATAGRAMS) return;
      this.#queue.push({ peer, bytes });
      void this.#work();
    });
  }

  free(): void {
    this.#isClosed = true;
    this.#session.free();
  }

  async #work(): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    for (let next; (next = this.#queue.shift()) !== undefined; ) {
      const { peer, bytes, command } = next;
      if (command !== undefined) this.#command(command);
      if (bytes !== undefined) await this.#serve(bytes, peer);
      if (this.#isClosed) return;
      const out = this.#session.dataToSend();
      if (out.length > 0) this.#socket.send(out, peer.port, peer.address, () => {});
    }
    this.#isBusy = false;
  }

  #command(command: string): void {
    try {
      this.#session.command(command);
    } catch {
      // It is longer than what may be sent.
    }
  }

  async #serve(bytes: Uint8Array, peer: dgram.RemoteInfo): Promise<void> {
    const { address, port } = peer;
    const connection: Connection = {
      address,
      port,
      command: (command) => {
        // Whoever gives what no command can be is to know at once.
        ack({ command });
        if (this.#isClosed) return;
        this.#queue.push({ peer, command });
        void this.#work();
      },
      close() {},
    };
    for (const event of this.#session.events(bytes, now())) {
      if (event.type === "rejected") this.#owner.emit("rejected", event, connection);
      if (event.type !== "request") continue;
      const reply = await this.#owner.reply(event, connection);
      if (this.#isClosed) return;
      answer(this.#owner, this.#session, event, reply);
    }
  }
}
