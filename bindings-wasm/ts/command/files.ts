// Lines in, lines out, in memory that is bounded.

import { createReadStream, readFileSync, statSync } from "node:fs";
import { type SplitEvent, Splitter } from "../index.js";

/** A line, or what was wrong where one should have been. */
export type Line = SplitEvent & { file: string; number: number };

/** The most bytes of a line that is no frame, but JSON, hex or whatever a device says. */
export const LONG = 1 << 20;

/** The lines of files that are not empty, by chunk; of standard input if there is no file, or for `-`. */
export async function* chunks(names: readonly string[], max: number | undefined, bar?: Bar): AsyncGenerator<Line[]> {
  for (const name of names.length === 0 ? ["-"] : names) {
    const file = name === "-" ? "standard input" : name;
    const splitter = new Splitter("lines", { max });
    let number = 0;
    const cut = (chunk: Uint8Array): Line[] => {
      const lines = splitter.push(chunk).map((event) => ({ ...event, file, number: ++number }));
      return lines.filter(({ message }) => message?.length !== 0);
    };
    for await (const chunk of name === "-" ? process.stdin : createReadStream(name)) {
      bar?.advance((chunk as Uint8Array).length);
      yield cut(chunk as Uint8Array);
    }
    if (splitter.pending > 0) yield cut(Uint8Array.of(10));
    splitter.free();
  }
}

/** Writes lines together, and waits where whoever reads them is slow. */
export class Output {
  #held = "";

  line(text: string): void {
    this.#held += `${text}\n`;
  }

  async flush(): Promise<void> {
    const held = this.#held;
    this.#held = "";
    if (held !== "" && !process.stdout.write(held)) {
      await new Promise((resolve) => process.stdout.once("drain", resolve));
    }
  }
}

/** A bar on standard error over the bytes of files. */
export class Bar {
  readonly #total: number;
  #done = 0;
  #shown = "";

  constructor(names: readonly string[]) {
    const size = (name: string) => statSync(name, { throwIfNoEntry: false })?.size ?? 0;
    this.#total = names.reduce((total, name) => total + size(name), 0);
  }

  advance(bytes: number): void {
    this.#done += bytes;
    const part = this.#total === 0 ? 0 : Math.min(this.#done / this.#total, 1);
    const filled = Math.round(part * 40);
    const shown = this.#total === 0 ? `decoding ${this.#done} bytes` : `decoding ${"#".repeat(filled).padEnd(40, "-")} ${Math.floor(part * 100)} %`;
    if (shown !== this.#shown) process.stderr.write(`\r${(this.#shown = shown)}`);
  }

  end(): void {
    if (this.#shown !== "") process.stderr.write("\n");
  }
}

/** Secrets need not stand in a list of processes: `@file` and `env:NAME` name them. */
export function secret(text: string): string {
  if (text.startsWith("@")) return readFileSync(text.slice(1), "utf8").trim();
  if (!text.startsWith("env:")) return text;
  const value = process.env[text.slice(4)];
  if (value === undefined) throw new Error(`there is no variable ${text.slice(4)} in the environment`);
  return value;
}

/** Bytes out of hex, where white space may be between them. */
export function fromHex(text: string): Uint8Array {
  if (!/^([ \t\n\v\f\r]*[0-9a-fA-F]{2})*[ \t\n\v\f\r]*$/.test(text)) throw new Error("expected bytes in hex");
  return new Uint8Array(Buffer.from(text.replaceAll(/\s/g, ""), "hex"));
}

export const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
