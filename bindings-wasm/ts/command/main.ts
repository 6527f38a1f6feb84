#!/usr/bin/env node
// The command line: `npx tipwire --help`.
//
// It ends with 0 where all went well, with 1 where some input was bad or refused, and with 2 where the
// command itself makes no sense.

import { authHash, type Cipher, deviceHash, fromPoints, type InnerMethod, type Layout, Opener, parse, parseAck, parseHeader, Sealer, thingsboard, TipwireError, toJSON, toPointsJSON } from "../index.js";
import { Bar, chunks, fromHex, LONG, Output, secret, toHex } from "./files.js";
import { type Command, help, HELP_ROW, type Option, type Options, readOptions, table, usage, UsageError, VERSION_ROW } from "./options.js";
import { send, serve } from "./talk.js";
import { rows } from "./table.js";

const FILES = [{ name: "file", help: "standard input if there is none, or for -", least: 0, most: Infinity }];
const KEY: Option = { value: "KEY", required: true, help: "hex, @file, or env:NAME" };
const LAYOUT: Option = { value: "LAYOUT", choices: ["current", "short"], default: "current" };

const COMMANDS: Record<string, Command> = {
  decode: command({
    help: "Frames, one a line, to JSON lines; a table on a terminal.",
    positionals: FILES,
    options: {
      format: { value: "FORMAT", choices: ["json", "points", "telemetry", "table"], help: "json unless on a terminal" },
      ack: { help: "the frames are answers" },
      progress: { help: "a bar on standard error" },
    },
    run: decode,
  }),
  encode: command({
    help: "JSON lines of data points, an object or a list, to frames.",
    positionals: FILES,
    options: {
      auth: { value: "AUTH", required: true, help: "the authorization hash" },
      serial: { value: "SERIAL", required: true },
      seq: { value: "SEQ", is: "integer", help: "the first sequence counter; it goes up" },
    },
    run: encode,
  }),
  convert: command({
    help: "Messages, one a line, to ThingsBoard's uplink objects.",
    positionals: [{ name: "converter", help: "binary ones are in hex", least: 1, most: 1, choices: ["text", "json", "binary"] }, ...FILES],
    options: {
      settings: { value: "SETTINGS", help: "of the converter: JSON, @file, or env:NAME" },
      auth: { value: "AUTH", help: "gives frames with this authorization hash in place of objects" },
    },
    run: convert,
  }),
  seal: command({
    help: "Inner frames, one a line, to envelopes in hex.",
    positionals: FILES,
    options: {
      key: KEY,
      serial: { value: "SERIAL", required: true },
      layout: LAYOUT,
      cipher: { value: "CIPHER", default: "aes-128-ccm" },
      method: { value: "METHOD", choices: ["PUSH", "PULL", "PING", "ACK"], default: "PUSH" },
      token: { value: "TOKEN", required: true, help: "the token, @file, or env:NAME" },
      counter: { value: "COUNTER", is: "integer", required: true, help: "of the first; it goes up" },
    },
    run: seal,
  }),
  open: command({
    help: "Envelopes in hex, one a line, to inner frames.",
    positionals: FILES,
    options: { key: KEY, serial: { value: "SERIAL" }, layout: LAYOUT },
    run: open,
  }),
  hash: command({
    help: "The authorization hash of a token, and what else is made of it.",
    positionals: [{ name: "token", help: "the token, @file, or env:NAME", least: 1, most: 1 }],
    options: { serial: { value: "SERIAL", help: "adds the hash of the device" } },
    run: hash,
  }),
  send: command({
    help: "Sends values to a server and prints its answer.",
    positionals: [
      { name: "address", help: "host:port", least: 1, most: 1 },
      { name: "values", help: "name=value; none for a PING", least: 0, most: Infinity },
    ],
    options: {
      auth: { value: "AUTH", required: true },
      serial: { value: "SERIAL", required: true },
      udp: {},
      tls: {},
      timeout: { value: "TIMEOUT", is: "number", default: "10", help: "seconds" },
    },
    run: send,
  }),
  serve: command({
    help: "A test endpoint: answers as the protocol says, prints what it gets.",
    positionals: [{ name: "address", help: "host:port; 127.0.0.1:5693 if there is none", least: 0, most: 1 }],
    options: {
      udp: {},
      count: { value: "COUNT", is: "integer", help: "ends after so many requests" },
    },
    run: serve,
  }),
};

/** Checks that a command takes the options that it has. */
function command<Name extends string>(command: Command<Name>): Command {
  return command as unknown as Command;
}

const PROGRAM = "tipwire";
const USAGE = `usage: ${PROGRAM} [-h] [--version] command ...`;

/** What the build puts in its place. */
declare const VERSION: string;

async function main([name, ...words]: readonly string[]): Promise<number> {
  if (name === "-h" || name === "--help") {
    const list = table(Object.entries(COMMANDS).map(([name, { help }]) => [name, help]));
    console.log([USAGE, "", "Device telemetry on the command line.", "", "commands:", ...list, "", "options:", ...table([HELP_ROW, VERSION_ROW])].join("\n"));
    return 0;
  }
  if (name === "--version") {
    console.log(`${PROGRAM} ${VERSION}`);
    return 0;
  }
  const command = name !== undefined && Object.hasOwn(COMMANDS, name) ? COMMANDS[name]! : undefined;
  if (command === undefined) {
    const problem = name === undefined ? "the following arguments are required: command" : `invalid choice: '${name}' (choose from ${Object.keys(COMMANDS).join(", ")})`;
    console.error(`${USAGE}\n${PROGRAM}: error: ${problem}`);
    return 2;
  }
  const program = `${PROGRAM} ${name}`;
  try {
    const options = readOptions(command, words);
    if (options === undefined) {
      console.log(help(program, command));
      return 0;
    }
    return await command.run(options);
  } catch (error) {
    if (error instanceof UsageError) {
      console.error(`${usage(program, command)}\n${program}: error: ${error.message}`);
      return 2;
    }
    console.error(`${PROGRAM}: ${(error as Error).message}`);
    return 1;
  }
}

/** Writes what becomes of each line, and says of which ones nothing does. */
async function each(files: readonly string[], work: (line: Uint8Array) => Iterable<string>, max?: number, bar?: Bar): Promise<number> {
  const output = new Output();
  let code = 0;
  for await (const lines of chunks(files, max, bar)) {
    for (const { file, number, message, error } of lines) {
      try {
        if (error !== undefined) throw error;
        for (const text of work(message)) output.line(text);
      } catch (error) {
        console.error(`${file}:${number}: ${(error as Error).message}`);
        code = 1;
      }
    }
    await output.flush();
  }
  return code;
}

async function decode({ positionals, values }: Options<"format" | "ack" | "progress">): Promise<number> {
  const style = values.format ?? (process.stdout.isTTY ? "table" : "json");
  const bar = values.progress === undefined ? undefined : new Bar(positionals);
  const one = (line: Uint8Array): Iterable<string> => {
    let frame;
    try {
      frame = (values.ack === undefined ? parse : parseAck)(line);
    } catch (error) {
      if (error instanceof TipwireError) throw new Error(`${error.code}: ${error.message}`);
      throw error;
    }
    if (style === "table") return rows(frame);
    if (style === "json") return [toJSON(frame)];
    if (style === "telemetry") return frame.method === "PUSH" ? [thingsboard.gatewayTelemetry(frame)] : [];
    return [frame.method === "PUSH" || frame.method === "ACK" ? toPointsJSON(frame) : "[]"];
  };
  const code = await each(positionals, one, undefined, bar);
  bar?.end();
  return code;
}

async function encode({ positionals, values }: Options<"auth" | "serial" | "seq">): Promise<number> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const { auth = "", serial = "" } = values;
  let seq = values.seq === undefined ? undefined : Number(values.seq);
  const one = (line: Uint8Array): string[] => {
    const frame = fromPoints({ auth, serial, seq }, decoder.decode(line));
    if (seq !== undefined) seq++;
    return [frame];
  };
  return each(positionals, one, LONG);
}

async function convert({ positionals: [name, ...files], values }: Options<"settings" | "auth">): Promise<number> {
  const { auth, settings = "" } = values;
  const converter = new thingsboard.Converter(name as "text" | "json" | "binary", secret(settings));
  const one = (line: Uint8Array): string[] => {
    const message = name === "binary" ? fromHex(latin1(line)) : line;
    return auth === undefined ? [converter.convert(message)] : converter.uplinks(message).map((uplink) => uplink.push({ auth }));
  };
  const code = await each(files, one, LONG);
  converter.free();
  return code;
}

async function seal({ positionals, values }: Options<"key" | "serial" | "layout" | "cipher" | "method" | "token" | "counter">): Promise<number> {
  const sealer = new Sealer({
    cipher: values.cipher as Cipher,
    key: fromHex(secret(values.key ?? "")),
    token: secret(values.token ?? ""),
    serial: values.serial ?? "",
    layout: values.layout as Layout,
    counter: Number(values.counter),
  });
  const code = await each(positionals, (line) => [toHex(sealer.seal(values.method as InnerMethod, line))]);
  sealer.free();
  return code;
}

async function open({ positionals, values }: Options<"key" | "serial" | "layout">): Promise<number> {
  const key = fromHex(secret(values.key ?? ""));
  const layout = values.layout as Layout;
  const one = (line: Uint8Array): string[] => {
    const envelope = fromHex(latin1(line));
    const opener = new Opener({ cipher: parseHeader(envelope, layout).cipher, key, serial: values.serial });
    try {
      return [opener.open(envelope, layout).text];
    } finally {
      opener.free();
    }
  };
  return each(positionals, one, LONG);
}

const latin1 = (line: Uint8Array): string => Buffer.from(line).toString("latin1");

async function hash({ positionals: [token = ""], values }: Options<"serial">): Promise<number> {
  console.log(authHash(secret(token)));
  if (values.serial !== undefined) console.log(deviceHash(values.serial));
  return 0;
}

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  // Whoever read this has had enough.
  if (error.code === "EPIPE") process.exit(0);
  console.error(`${PROGRAM}: ${error.message}`);
  process.exit(1);
});
process.exitCode = await main(process.argv.slice(2));
