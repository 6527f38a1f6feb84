// Sessions as a pair, with a clock of their own.

import assert from "node:assert/strict";
import { test } from "node:test";
import { build, Client, Devices, ping, push, Sealer, Server, TipwireError } from "../../target/js/package/index.js";

const auth = "4deedd7bab8817ec";
const serial = "sensor-01";
const bytes = (text) => new TextEncoder().encode(text);
const text = (bytes) => new TextDecoder().decode(bytes);
const key = new Uint8Array(16).map((_, n) => n);
const sealer = (counter = 0) =>
  new Sealer({ cipher: "aes-128-ccm", key, token: "ate2bd319014b24e0a8aca9f00aea4c0d0", serial, counter });

test("a client and a server understand each other", () => {
  const client = new Client({ auth, serial, nextNumber: 7 });
  const server = new Server({ now: 0 });
  assert.deepEqual(client.nextEvent(0), { type: "connect" });
  client.connected(0);
  const variables = [{ name: "t", value: 32.5, unit: "°C", metadata: { text: "a\nb😀" } }];
  assert.equal(client.push({ variables }, 0), 7);
  const [request] = server.events(client.dataToSend(0), 1);
  assert.equal(request.type, "request");
  assert.deepEqual([request.number, request.auth, request.serial, request.sealed], [7, auth, serial, false]);
  assert.equal(build(request.frame), push({ auth, serial, seq: 7, variables }));
  server.answer(request.ticket, { count: 1 });
  assert.equal(server.nextEvent(1), undefined);
  server.command("neu starten: ü");
  const [answer, command] = client.events(server.dataToSend(), 2);
  const { type, number, method, done, repeated, ack } = answer;
  assert.deepEqual([type, number, method, done, repeated, ack.count], ["answer", 7, "PUSH", true, false, 1]);
  assert.deepEqual(command, { type: "command", text: "neu starten: ü", answers: undefined });
  assert.deepEqual([client.idle, client.counter, client.isConnected], [true, 8, true]);
  assert.equal(client.pull(["t"], 3), 8);
  assert.equal(client.ping(3), 9);
  const [pull, pinged] = server.events(client.dataToSend(3), 3);
  server.answer(pull.ticket, { variables });
  server.answer(pinged.ticket, "ACK|PONG");
  const answers = client.events(server.dataToSend(), 4);
  assert.deepEqual(answers.map((event) => [event.method, event.ack.status]), [["PULL", "OK"], ["PING", "PONG"]]);
  assert.equal(answers[0].ack.variables[0].metadata.text, "a\nb😀");
});

test("what cannot be read is answered by the session, and silence ends it", () => {
  const server = new Server();
  const [rejected] = server.events(bytes("PUSH|oops\n"), 0);
  assert.equal(rejected.code, "invalid_token");
  assert.ok(rejected.error instanceof TipwireError);
  assert.deepEqual([rejected.error.kind, rejected.error.at], ["auth", 5]);
  assert.equal(text(server.dataToSend()), "ACK|ERR|invalid_token\n");
  assert.equal(server.deadline, 20_000);
  server.handleTimeout(server.deadline);
  assert.deepEqual(server.events(new Uint8Array(), 20_000), [{ type: "closed", code: "keep_alive_timeout" }]);
  assert.deepEqual([server.closed, server.deadline, server.mode], [true, undefined, "text"]);
});

test("counters are enforced, and their state survives", () => {
  const devices = new Devices();
  devices.enforceSequence(auth, "s");
  const line = (seq) => bytes(`${ping({ auth, serial: "s", seq })}\n`);
  const server = new Server({ devices });
  const [request] = server.events(line(5), 0);
  server.answer(request.ticket, { status: "PONG" });
  assert.deepEqual(server.events(line(5), 0).map((event) => event.code), ["invalid_seq"]);
  const state = devices.sequenceState(auth.toUpperCase(), "s");
  const again = new Devices();
  again.enforceSequence(auth, "s", { state });
  assert.deepEqual(new Server({ devices: again }).events(line(4), 0).map((event) => event.code), ["invalid_seq"]);
  again.retract(auth, "s", 5);
  assert.deepEqual(new Server({ devices: again }).events(line(5), 0).map((event) => event.type), ["request"]);
  assert.throws(() => again.enforceSequence(auth, "s", { state: bytes("?") }), { kind: "invalid_settings" });
  assert.equal(again.sequenceState(auth, "other"), undefined);
});

test("sealed sessions share a key, and a session takes its sealer along", () => {
  const devices = new Devices();
  const name = devices.addKey(sealer(1000));
  const server = new Server({ devices });
  const mine = sealer();
  const client = new Client({ auth, serial, sealer: mine });
  assert.throws(() => mine.seal("PING", serial));
  client.nextEvent(0);
  client.connected(0);
  client.push({ variables: [{ name: "t", value: 1 }] }, 0);
  const [request] = server.events(client.dataToSend(0), 0);
  assert.deepEqual([request.sealed, request.serial, request.frame.auth, server.mode], [true, serial, "", "envelopes"]);
  server.answer(request.ticket, { count: 1 });
  const [answer] = client.events(server.dataToSend(), 0);
  assert.equal(answer.ack.count, 1);
  assert.equal(devices.counter(name), 1001);
  assert.throws(() => devices.counter(name + 1), TipwireError);
});

test("the oldest requests make room, and are told to be lost", () => {
  const client = new Client({ auth, serial: "s", dropOldest: true, maxQueue: 200 });
  const numbers = Array.from({ length: 20 }, () => client.ping(0));
  const lost = client.events(new Uint8Array(), 0).filter((event) => event.type === "lost");
  assert.ok(lost.length > 0);
  assert.deepEqual(lost.map((event) => event.number), numbers.slice(0, lost.length));
  const full = new Client({ auth, serial: "s", maxQueue: 60 });
  full.ping(0);
  assert.throws(() => full.ping(0), { kind: "full" });
});

test("bytes may come one by one, and in floods that wait for their answers", () => {
  const server = new Server({ maxOutput: 100_000 });
  const lines = Array.from({ length: 3000 }, (_, seq) => `${push({ auth, serial, seq, variables: [{ name: "a", value: 1 }] })}\n`);
  const flood = bytes(lines.join(""));
  let events = server.events(flood, 0);
  let sent = "";
  for (let answered = 0; answered < lines.length; ) {
    for (const event of events) {
      assert.equal(event.frame.seq, answered++);
      server.answer(event.ticket, { count: 1 });
    }
    sent += text(server.dataToSend());
    events = server.events(new Uint8Array(), 0);
  }
  assert.equal(sent, lines.map((_, seq) => `ACK|!${seq}|OK|1\n`).join(""));
  assert.equal(server.waiting, 0);
  const slow = new Server();
  const found = [...bytes(lines[5])].flatMap((byte) => slow.events(new Uint8Array([byte]), 0));
  assert.deepEqual(found.map((event) => event.number), [5]);
});

test("settings and values that cannot work are refused", () => {
  assert.throws(() => new Server({ idle: -1 }), { kind: "invalid_settings" });
  assert.throws(() => new Server({ idle: Number.NaN }), { kind: "invalid_settings" });
  assert.throws(() => new Server({ maxOutput: 3 }), { kind: "buffer" });
  assert.throws(() => new Client({ auth, serial, attempts: 256 }), { kind: "invalid_settings" });
  assert.throws(() => new Client({ auth: "?", serial }), { kind: "auth" });
  assert.throws(() => new Client({ auth, serial: "other", sealer: sealer() }), { kind: "other_serial" });
  const server = new Server();
  const [request] = server.events(bytes(`${ping({ auth, serial })}\n${ping({ auth, serial })}\n`), 0);
  assert.throws(() => server.answer(request.ticket, "ACK|NO"), TipwireError);
  assert.throws(() => server.answer(request.ticket + (1n << 33n), { status: "PONG" }), { kind: "turn" });
  assert.throws(() => server.close("nonsense"), TipwireError);
  assert.throws(() => server.answer("1", { status: "PONG" }), { kind: "type" });
  server.answer(request.ticket, { status: "PONG" });
  server[Symbol.dispose]();
  assert.throws(() => server.nextEvent(0));
  const devices = new Devices();
  const name = devices.addKey(sealer());
  const client = new Client({ auth, serial });
  // An integer of 32 bits would be another number.
  for (const count of [-1, 2 ** 32 + 1, 1.5, Number.NaN, "1"]) {
    assert.throws(() => client.reserve(count), { kind: "type" });
    assert.throws(() => devices.reserve(name, count), { kind: "type" });
    assert.throws(() => devices.retract(auth, serial, count), { kind: "type" });
  }
});
