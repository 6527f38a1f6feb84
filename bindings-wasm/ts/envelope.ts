// TagoTiP/S envelopes: `tipwire/secure`.

import { header as headerTape, is_of, is_plaintext, names, Opener as CoreOpener, reply_to, Sealer as CoreSealer } from "#glue";

import { putAck, putPing, putPull, putPush } from "./build.js";
import { forget, outputBytes, outputText, reals, sideText, start, words } from "./core.js";
import { kindOf, refuse, TipwireError, unreadable } from "./error.js";
import { load, loadBytes, loadEither } from "./load.js";
import { type InnerMethod, parseAck, parseInner } from "./read.js";
import type { Ack, AckInput, Frame, HeadInput, PullInput, PushInput, WithoutHead } from "./types.js";

export type Cipher = "aes-128-ccm" | "aes-128-gcm" | "aes-256-ccm" | "aes-256-gcm" | "chacha20-poly1305";
export type Layout = "current" | "short";

const METHODS: readonly InnerMethod[] = ["PUSH", "PULL", "PING", "ACK"];
const lists: string[][] = [];

/** The core's names of ciphers (0) or layouts (1), by number. */
function named(of: number): string[] {
  start();
  return (lists[of] ??= sideText(names(of)).split(","));
}

export function numberOf(of: number, name: string): number {
  const number = named(of).indexOf(name);
  if (number < 0) throw refuse("type");
  return number;
}

export interface SealerSettings {
  cipher: Cipher;
  /** 16 or 32 bytes, as the cipher wants. */
  key: Uint8Array;
  /** The token, or its authorization hash. */
  token: string;
  serial: string;
  layout?: Layout | undefined;
  /** The counter that was stored last: it is never used twice under a key. */
  counter?: number | undefined;
}

/** What the header of an envelope says; nobody vouches for it before the envelope is open. */
export interface Header {
  cipher: Cipher;
  method: InnerMethod;
  counter: number;
  /** The authorization hash, in hex. */
  auth: string;
  /** The device: its hash, or in the short layout the front of it, in hex. */
  device: string;
}

export interface Opened extends Header {
  text: string;
}

/** @internal Takes what is behind a sealer away from it, for a session. */
export let take: (sealer: Sealer) => CoreSealer;

/** An inner frame says nothing of its sender: the sealer knows. */
const NOBODY: HeadInput = { auth: "", serial: "", seq: undefined };

/** Seals frames: holds its key expanded. */
export class Sealer {
  readonly #sealer: CoreSealer;

  static {
    take = (sealer) => sealer.#sealer;
  }

  constructor({ cipher, key, token, serial, layout = "current", counter = 0 }: SealerSettings) {
    const numbers = [numberOf(1, layout), numberOf(0, cipher)] as const;
    if (!Number.isSafeInteger(counter) || counter < 0) throw refuse("type");
    try {
      const keyEnd = loadBytes(key);
      const tokenEnd = load(token, keyEnd);
      const serialEnd = load(serial, tokenEnd);
      reals[0] = counter;
      this.#sealer = new CoreSealer(...numbers, keyEnd, tokenEnd - keyEnd, serialEnd - tokenEnd);
      if (!this.#sealer.is_valid()) {
        const error = unreadable(0);
        this.#sealer.free();
        throw error;
      }
    } finally {
      forget();
    }
  }

  /** Seals the text of an inner frame. */
  seal(method: InnerMethod, inner: string | Uint8Array): Uint8Array {
    start();
    const number = METHODS.indexOf(method);
    if (number < 0) throw refuse("type");
    const length = loadEither(inner);
    const written = this.#sealer.seal(number, length);
    if (written === 0) throw unreadable(0);
    start();
    return outputBytes(written);
  }

  /** Builds a PUSH of the device and seals it. */
  push(frame: WithoutHead<PushInput>): Uint8Array {
    return outputBytes(putPush({ ...frame, ...NOBODY } as PushInput, this.#sealer));
  }

  /** Builds a PULL of the last values of these variables and seals it. */
  pull(names: readonly string[]): Uint8Array {
    return outputBytes(putPull({ names, ...NOBODY } as PullInput, this.#sealer));
  }

  /** Seals a PING. */
  ping(): Uint8Array {
    return outputBytes(putPing(NOBODY, this.#sealer));
  }

  /** Builds an answer to the device and seals it: the counter of the envelope is that of the request. */
  ack(answer: Omit<AckInput, "seq">): Uint8Array {
    return outputBytes(putAck({ ...answer, seq: undefined }, this.#sealer));
  }

  /** The counter of the next envelope: to be stored. */
  get counter(): number {
    return this.#sealer.counter();
  }

  /** Makes sure that so many counters can be used, and gives what is to be stored before they are. */
  reserve(count: number): number {
    return this.#sealer.reserve(count);
  }

  /** Gives its memory back, the key wiped. */
  free(): void {
    this.#sealer.free();
  }

  [Symbol.dispose](): void {
    this.free();
  }
}

/** Opens envelopes: holds its key expanded. */
export class Opener {
  readonly #opener: CoreOpener;

  /** With a serial it opens only what is of that device. */
  constructor({ cipher, key, serial = "" }: { cipher: Cipher; key: Uint8Array; serial?: string | undefined }) {
    const number = numberOf(0, cipher);
    try {
      const keyEnd = loadBytes(key);
      this.#opener = new CoreOpener(number, keyEnd, load(serial, keyEnd) - keyEnd);
      if (!this.#opener.is_valid()) {
        const error = unreadable(0);
        this.#opener.free();
        throw error;
      }
    } finally {
      forget();
    }
  }

  /** Opens an envelope: its header, now vouched for, and its text. */
  open(envelope: Uint8Array, layout: Layout = "current"): Opened {
    const number = numberOf(1, layout);
    const written = this.#opener.open(number, loadBytes(envelope));
    if (written === 0) throw unreadable(0);
    start();
    return { ...readHeader(), text: outputText(written - 1) };
  }

  /** Opens an envelope and reads its text. */
  parse(envelope: Uint8Array, layout: Layout = "current"): Opened & { frame: Frame | Ack } {
    const opened = this.open(envelope, layout);
    return { ...opened, frame: parseInner(opened.method, opened.text) };
  }

  /** Gives its memory back, the key wiped. */
  free(): void {
    this.#opener.free();
  }

  [Symbol.dispose](): void {
    this.free();
  }
}

/**
 * Opens an envelope with one of several keys. `candidates` gives those that may fit its header: they are
 * tried in turn, such as an old and a new one. The layouts are tried in turn too.
 */
export function openWith(
  envelope: Uint8Array,
  candidates: (header: Header) => Opener | Iterable<Opener> | undefined,
  layouts: readonly Layout[] = ["current", "short"],
): Opened & { layout: Layout; opener: Opener } {
  let failure: unknown;
  for (const layout of layouts) {
    let header: Header;
    try {
      header = parseHeader(envelope, layout);
    } catch (error) {
      failure ??= error;
      continue;
    }
    const found = candidates(header);
    for (const opener of found === undefined ? [] : found instanceof Opener ? [found] : found) {
      try {
        return { ...opener.open(envelope, layout), layout, opener };
      } catch (error) {
        if (!(error instanceof TipwireError)) throw error;
      }
    }
    failure = refuse("auth_failed");
  }
  throw failure ?? refuse("auth_failed");
}

/**
 * The answer in plaintext that a server falls back to where it cannot open or seal, if this is one.
 * Nothing vouches for it: it can only be a hint.
 */
export function plaintextAnswer(message: Uint8Array): Ack | undefined {
  return is_plaintext(loadBytes(message)) ? parseAck(message) : undefined;
}

/** The answer of a server to what could not be read, opened or taken apart, with the counter of the request. */
export function replyTo(error: TipwireError, seq?: number): string {
  if (seq !== undefined && !(Number.isInteger(seq) && seq >= 0 && seq <= 0xffff_ffff)) throw refuse("type");
  const length = reply_to(kindOf(error.kind), seq);
  if (length === 0) throw refuse("type");
  return outputText(length);
}

/** Reads the header of an envelope, to find its key. */
export function parseHeader(envelope: Uint8Array, layout: Layout = "current"): Header {
  const number = numberOf(1, layout);
  if (headerTape(number, loadBytes(envelope)) === 0) throw unreadable(0);
  return readHeader();
}

/** Whether the header of an envelope names this serial. */
export function isOf(envelope: Uint8Array, serial: string, layout: Layout = "current"): boolean {
  const number = numberOf(1, layout);
  const end = loadBytes(envelope);
  return is_of(number, end, load(serial, end) - end);
}

function readHeader(): Header {
  start();
  const [cipher, method, counter, length] = words as unknown as [number, number, number, number];
  const hex = sideText(length);
  return {
    cipher: named(0)[cipher] as Cipher,
    method: METHODS[method]!,
    counter,
    auth: hex.slice(0, 16),
    device: hex.slice(16),
  };
}
