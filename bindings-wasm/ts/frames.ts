// Byte streams to frames that are read.

import type { TipwireError } from "./error.js";
import type { SplitterName } from "./names.js";
import { parse as parseFrame } from "./read.js";
import { Splitter, type SplitterSettings, transformStream } from "./stream.js";
import type { Frame } from "./types.js";

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
    for (const { message, error } of this.#splitter.push(chunk)) {
      // Empty lines are nobody's frames: they keep connections open.
      if (message?.length === 0) continue;
      let frame: T;
      try {
        if (error !== undefined) throw error;
        frame = this.#parse(message);
      } catch (problem) {
        if (this.#onError === undefined) throw problem;
        this.#onError(problem as TipwireError, message);
        continue;
      }
      yield frame;
    }
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
