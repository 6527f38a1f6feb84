// `tipwire/node`: devices and servers on loopback, and streams of Node.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ack, frames, frameStream, parseAck, ping, push } from "../../target/js/package/index.js";
import { connect, createServer, frameTransform, LostError, splitTransform } from "../../target/js/package/node.js";

const auth = "4deedd7bab8817ec";
const serial = "sensor-01";
const variables = [{ name: "t", value: 32.5 }];

/** Runs a server and devices, and ends them. */
async function meet(settings, handler, work) {
  const server = await createServer(settings, handler).listen(0);
  const devices = [];
  const device = (more = {}) => {
    devices.push(connect({ port: server.port, auth, serial, udp: settings.udp, ...more }));
    return devices.at(-1);
  };
  try {
    await work(device, server);
  } finally {
    for (const device of devices) device.close();
    await server.close();
  }
}

const stored = ({ frame }) => (frame.method === "PING" ? "PONG" : frame.method === "PULL" ? variables : frame.variables.length);

for (const udp of [false, true]) {
  test(`devices talk to a server over ${udp ? "datagrams" : "TCP"}`, () =>
    meet({ udp }, stored, async (device) => {
      const one = device();
      assert.equal((await one.push({ variables })).count, 1);
      assert.equal((await one.ping()).status, "PONG");
      assert.equal((await one.pull(["t"])).variables[0].value, 32.5);
      assert.equal((await one.send(push({ auth, serial, variables }))).count, 1);
      const many = Array.from({ length: 20 }, (_, n) => device({ serial: `s${n}` }).push({ variables }));
      assert.deepEqual((await Promise.all(many)).map(({ count }) => count), Array(20).fill(1));
    }));

  test(`answers over ${udp ? "datagrams" : "TCP"} come in the order of the requests, however long each takes`, async () => {
    let busy = 0;
    const handler = async ({ frame }) => {
      busy++;
      await sleep(frame.seq % 2 === 0 ? 20 : 1);
      return frame.seq;
    };
    await meet({ udp }, handler, async (device) => {
      const one = device({ nextNumber: 1 });
      const answers = await Promise.all(Array.from({ length: 10 }, () => one.push({ variables })));
      assert.deepEqual(answers.map(({ count, seq }) => [count, seq]), answers.map((_, n) => [n + 1, n + 1]));
      assert.equal(busy, 10);
    });
  });

  test(`commands come over ${udp ? "datagrams" : "TCP"}`, () => {
    const handler = (_, connection) => {
      setImmediate(() => connection.command("reboot"));
      assert.throws(() => connection.command(""), { kind: "empty" });
      return 1;
    };
    return meet({ udp }, handler, async (device) => {
      const one = device();
      const told = (async () => {
        for await (const command of one.commands()) return command;
      })();
      await one.push({ variables });
      assert.equal(await told, "reboot");
    });
  });
}

test("a connection that breaks is made again, and what had no answer is sent again", async () => {
  let seen = 0;
  const handler = async (_, connection) => {
    if (++seen > 2) return 1;
    connection.close();
    return new Promise(() => {});
  };
  await meet({}, handler, async (device) => {
    const one = device({ retryFirst: 10 });
    const ends = [];
    one.on("disconnect", () => ends.push("disconnect")).on("connect", () => ends.push("connect"));
    assert.equal((await one.push({ variables })).count, 1);
    assert.deepEqual(ends, ["connect", "disconnect", "connect", "disconnect", "connect"]);
    assert.equal(seen, 3);
  });
});

test("a device waits for a server that comes later, longer each time", async () => {
  const place = net.createServer().listen(0, "127.0.0.1");
  await sleep(20);
  const { port } = place.address();
  place.close();
  const device = connect({ port, auth, serial, retryFirst: 20, retryMax: 200 });
  const times = [];
  device.on("disconnect", (reason) => times.push([performance.now(), reason.code]));
  const answer = device.push({ variables });
  while (times.length < 6) await sleep(10);
  assert.ok(times.every(([, code]) => code === "ECONNREFUSED"));
  const waits = times.slice(1).map(([time], n) => time - times[n][0]);
  assert.ok(waits.at(-1) > waits[0], `${waits}`);
  const server = await createServer(stored).listen(port);
  assert.equal((await answer).count, 1);
  device.close();
  await server.close();
});

test("what a closed device asked for is lost", async () => {
  await meet({}, () => new Promise(() => {}), async (device) => {
    const one = device();
    const answer = one.push({ variables });
    setTimeout(() => one.close(), 20);
    await assert.rejects(answer, LostError);
    await assert.rejects(one.ping(), LostError);
    assert.equal(one.isConnected, false);
    one.close();
  });
});

test("requests that get no answer are given up", async () => {
  await meet({ udp: true }, () => new Promise(() => {}), async (device) => {
    await assert.rejects(device({ timeout: 20, attempts: 2 }).push({ variables }), LostError);
  });
});

test("what a handler throws is an answer, and what cannot be one is a problem", async () => {
  const replies = [
    () => ({ error: "variable_not_found" }),
    () => parseAck("PUSH|no"),
    async () => push({ auth: "?", serial, variables }),
    () => {
      throw new Error("secret");
    },
    async () => Promise.reject(new Error("secret")),
    () => "NONSENSE",
  ];
  await meet({}, () => replies.shift()(), async (device, server) => {
    const problems = [];
    server.on("problem", (problem) => problems.push(problem.message));
    const one = device();
    const answers = [];
    while (replies.length > 0) answers.push((await one.push({ variables })).error);
    assert.deepEqual(answers, ["variable_not_found", "invalid_method", "invalid_token", "server_error", "server_error", "server_error"]);
    assert.deepEqual(problems.slice(0, 2), ["secret", "secret"]);
    assert.equal(problems.length, 3);
  });
});

test("devices talk to a server over TLS", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tipwire-tls-"));
  const [key, cert] = ["key", "cert"].map((name) => join(folder, name));
  const request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost"];
  execFileSync("openssl", [...request, "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", cert], { stdio: "ignore" });
  const pems = { key: readFileSync(key), cert: readFileSync(cert) };
  rmSync(folder, { recursive: true });
  await meet({ tls: pems }, stored, async (device) => {
    const one = device({ host: "localhost", tls: { ca: pems.cert } });
    assert.equal((await one.push({ variables })).count, 1);
  });
});

test("a peer that says what it has and ends gets its answers, and one that sends nonsense gets a code", async () => {
  const slow = async ({ frame }) => (await sleep(30), frame.variables.length);
  await meet({}, slow, async (_, server) => {
    const rejected = [];
    server.on("rejected", ({ code }) => rejected.push(code));
    const ask = (text) =>
      new Promise((resolve) => {
        let heard = "";
        const socket = net.connect(server.port, "127.0.0.1", () => socket.end(text));
        socket.setEncoding("utf8").on("data", (text) => (heard += text)).on("close", () => resolve(heard));
      });
    const line = `${push({ auth, serial, variables })}\r\n`;
    assert.equal(await ask(line + line), "ACK|OK|1\nACK|OK|1\n");
    assert.equal(await ask("PUSH|oops\n"), "ACK|ERR|invalid_token\n");
    assert.deepEqual(rejected, ["invalid_token"]);
    assert.equal(server.connections.size, 0);
  });
});

test("a peer that does not read is not read from, and nothing grows", async () => {
  let served = 0;
  const handler = () => (served++, Array.from({ length: 100 }, (_, n) => ({ name: `variable_${n}`, value: "x".repeat(100) })));
  await meet({}, handler, async (_, server) => {
    const line = Buffer.from(`PULL|${auth}|s|[a]\n`.repeat(1000));
    const socket = net.connect(server.port, "127.0.0.1");
    socket.pause();
    let taken = 0;
    for (let last = -1; taken < 200 && last !== served; taken++) {
      socket.write(line);
      last = taken % 20 === 0 ? served : -1;
      await sleep(5);
    }
    const before = served;
    await sleep(100);
    assert.equal(served, before, "the server waits");
    assert.ok(served < 20000, `${served} answers were made for nobody`);
    const [connection] = server.connections;
    socket.destroy();
    while (server.connections.has(connection)) await sleep(5);
  });
});

test("settings that cannot work are refused before anybody connects", async () => {
  assert.throws(() => createServer({ idle: -1 }, stored), { kind: "invalid_settings" });
  assert.throws(() => connect({ auth: "?", serial }), { kind: "auth" });
  await meet({}, stored, async (_, server) => {
    await assert.rejects(createServer(stored).listen(server.port), { code: "EADDRINUSE" });
  });
});

test("frames come out of a socket, one after another", async () => {
  const seen = [];
  const listening = net.createServer(async (socket) => {
    for await (const frame of frames(socket)) {
      seen.push(frame.serial);
      socket.write(`${ack({ seq: frame.seq, count: frame.variables.length })}\n`);
    }
    listening.close();
  });
  await new Promise((resolve) => listening.listen(0, "127.0.0.1", resolve));
  const device = connect({ port: listening.address().port, auth, serial });
  assert.equal((await device.push({ variables })).count, 1);
  device.close();
  assert.deepEqual(seen, [serial]);
});

const LINES = [`${ping({ auth, serial: "a" })}\n\r\nPI`, `NG|${auth}|b\nnonsense\n${ping({ auth, serial: "c" })}\nPING`].map((text) => new TextEncoder().encode(text));

test("a stream of chunks is a stream of frames: of the web, of Node, and for loops", async () => {
  const read = async (streamed) => {
    const serials = [];
    for await (const { serial } of streamed) serials.push(serial);
    return serials;
  };
  const errors = [];
  const onError = ({ code }, message) => errors.push(`${code} ${new TextDecoder().decode(message)}`);
  assert.deepEqual(await read(frames(LINES, { onError })), ["a", "b", "c"]);
  assert.deepEqual(await read(ReadableStream.from(LINES).pipeThrough(frameStream({ onError }))), ["a", "b", "c"]);
  assert.deepEqual(await read(Readable.from(LINES).pipe(frameTransform({ onError }))), ["a", "b", "c"]);
  assert.deepEqual(errors, Array(3).fill("invalid_method nonsense"));
  await assert.rejects(read(frames(LINES)), { code: "invalid_method" });
  await assert.rejects(read(ReadableStream.from(LINES).pipeThrough(frameStream())), { code: "invalid_method" });
  await assert.rejects(pipeline(Readable.from(LINES), frameTransform(), async (frames) => void (await read(frames))), { code: "invalid_method" });
  const answers = [new TextEncoder().encode("ACK|PONG\nACK|OK|5\n")];
  const counts = [];
  for await (const { status, count } of frames(answers, { parse: parseAck })) counts.push([status, count]);
  assert.deepEqual(counts, [["PONG", undefined], ["OK", 5]]);
  const packets = [];
  for await (const message of Readable.from([Uint8Array.of(0, 1, 65, 0, 2), Uint8Array.of(66, 67)]).pipe(splitTransform("length_prefixed"))) packets.push(String(message));
  assert.deepEqual(packets, ["65", "66,67"]);
});
