// Streams of Node, for `pipeline`.

import { Transform } from "node:stream";
import { type Frame, Frames, type FramesSettings, Splitter, type SplitterName, type SplitterSettings } from "../index.js";

/** Takes chunks and gives messages. What is wrong among them ends it. */
export function splitTransform(rule: SplitterName = "lines", settings?: SplitterSettings): Transform {
  const splitter = new Splitter(rule, settings);
  return transform(splitter, function* (chunk) {
    for (const { message, error } of splitter.push(chunk)) {
      if (error !== undefined) throw error;
      yield message;
    }
  });
}

/** Takes chunks and gives frames. */
export function frameTransform<T = Frame>(settings?: FramesSettings<T>): Transform {
  const reader = new Frames(settings);
  return transform(reader, (chunk) => reader.push(chunk));
}

function transform(held: { free(): void }, work: (chunk: Uint8Array) => Iterable<unknown>): Transform {
  return new Transform({
    readableObjectMode: true,
    transform(chunk: Uint8Array, _, done) {
      try {
        for (const item of work(chunk)) this.push(item);
        done();
      } catch (error) {
        done(error as Error);
      }
    },
    destroy(error, done) {
      held.free();
      done(error);
    },
  });
}
