// `tipwire/node`: devices and servers on loopback, and streams of Node.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import dgram from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ack, deriveKey, Devices, frames, frameStream, parseAck, ping, push, Sealer } from "../../target/js/package/index.js";
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

test("a handler may send a command while other requests wait, and all are answered in order", async () => {
  const server = await createServer(({ frame }, connection) => {
    if (frame.method === "PUSH") connection.command("again");
    return stored({ frame });
  }).listen(0);
  server.on("problem", (problem) => assert.fail(problem));
  const socket = net.connect(server.port, "127.0.0.1");
  socket.end([1, 2, 3].map((seq) => `PUSH|!${seq}|${auth}|s|[a:=1]\n`).join("") + `PING|!4|${auth}|s\n`);
  let text = "";
  for await (const chunk of socket) text += chunk;
  const answers = text.split("\n");
  assert.equal(answers.filter((line) => line === "ACK|CMD|again").length, 3);
  assert.deepEqual(answers.filter((line) => line !== "ACK|CMD|again"), ["ACK|!1|OK|1", "ACK|!2|OK|1", "ACK|!3|OK|1", "ACK|!4|PONG", ""]);
  await server.close();
});

test("a promise of another library is waited for", () =>
  meet({}, () => ({ then: (resolve) => void setTimeout(() => resolve(7), 5) }), async (device) => {
    assert.equal((await device().push({ variables })).count, 7);
  }));

test("a command may be as long as an envelope takes", async () => {
  const key = () => new Sealer({ cipher: "aes-128-gcm", token: "ate2bd319014b24e0a8aca9f00aea4c0d0", serial });
  const [theirs, text] = [key(), "x".repeat(16380)];
  const server = net.createServer((socket) => {
    socket.on("data", () => {
      const envelope = theirs.seal("ACK", `CMD|${text}`);
      socket.write(Buffer.from([envelope.length >> 8, envelope.length & 255, ...envelope]));
    });
  });
  await once(server.listen(0), "listening");
  const device = connect({ port: server.address().port, auth, serial, sealer: key() });
  const told = once(device, "command");
  const { status, command } = await device.ping();
  assert.deepEqual([status, command, (await told)[0]], ["CMD", text, text]);
  device.close();
  server.close();
});

test("a server listens once, and not after its end", async () => {
  const server = createServer(stored);
  await assert.rejects(server.listen(99999), RangeError);
  await server.listen(0);
  await assert.rejects(server.listen(0), /listens already/);
  await server.close();
  await assert.rejects(server.listen(0), /was closed/);
  for (const [udp, host] of [[false, "127.0.0.1"], [false, "localhost"], [true, "127.0.0.1"]]) {
    const early = createServer({ udp }, stored);
    const listening = early.listen(0, host);
    await Promise.all([early.close(), assert.rejects(listening, /was closed/)]);
    assert.throws(() => early.port);
  }
  const taken = await createServer({ udp: true }, stored).listen(0);
  const other = createServer({ udp: true }, stored);
  await assert.rejects(other.listen(taken.port), { code: "EADDRINUSE" });
  assert.ok((await other.listen(0)).port > 0);
  await Promise.all([taken.close(), other.close()]);
});

test("a server of datagrams may end while it makes an answer", async () => {
  let server;
  const ended = new Promise((resolve) => {
    server = createServer({ udp: true }, async () => {
      await null;
      resolve(server.close());
      return "PONG";
    });
  });
  await server.listen(0);
  const socket = dgram.createSocket("udp4");
  for (let n = 0; n < 3; n++) socket.send(`PING|${auth}|s`, server.port, "127.0.0.1");
  await ended;
  // What nobody handles would end this process.
  await sleep(20);
  socket.close();
});

/** A key and its certificate for localhost, which nobody vouches for. */
const pems = (() => {
  const folder = mkdtempSync(join(tmpdir(), "tipwire-tls-"));
  const [key, cert] = ["key", "cert"].map((name) => join(folder, name));
  const request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost"];
  execFileSync("openssl", [...request, "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", cert], { stdio: "ignore" });
  const made = { key: readFileSync(key), cert: readFileSync(cert) };
  rmSync(folder, { recursive: true });
  return made;
})();

test("devices talk to a server over TLS, and to no stranger", () =>
  meet({ tls: pems }, stored, async (device) => {
    const one = device({ host: "localhost", tls: { ca: pems.cert } });
    assert.equal((await one.push({ variables })).count, 1);
    const stranger = device({ host: "localhost", tls: true, retryFirst: 10 });
    for (let tries = 0; tries < 3; tries++) {
      const [reason] = await once(stranger, "disconnect");
      assert.match(reason.code, /SELF_SIGNED|UNABLE_TO_VERIFY/);
    }
    assert.equal(stranger.isConnected, false);
  }));

test("a handshake that fails, stops or takes too long is given up, and holds nothing up", () =>
  meet({ tls: { ...pems, handshakeTimeout: 300 } }, stored, async (_, server) => {
    const refused = once(server, "refused");
    net.connect(server.port, "127.0.0.1").end("PING\n");
    const [reason, address] = await refused;
    assert.ok(reason instanceof Error);
    assert.ok(address === undefined || address.endsWith("127.0.0.1"));
    // The beginning of a greeting, which comes byte by byte.
    const slow = net.connect(server.port, "127.0.0.1");
    const start = performance.now();
    const drip = setInterval(() => slow.write(Uint8Array.of(22)), 50);
    slow.on("error", () => {}).write(Uint8Array.of(22, 3, 1, 1, 0));
    await new Promise((resolve) => slow.on("close", resolve));
    clearInterval(drip);
    const taken = performance.now() - start;
    assert.ok(taken > 250 && taken < 3000, `${taken} ms`);
    const silent = net.connect(server.port, "127.0.0.1");
    await once(silent, "connect");
    silent.on("error", () => {});
  }));

for (const udp of [false, true]) {
  test(`what is sealed goes over ${udp ? "datagrams" : "TCP"}, and a stranger's envelope does not`, async () => {
    const token = "ate2bd319014b24e0a8aca9f00aea4c0d0";
    const sealer = (key) => new Sealer({ cipher: "aes-128-gcm", key, token, serial, counter: 0 });
    const key = deriveKey(token, serial).subarray(0, 16);
    const devices = new Devices();
    devices.addKey(sealer(key));
    const seen = [];
    const handler = (request) => (seen.push(request), stored(request));
    await meet({ udp, devices, tls: udp ? undefined : pems }, handler, async (device) => {
      const more = { host: "localhost", tls: { ca: pems.cert } };
      const one = device({ ...more, sealer: sealer(key) });
      assert.equal((await one.push({ variables })).count, 1);
      assert.equal((await one.ping()).status, "PONG");
      assert.equal((await one.pull(["t"])).variables[0].value, 32.5);
      assert.deepEqual(seen.map((request) => [request.sealed, request.serial]), Array(3).fill([true, serial]));
      const stranger = device({ ...more, sealer: sealer(new Uint8Array(16)), timeout: 50, attempts: 2, retryFirst: 10 });
      // Datagrams that nobody can open are dropped.
      if (udp) await assert.rejects(stranger.ping(), LostError);
      else assert.equal((await stranger.ping()).error, "auth_failed");
      assert.equal(seen.length, 3);
    });
    devices.free();
  });
}

test("a server and a device end with their scope", async () => {
  let [device, server] = [];
  {
    server = await createServer(stored).listen(0);
    device = connect({ port: server.port, auth, serial });
    assert.equal((await device.ping()).status, "PONG");
    device[Symbol.dispose]();
    await server[Symbol.asyncDispose]();
  }
  assert.equal(device.isConnected, false);
  assert.equal(server.connections.size, 0);
  assert.throws(() => server.port);
});

test("the wait between connections grows up to its limit, and begins again after success", async () => {
  const place = net.createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
  await once(place, "listening");
  const device = connect({ port: place.address().port, auth, serial, retryFirst: 20, retryMax: 60 });
  const times = [];
  device.on("disconnect", () => times.push(performance.now()));
  while (times.length < 10) await sleep(5);
  device.close();
  place.close();
  const waits = times.slice(1).map((time, n) => time - times[n]);
  // Each is up to its limit, and what the machine is late.
  assert.ok(waits.every((wait) => wait < 1000), `${waits}`);
  assert.ok(waits.slice(5).every((wait) => wait > 15), `${waits}`);
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
    const sending = setInterval(() => socket.write(line), 5);
    while (served === 0) await sleep(10);
    for (let before = -1; before !== served; await sleep(300)) before = served;
    clearInterval(sending);
    assert.ok(served < 20000, `${served} answers were made for nobody`);
    const [connection] = server.connections;
    socket.destroy();
    while (server.connections.has(connection)) await sleep(5);
  });
});

/** What a peer hears that says this, until nothing more comes. */
const say = (port, text, { isOver = false } = {}) =>
  new Promise((resolve) => {
    const start = performance.now();
    let heard = "";
    const socket = net.connect(port, "127.0.0.1", () => (isOver ? socket.end(text) : socket.write(text)));
    socket.setEncoding("utf8").on("data", (text) => (heard += text)).on("error", () => {});
    socket.on("close", () => resolve({ heard, taken: performance.now() - start }));
  });

test("a frame that never ends is refused as soon as it is too long", () =>
  meet({ maxFrame: 1000 }, stored, async (_, server) => {
    const rejected = [];
    server.on("rejected", ({ code }) => rejected.push(code));
    const { heard } = await say(server.port, `PUSH|${auth}|s|[t=${"x".repeat(1e6)}`, { isOver: true });
    assert.match(heard, /^ACK\|ERR\|/);
    assert.ok(rejected.length <= 2, `${rejected}`);
    const fits = `PUSH|${auth}|s|[t=${"x".repeat(900)}]\n`;
    assert.equal((await say(server.port, fits, { isOver: true })).heard, "ACK|OK|1\n");
  }));

test("a peer that says nothing, or its frame byte by byte, is not waited for", () =>
  meet({ idle: 150, ttl: 600 }, stored, async (_, server) => {
    const { taken } = await say(server.port, "");
    assert.ok(taken > 100 && taken < 3000, `${taken} ms`);
    const slow = net.connect(server.port, "127.0.0.1");
    const drip = setInterval(() => slow.write("P"), 30);
    slow.on("error", () => {}).resume();
    await new Promise((resolve) => slow.on("close", resolve));
    clearInterval(drip);
    // Each side hears of the end by itself, in whatever order.
    while (server.connections.size > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    // Whoever says enough has its time, but no more than that.
    const busy = net.connect(server.port, "127.0.0.1");
    const start = performance.now();
    const talk = setInterval(() => busy.write(`PING|${auth}|s\n`), 30);
    busy.on("error", () => {}).resume();
    await new Promise((resolve) => busy.on("close", resolve));
    clearInterval(talk);
    const lived = performance.now() - start;
    assert.ok(lived > 500 && lived < 3000, `${lived} ms`);
  }));

test("there are no more connections than there may be", () =>
  meet({ maxConnections: 2 }, stored, async (device, server) => {
    const [one, two] = [device(), device()];
    await Promise.all([one.ping(), two.ping()]);
    const refused = once(server, "refused");
    const three = device({ retryFirst: 10 });
    const answer = three.ping();
    assert.match((await refused)[0].message, /too many/);
    assert.equal(server.connections.size, 2);
    one.close();
    assert.equal((await answer).status, "PONG");
  }));

test("a peer that never reads does not keep a server from its end", async () => {
  const handler = () => Array.from({ length: 100 }, (_, n) => ({ name: `variable_${n}`, value: "x".repeat(100) }));
  const server = await createServer(handler).listen(0);
  const socket = net.connect(server.port, "127.0.0.1").on("error", () => {});
  socket.pause();
  await once(socket, "connect");
  socket.write(`PULL|${auth}|s|[a]\n`.repeat(2000));
  await sleep(300);
  const start = performance.now();
  await server.close();
  assert.ok(performance.now() - start < 8000);
  socket.destroy();
});

for (const udp of [false, true]) {
  test(`an answer that never fits is an error, and not the end, over ${udp ? "datagrams" : "TCP"}`, () => {
    const handler = ({ frame }) => (frame.method === "PULL" ? [{ name: "t", value: "x".repeat(frame.names[0] === "long" ? 500 : 10) }] : "PONG");
    return meet({ udp, maxOutput: 200 }, handler, async (device, server) => {
      const problems = [];
      server.on("problem", ({ kind }) => problems.push(kind));
      const one = device();
      for (let n = 0; n < 3; n++) {
        assert.equal((await one.pull(["long"])).error, "server_error");
        assert.equal((await one.pull(["short"])).variables.length, 1);
        const many = await Promise.all(Array.from({ length: 10 }, () => one.pull(["short"])));
        assert.ok(many.every(({ variables }) => variables[0].value === "x".repeat(10)));
      }
      assert.deepEqual(problems, Array(3).fill("buffer"));
    });
  });
}

test("a peer that never reads does not keep a device from its end", async () => {
  const sockets = [];
  const server = net.createServer((socket) => sockets.push(socket.pause().on("error", () => {})));
  await once(server.listen(0), "listening");
  const program = `
    import { connect } from ${JSON.stringify(new URL("../../target/js/package/node.js", import.meta.url))};
    const device = connect({ port: ${server.address().port}, auth: "${auth}", serial: "s", timeout: 0, maxQueue: 4e7 });
    for (let n = 0; n < 1000; n++) device.push({ variables: [{ name: "a", value: "x".repeat(16000) }] }).catch(() => {});
    device.on("connect", () => setTimeout(() => device.close(), 100));`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], { stdio: "inherit" });
  const late = setTimeout(() => child.kill(), 15_000);
  assert.deepEqual(await once(child, "close"), [0, null]);
  clearTimeout(late);
  for (const socket of sockets) socket.destroy();
  server.close();
});

test("whatever comes as a datagram, the next one is answered", () =>
  meet({ udp: true }, stored, async (device, server) => {
    const socket = dgram.createSocket("udp4");
    for (const bytes of ["", "x", "\0\0\0", `PING|${auth}|s`, "PUSH|oops", "x".repeat(60000), Buffer.alloc(30, 255)]) {
      await new Promise((resolve) => socket.send(bytes, server.port, "127.0.0.1", resolve));
    }
    assert.equal((await device().ping()).status, "PONG");
    socket.close();
  }));

test("settings that cannot work are refused before anybody connects", async () => {
  assert.throws(() => createServer({ idle: -1 }, stored), { kind: "invalid_settings" });
  assert.throws(() => createServer({ idle: 5 }), TypeError);
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

test("whoever reads frames slowly is waited for, and who stops reading ends the socket", async () => {
  const line = `${ping({ auth, serial })}\n`;
  let wasFull = false;
  const listening = net.createServer((socket) => {
    socket.on("error", () => {});
    const fill = () => {
      while (socket.write(line.repeat(100)));
      wasFull = true;
    };
    socket.on("drain", fill);
    fill();
    socket.on("close", () => listening.close());
  });
  await new Promise((resolve) => listening.listen(0, "127.0.0.1", resolve));
  const socket = net.connect(listening.address().port, "127.0.0.1");
  let count = 0;
  for await (const frame of frames(socket)) {
    assert.equal(frame.serial, serial);
    if (++count % 500 === 0) await sleep(5);
    if (count === 5000) break;
  }
  assert.ok(wasFull);
  assert.ok(socket.destroyed);
  assert.ok(socket.bytesRead < 5e6, `${socket.bytesRead} bytes were read`);
  if (listening.listening) await once(listening, "close");
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
