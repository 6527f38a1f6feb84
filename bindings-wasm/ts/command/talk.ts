// Talking to a server, and being one.

import { setTimeout as sleep } from "node:timers/promises";
import { type Ack, type Frame, toJSON, type Variable } from "../index.js";
import { LONGEST } from "../node/clock.js";
import { connect, createServer } from "../node.js";
import type { Options } from "./options.js";

export async function send({ positionals: [address = "", ...words], values }: Options<"auth" | "serial" | "udp" | "tls" | "timeout">): Promise<number> {
  const [host, port] = hostAndPort(address);
  const { auth = "", serial = "" } = values;
  // The last one of a name counts.
  const points = [...new Map(words.map(point)).values()];
  const device = connect({ host, port, auth, serial, udp: values.udp !== undefined, tls: values.tls !== undefined });
  try {
    const seconds = Number(values.timeout);
    const late = sleep(Math.min(seconds * 1000, LONGEST), undefined, { ref: false });
    const answer = await Promise.race([points.length > 0 ? device.push({ points: `[${points.join(",")}]` }) : device.ping(), late]);
    if (answer === undefined) {
      console.error(`tipwire: no answer within ${seconds} s`);
      return 1;
    }
    console.log(toJSON(answer));
    return answer.status === "ERR" ? 1 : 0;
  } finally {
    device.close();
  }
}

export async function serve({ positionals: [address = "127.0.0.1:5693"], values }: Options<"udp" | "count">): Promise<number> {
  const [host, port] = hostAndPort(address);
  const stored = new Map<string, Map<string, Variable>>();
  let left = values.count === undefined ? Infinity : Number(values.count);
  let finish = (): void => {};
  const finished = new Promise<void>((resolve) => (finish = resolve));
  const server = createServer({ udp: values.udp !== undefined }, ({ frame, auth, serial }) => {
    console.log(toJSON(frame));
    // The last answer is to arrive.
    if (--left === 0) setTimeout(finish, 100);
    const device = `${auth} ${serial}`;
    const known = stored.get(device) ?? new Map<string, Variable>();
    stored.set(device, known);
    return answer(frame, known);
  });
  await server.listen(port, host);
  console.error(`serving on ${host}:${server.port}`);
  await finished;
  await server.close();
  return 0;
}

function answer(frame: Frame, known: Map<string, Variable>): number | Variable[] | Partial<Ack> | "PONG" {
  switch (frame.method) {
    case "PUSH":
      for (const variable of frame.variables) known.set(variable.name, variable);
      return frame.variables.length || 1;
    case "PULL": {
      const found = frame.names.flatMap((name) => known.get(name) ?? []);
      return found.length > 0 ? found : { error: "variable_not_found" };
    }
    default:
      return "PONG";
  }
}

function hostAndPort(text: string): [string, number] {
  const [, host, port] = /^(.*):([0-9]+)$/.exec(text) ?? [];
  if (host === undefined || Number(port) > 65535) throw new Error(`'${text}' is no host:port`);
  return [host.replace(/^\[(.*)\]$/, "$1") || "127.0.0.1", Number(port)];
}

/** `name=value` as a name and its data point, where the value is what it looks like in JSON, else text. */
function point(word: string): [string, string] {
  const equals = word.indexOf("=");
  if (equals < 0) throw new Error(`'${word}' is no name=value`);
  const [name, text] = [word.slice(0, equals), word.slice(equals + 1)];
  return [name, `{"variable":${JSON.stringify(name)},"value":${isScalar(text) ? text : JSON.stringify(text)}}`];
}

/** Whether it is JSON of one value. Its digits stay as they were typed. */
function isScalar(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value !== "object";
  } catch {
    return false;
  }
}
