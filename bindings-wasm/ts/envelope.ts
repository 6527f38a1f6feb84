// TagoTiP/S envelopes: `tipwire/secure`.

import { header as headerTape, is_of, is_plaintext, open_with, Opener as CoreOpener, reply_to, Sealer as CoreSealer } from "#glue";

import { putAck, putPing, putPull, putPush } from "./build.js";
import { forget, outputBytes, outputText, reals, sideText, start, words } from "./core.js";
import { kindOf, refuse, type TipwireError, unreadable } from "./error.js";
import { FREED } from "./freed.js";
import * as L from "./layout.js";
import { asWord, load, loadBytes, loadEither } from "./load.js";
import { type Cipher, CIPHERS, type InnerMethod, type Layout, LAYOUTS, METHODS } from "./names.js";
import { parseAck, parseInner } from "./read.js";
import type { Ack, AckInput, Frame, HeadInput, PullInput, PushInput, WithoutHead } from "./types.js";

/** @internal The number that the core has for a layout. */
export function layoutNumber(layout: Layout): number {
  const number = LAYOUTS.indexOf(layout);
  if (number < 0) throw refuse("type");
  return number;
}

function cipherNumber(cipher: Cipher): number {
  const number = CIPHERS.indexOf(cipher);
  if (number < 0) throw refuse("unsupported_cipher");
  return number;
}

/** What a sealer needs to know. */
export interface SealerSettings {
  cipher: Cipher;
  /** 16 or 32 bytes, as the cipher wants; without one, it is derived from the token for the serial. */
  key?: Uint8Array | undefined;
  /** The token, or its authorization hash. */
  token: string;
  serial: string;
  layout?: Layout | undefined;
  /** The counter that was stored last: it is never used twice under a key. */
  counter?: number | undefined;
}

/** What an opener needs to know: a key, or the token that gives the key of a serial. */
export type OpenerSettings = { cipher: Cipher; serial?: string | undefined; token?: string | undefined } & (
  | { key: Uint8Array }
  | { key?: undefined; token: string; serial: string }
);

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

/** What was in an envelope. */
export interface Opened extends Header {
  text: string;
}

/** @internal Takes what is behind a sealer away from it, for a session. */
export let take: (sealer: Sealer) => CoreSealer;

/** An inner frame says nothing of its sender: the sealer knows. */
const NOBODY: HeadInput = { auth: "", serial: "", seq: undefined };

/** Loads these one after the other; the lengths. */
function loadKey(key: Uint8Array | undefined, token: string, serial: string): [number | undefined, number, number] {
  const keyEnd = key === undefined ? undefined : loadBytes(key);
  const tokenEnd = load(token, keyEnd ?? 0);
  return [keyEnd, tokenEnd - (keyEnd ?? 0), load(serial, tokenEnd, L.FIELD_SERIAL) - tokenEnd];
}

/** Seals frames: holds its key expanded. */
export class Sealer {
  #sealer: CoreSealer;

  static {
    take = (sealer) => {
      const taken = sealer.#sealer;
      sealer.#sealer = FREED;
      return taken;
    };
  }

  constructor({ cipher, key, token, serial, layout = "current", counter = 0 }: SealerSettings) {
    const numbers = [layoutNumber(layout), cipherNumber(cipher)] as const;
    if (!Number.isSafeInteger(counter) || counter < 0) throw refuse("type");
    try {
      const lengths = loadKey(key, token, serial);
      reals[0] = counter;
      this.#sealer = new CoreSealer(...numbers, ...lengths);
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
    if (written === 0) throw unreadable(length);
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
    return this.#sealer.reserve(asWord(count));
  }

  /** Gives its memory back, the key wiped. */
  free(): void {
    this.#sealer.free();
    this.#sealer = FREED;
  }

  [Symbol.dispose](): void {
    this.free();
  }
}

/** Another hold of what is behind an opener. */
let share: (opener: Opener) => CoreOpener;

/** Opens envelopes: holds its key expanded. */
export class Opener {
  #opener: CoreOpener;

  static {
    share = (opener) => opener.#opener.share();
  }

  /** With a serial it opens only what is of that device. Without a key, it is derived from the token for the serial. */
  constructor({ cipher, key, token = "", serial = "" }: OpenerSettings) {
    const number = cipherNumber(cipher);
    try {
      this.#opener = new CoreOpener(number, ...loadKey(key, token, serial));
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
    const number = layoutNumber(layout);
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
    this.#opener = FREED;
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
  layouts: readonly Layout[] = LAYOUTS,
): Opened & { layout: Layout; opener: Opener } {
  let openers: Opener[] = [];
  let shared: CoreOpener[] = [];
  let problem: { thrown: unknown } | undefined;
  const find = (nth: number): CoreOpener | undefined => {
    try {
      if (nth === 0 && problem === undefined) {
        const found = candidates(readHeader());
        openers = found === undefined ? [] : found instanceof Opener ? [found] : [...found];
        shared = openers.map(share).reverse();
      }
      return shared.pop();
    } catch (thrown) {
      problem = { thrown };
      return undefined;
    }
  };
  const written = open_with(Uint8Array.from(layouts, layoutNumber), loadBytes(envelope), { find });
  // Those after the one that opened it.
  for (const left of shared) left.free();
  if (problem !== undefined) throw problem.thrown;
  if (written === 0) throw unreadable(0);
  start();
  const [layout, opener] = [LAYOUTS[words[4]!]!, openers[words[5]!]!];
  return { ...readHeader(), text: outputText(written - 1), layout, opener };
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
  const length = reply_to(kindOf(error.kind), seq === undefined ? undefined : asWord(seq));
  if (length === 0) throw refuse("type");
  return outputText(length);
}

/** Reads the header of an envelope, to find its key. */
export function parseHeader(envelope: Uint8Array, layout: Layout = "current"): Header {
  const number = layoutNumber(layout);
  if (headerTape(number, loadBytes(envelope)) === 0) throw unreadable(0);
  return readHeader();
}

/** Whether the header of an envelope names this serial. */
export function isOf(envelope: Uint8Array, serial: string, layout: Layout = "current"): boolean {
  const number = layoutNumber(layout);
  const end = loadBytes(envelope);
  return is_of(number, end, load(serial, end) - end);
}

function readHeader(): Header {
  start();
  const [cipher, method, counter, length] = words as unknown as [number, number, number, number];
  const hex = sideText(length);
  return {
    cipher: CIPHERS[cipher]!,
    method: METHODS[method]!,
    counter,
    auth: hex.slice(0, 16),
    device: hex.slice(16),
  };
}
