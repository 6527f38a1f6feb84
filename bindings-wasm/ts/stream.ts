// Byte streams cut into messages.

import { Splitter as CoreSplitter } from "#glue";
import { at, input, inputText, put, reals, start, words } from "./core.js";
import { ofKind, refuse, type TipwireError } from "./error.js";
import { FREED } from "./freed.js";
import * as L from "./layout.js";
import type { SplitterName } from "./names.js";
import { begin, readAck, readFrame } from "./read.js";
import type { Ack, Frame } from "./types.js";

/** What is not given is as the rule has it by itself. */
export interface SplitterSettings {
  /** The longest message. */
  max?: number | undefined;
  /** `delimiter`: whether it is taken off. `length_field`: how many bytes are taken off the front. */
  strip?: boolean | number | undefined;
  /** `delimiter`: the delimiters. */
  delimiters?: readonly (string | Uint8Array)[] | undefined;
  /** `length_field`: which byte of the length comes first. */
  order?: "big" | "little" | undefined;
  /** `length_field`: how many bytes there are before the length. */
  offset?: number | undefined;
  /** `length_field`: how many bytes the length has. */
  length?: number | undefined;
  /** `length_field`: what is added to the length. */
  adjustment?: number | undefined;
}

/** A message, or what was wrong where one should have been. */
export type SplitEvent = { message: Uint8Array; error?: undefined } | { error: TipwireError; message?: undefined };

/** Words before the frames that are told about together. */
const HEAD = 9;

/** What is looked at to find the frames that are told about together: a few times as many bytes. */
const WINDOW = 4 * L.BLOCK;

/** Half of the input buffer: chunks go through it in parts. */
const PART = L.INPUT / 2;

/** What one look at a chunk gives. */
interface Block {
  /** Frames or answers. */
  frames: (Frame | Ack)[];
  /** What comes after them: a message that is to be read by itself, or what was wrong where one should have been. */
  after: Uint8Array | TipwireError | undefined;
  /** Where the chunk goes on, or -1 at its end. */
  next: number;
}

/**
 * For whom most messages are frames, or answers: what the first 4 KiB of the rest of a chunk give. Those
 * that can be read come over together; the one that the last chunk began, and what cannot be read, come
 * as messages. It is to be called until it is at the end.
 * @internal
 */
export let readBlock: (splitter: Splitter, what: number, chunk: Uint8Array, from: number) => Block;

/** By their numbers. */
const ORDERS: readonly unknown[] = ["big", "little"];

/** Cuts a byte stream into messages: the same ones however the bytes were chunked. */
export class Splitter {
  #splitter: CoreSplitter;

  static {
    readBlock = (splitter, what, chunk, from) => {
      if (!(chunk instanceof Uint8Array)) throw refuse("type");
      // Of a buffer that was detached there is no part.
      if (from === 0 && chunk.length === 0) return { frames: [], after: undefined, next: -1 };
      start();
      const part = chunk.subarray(from, from + WINDOW);
      input.set(part);
      splitter.#splitter.frames(what, 0, part.length);
      start();
      const [why, a, length, used] = [words[1]!, words[2]!, words[3]!, words[4]!];
      let count = words[7]!;
      const frames: (Frame | Ack)[] = [];
      const [begins, ends, units] = [words[5]!, words[6]!, words[8]!];
      if (count > 0) begin(inputText(begins, ends, units === ends - begins), words[0]!, HEAD);
      for (; count > 0; count--) frames.push(what === L.ANSWER ? readAck() : readFrame());
      const after = why === L.ALONE ? at(a, length).slice() : why === L.BROKEN ? ofKind(a) : undefined;
      return { frames, after, next: why === L.USED_UP && from + used >= chunk.length ? -1 : from + used };
    };
  }

  /** Settings that can never work are refused. */
  constructor(rule: SplitterName, settings: SplitterSettings = {}) {
    start();
    const { max, strip, order, offset, length, adjustment, delimiters } = settings;
    const numbers = [max, typeof strip === "boolean" ? Number(strip) : strip, order === undefined ? undefined : ORDERS.indexOf(order), offset, length, adjustment];
    words[0] = 0;
    // A name that is no text is none of a rule.
    const named = typeof rule === "string" ? Math.max(put(rule, 0), 0) : 0;
    if (delimiters !== undefined) {
      if (!Array.isArray(delimiters)) throw refuse("invalid_settings");
      words[0] = delimiters.length + 1;
      let end = named;
      delimiters.forEach((delimiter, n) => {
        const from = end;
        if (typeof delimiter === "string") {
          end = put(delimiter, from);
          if (end < 0) throw refuse("utf8");
        } else {
          if (!(delimiter instanceof Uint8Array) || from + delimiter.length > L.INPUT) throw refuse("invalid_settings");
          if (delimiter.length > 0) input.set(delimiter, from);
          end = from + delimiter.length;
        }
        words[n + 1] = end - from;
      });
    }
    numbers.forEach((number, n) => {
      // A number that is none is not the same as one that is not given.
      reals[n] = number === undefined ? Number.NaN : typeof number !== "number" || Number.isNaN(number) ? -0.5 : number;
    });
    this.#splitter = new CoreSplitter(named);
    if (!this.#splitter.is_valid()) {
      this.#splitter.free();
      throw refuse("invalid_settings");
    }
  }

  /** The messages that a chunk completes, and what was wrong among them. */
  push(chunk: Uint8Array): SplitEvent[] {
    if (!(chunk instanceof Uint8Array)) throw refuse("type");
    const events: SplitEvent[] = [];
    for (let from = 0; from < chunk.length; from += PART) {
      start();
      const part = chunk.subarray(from, from + PART);
      input.set(part);
      for (let used = 0; ; ) {
        this.#splitter.next(used, part.length);
        start();
        const what = words[0];
        if (what === 0) break;
        used = words[3]!;
        const a = words[1]!;
        events.push(what === 1 ? { message: at(a, words[2]!).slice() } : { error: ofKind(a) });
      }
    }
    return events;
  }

  /** How many bytes wait for the rest of their message. */
  get pending(): number {
    return this.#splitter.pending();
  }

  /** Forgets the stream: for a new connection. */
  reset(): void {
    this.#splitter.reset();
  }

  /** Gives its memory back; it cannot be used after that. */
  free(): void {
    this.#splitter.free();
    this.#splitter = FREED;
  }

  [Symbol.dispose](): void {
    this.free();
  }
}

/** The messages of anything that gives chunks: a socket, a file, the body of a response. What is wrong among them is thrown. */
export async function* messages(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  rule: SplitterName = "lines",
  settings?: SplitterSettings,
): AsyncGenerator<Uint8Array, void, undefined> {
  const splitter = new Splitter(rule, settings);
  try {
    for await (const chunk of chunks) {
      for (const event of splitter.push(chunk)) {
        if (event.error !== undefined) throw event.error;
        yield event.message;
      }
    }
  } finally {
    splitter.free();
  }
}

/** A stream that takes chunks and gives messages. What is wrong among them ends it. */
export function splitStream(rule: SplitterName = "lines", settings?: SplitterSettings): TransformStream<Uint8Array, Uint8Array> {
  const splitter = new Splitter(rule, settings);
  return transformStream(splitter, function* (chunk) {
    for (const { message, error } of splitter.push(chunk)) {
      if (error !== undefined) throw error;
      yield message;
    }
  });
}

/**
 * @internal A stream of what becomes of chunks. However it ends, what works for it is freed: where a host does not
 * tell that nobody reads any more, when the stream is collected.
 */
export function transformStream<T>(worker: { free(): void }, work: (chunk: Uint8Array) => Iterable<T>): TransformStream<Uint8Array, T> {
  const free = (): void => worker.free();
  const transformer: Transformer<Uint8Array, T> & { cancel(): void } = {
    transform(chunk, controller) {
      try {
        for (const item of work(chunk)) controller.enqueue(item);
      } catch (error) {
        free();
        throw error;
      }
    },
    flush: free,
    cancel: free,
  };
  return new TransformStream(transformer);
}
