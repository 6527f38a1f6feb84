// Byte streams to frames that are read.

import { TipwireError } from "./error.js";
import { ANSWER, UPLINK } from "./layout.js";
import type { SplitterName } from "./names.js";
import { parse as parseFrame, parseAck } from "./read.js";
import { readBlock, Splitter, type SplitterSettings, transformStream } from "./stream.js";
import type { Frame } from "./types.js";

/** How a stream is cut, and how its messages are read. */
export interface FramesSettings<T = Frame> extends SplitterSettings {
  rule?: SplitterName | undefined;
  /** How a message is read: `parseAck`, for the side of a device. */
  parse?: ((message: Uint8Array) => T) | undefined;
  /** Gets what cannot be read, and the message if there is one; the stream goes on. Without this it ends with the error. */
  onError?: ((error: TipwireError, message: Uint8Array | undefined) => void) | undefined;
}

/** A splitter whose messages are read. */
export class Frames<T = Frame> {
  readonly #splitter: Splitter;
  readonly #parse: (message: Uint8Array) => T;
  readonly #onError: FramesSettings<T>["onError"];

  constructor({ rule = "lines", parse = parseFrame as (message: Uint8Array) => T, onError, ...settings }: FramesSettings<T> = {}) {
    this.#splitter = new Splitter(rule, settings);
    this.#parse = parse;
    this.#onError = onError;
  }

  /** The frames that a chunk completes. */
  *push(chunk: Uint8Array): Generator<T, void, undefined> {
    const parse = this.#parse as unknown;
    const what = parse === parseFrame ? UPLINK : parse === parseAck ? ANSWER : undefined;
    if (what !== undefined) {
      let from = 0;
      try {
        while (from >= 0) {
          const { frames, after, next } = readBlock(this.#splitter, what, chunk, from);
          from = next;
          for (const frame of frames) yield frame as T;
          if (after instanceof Uint8Array) yield* this.#read(after);
          else if (after !== undefined) this.#fail(after);
        }
      } finally {
        // Whoever wants no more of this chunk may go on with the next.
        while (from >= 0) from = readBlock(this.#splitter, what, chunk, from).next;
      }
      return;
    }
    for (const { message, error } of this.#splitter.push(chunk)) {
      if (error !== undefined) this.#fail(error);
      // Empty lines are nobody's frames: they keep connections open.
      else if (message.length > 0) yield* this.#read(message);
    }
  }

  *#read(message: Uint8Array): Generator<T, void, undefined> {
    let frame: T;
    try {
      frame = this.#parse(message);
    } catch (problem) {
      this.#fail(problem as TipwireError, message);
      return;
    }
    yield frame;
  }

  #fail(error: TipwireError, message?: Uint8Array): void {
    if (this.#onError === undefined) throw error;
    this.#onError(error, message);
  }

  /** Forgets the stream: for a new connection. */
  reset(): void {
    this.#splitter.reset();
  }

  /** Gives its memory back; it cannot be used after that. */
  free(): void {
    this.#splitter.free();
  }

  [Symbol.dispose](): void {
    this.free();
  }
}

/** The frames of anything that gives chunks: `for await (const frame of frames(socket))`. */
export async function* frames<T = Frame>(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  settings?: FramesSettings<T>,
): AsyncGenerator<T, void, undefined> {
  const reader = new Frames(settings);
  try {
    for await (const chunk of chunks) yield* reader.push(chunk);
  } finally {
    reader.free();
  }
}

/** A stream that takes chunks and gives frames. */
export function frameStream<T = Frame>(settings?: FramesSettings<T>): TransformStream<Uint8Array, T> {
  const reader = new Frames(settings);
  return transformStream(reader, (chunk) => reader.push(chunk));
}
