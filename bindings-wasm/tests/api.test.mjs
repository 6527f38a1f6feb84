// What the vectors do not ask for: what only this package has, and hostile input.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as tipwire from "../../target/js/package/index.js";

const { explain, parse, push, packet, parsePacket, deriveKey, Sealer, TipwireError, tagoio, thingsboard, thingspanel } = tipwire;
const AUTH = "4deedd7bab8817ec";
const TOKEN = "ate2bd319014b24e0a8aca9f00aea4c0d0";

const refused = (kind, more = {}) => (error) => {
  assert.ok(error instanceof TipwireError, String(error));
  assert.equal(error.kind, kind);
  for (const [key, value] of Object.entries(more)) assert.equal(error[key], value);
  return true;
};
const bytes = (text) => new TextEncoder().encode(text);

/** Leaves cover the message without a gap, and what has parts is there after them. */
function covers(spans, end) {
  let at = 0;
  for (const { start, end } of spans) {
    if (start === at) at = end;
    else assert.ok(start < at && end === at, "a whole ends with its last part");
  }
  assert.equal(at, end);
}

test("explain names every byte of a frame, in the indices of a string or in bytes", () => {
  const line = `PUSH|!7|${AUTH}|s|@5^g{a=ü\\,1}[tag:=1.50#°C;n=x\\;😀;p@=1,2,3;ok?=true]\r\n`;
  const ofText = explain(line);
  assert.deepEqual([ofText.type, ofText.error], ["frame", undefined]);
  covers(ofText.spans, line.length);
  const named = (name) => ofText.spans.filter((span) => span.name === name).map(({ text, start, end }) => text ?? line.slice(start, end));
  assert.deepEqual(named("seq"), ["7"]);
  assert.deepEqual(named("unit"), ["°C"]);
  assert.deepEqual(named("string"), ["x;😀"]);
  assert.deepEqual(named("text"), ["ü,1"]);
  assert.deepEqual(named("number"), ["1.50"]);
  assert.deepEqual(named("variable"), ["tag:=1.50#°C", "n=x\\;😀", "p@=1,2,3", "ok?=true"]);
  assert.deepEqual(named("line_ending"), ["\r\n"]);

  const ofBytes = explain(bytes(line));
  covers(ofBytes.spans, bytes(line).length);
  const said = ({ spans }) => spans.map(({ name, depth, text }) => [name, depth, text]);
  assert.deepEqual(said(ofBytes), said(ofText));
});

test("explain takes answers, texts of envelopes, and envelopes of both layouts", () => {
  const names = (explained) => explained.spans.map(({ name }) => name);
  assert.deepEqual(names(explain("ACK|!7|OK|3")), ["method", "mark", "seq", "mark", "status", "mark", "count"]);
  assert.deepEqual(names(explain("OK|3", { inner: "ACK" })), ["status", "mark", "count"]);
  assert.deepEqual(names(explain("s|[a;b]", { inner: "PULL" })), ["serial", "mark", "mark", "name", "mark", "name", "mark"]);
  for (const layout of ["current", "short"]) {
    const sealer = new Sealer({ cipher: "chacha20-poly1305", key: deriveKey(TOKEN, "s"), token: TOKEN, serial: "s", layout });
    const envelope = sealer.seal("PING", "s");
    sealer.free();
    const explained = explain(envelope, { layout });
    assert.equal(explained.type, "envelope");
    assert.deepEqual(names(explained), ["flags", "counter", "auth", "device", "ciphertext", "tag"]);
    covers(explained.spans, envelope.length);
    if (layout === "current") assert.deepEqual(explain(envelope), explained);
  }
});

test("explain names what is wrong up to there, and never throws for what came over a wire", () => {
  const line = `PUSH|${AUTH}|sensor-01|[a:=1;b:=oops]`;
  const { spans, error } = explain(line);
  assert.deepEqual([error.kind, error.at], ["number", line.indexOf("oops")]);
  covers(spans, error.at);
  assert.equal(spans.filter(({ name }) => name === "variable").length, 2);
  const start = `PUSH|${AUTH}|s|`;
  for (let n = 0; n < 20_000; n++) {
    const noise = Uint8Array.from({ length: n % 200 }, (_, at) => (at < start.length && n % 2 ? start.charCodeAt(at) : Math.random() * (n % 3 ? 128 : 256)));
    for (const given of [noise, String.fromCharCode(...noise)]) {
      const { type, spans, error } = explain(given);
      const end = Math.max(0, ...spans.map(({ end }) => end));
      covers(spans, end);
      assert.ok(error !== undefined || end === given.length);
      if (type === "frame" && error !== undefined && given === noise) assert.ok(end <= error.at);
    }
  }
  assert.throws(() => explain("a\ud800"), (error) => error instanceof TipwireError && error.kind === "utf8");
  assert.throws(() => explain(5), TipwireError);
  assert.throws(() => explain("", { inner: "OOPS" }), TipwireError);
  assert.equal(explain(new Uint8Array(200_000).fill(65)).error.kind, "too_large");
  assert.equal(explain("").error.kind, "method");
});

test("explain takes the most spans that a frame can have", () => {
  const pairs = Array.from({ length: 32 }, (_, n) => [`k${n}`, "\\"]);
  const variables = Array.from({ length: 60 }, (_, n) => ({ name: `v${n}`, value: n, metadata: Object.fromEntries(pairs) }));
  const line = push({ auth: AUTH, serial: "s", variables });
  const { spans, error } = explain(line);
  assert.equal(error, undefined);
  covers(spans, line.length);
  assert.equal(spans.filter(({ name, text }) => name === "text" && text === "\\").length, 60 * 32);
});

test("converters of the core and a user's function stand in one place, and what they make is checked", () => {
  const settings = { fields: [{ name: "id", offset: 0, as: "u16", to: "deviceName" }, { name: "t", offset: 2, as: "i16", order: "little", scale: 0.1 }] };
  const binary = new thingsboard.Converter("binary", settings);
  const [uplink] = binary.uplinks(Uint8Array.of(0, 7, 1, 1));
  assert.deepEqual([uplink.name, uplink.type, uplink.isAsset, uplink.attributes], ["7", "default", false, {}]);
  assert.deepEqual(uplink.points, [{ variable: "t", value: 25.7, text: "25.7", time: undefined, timeText: undefined }]);
  assert.throws(() => binary.convert(Uint8Array.of(0)), refused("too_short"));
  binary.free();

  const own = (value) => new thingsboard.Converter(() => value);
  assert.throws(() => own({ telemetry: {} }).convert(""), refused("missing", { field: "deviceName" }));
  assert.throws(() => own({ deviceName: "a", telemetry: 5 }).convert(""), refused("type", { field: "telemetry", at: 30 }));
  assert.throws(() => own("oops").convert(""), refused("json"));
  assert.throws(() => own({ a: 1n }).convert(""), refused("type"));
  assert.throws(() => own(undefined).convert(""), refused("type"));
  const thrown = new Error("mine");
  assert.throws(() => new thingsboard.Converter(() => { throw thrown; }).convert(""), (error) => error === thrown);

  const [first, second] = own([
    { deviceName: "a \"b\"", telemetry: [{ ts: 5, values: { on: true, s: "x\n", o: { k: [1] } } }], attributes: { model: "m", __proto__: null } },
    { assetName: "b", assetType: "t", telemetry: '{"big":12345678901234567890,"exact":1.50}' && { big: 1 } },
  ]).uplinks("");
  assert.deepEqual([first.name, first.type, first.points.map(({ value, time }) => [value, time])], ['a "b"', undefined, [[true, 5], ["x\n", 5], [{ k: [1] }, 5]]]);
  assert.deepEqual([second.name, second.isAsset, second.type], ["b", true, "t"]);
  const [exact] = own('{"deviceName":"s","telemetry":{"ts":18446744073709551615,"values":{"t":1.50}}}').uplinks("");
  assert.deepEqual([exact.points[0].text, exact.points[0].timeText], ["1.50", "18446744073709551615"]);
  assert.equal(exact.push({ auth: AUTH, serial: "other" }), `PUSH|${AUTH}|other|[t:=1.50@18446744073709551615]`);
  const [capital] = own({ deviceName: "s", telemetry: { T: 1 } }).uplinks("");
  assert.throws(() => capital.push({ auth: AUTH }), refused("name", { point: 0, field: "variable" }));
});

test("settings that no converter has are refused", () => {
  const { Converter } = thingsboard;
  assert.throws(() => new Converter("text", { oops: 1 }), refused("invalid_settings", { at: undefined }));
  assert.throws(() => new Converter("oops"), refused("type"));
  assert.throws(() => new Converter(() => "", {}), refused("invalid_settings"));
  assert.throws(() => new Converter("text", "\ud800"), refused("utf8"));
  assert.throws(() => new Converter(5), refused("type"));
});

test("telemetry and uplink objects are written of frames, texts and bytes alike", () => {
  const line = `PUSH|${AUTH}|SN-002|@5[t:=1.50#C;on?=true@6]`;
  const expected = '[{"ts":5,"values":{"t":1.50}},{"ts":6,"values":{"on":true}}]';
  for (const push of [line, bytes(line), parse(line)]) assert.equal(thingsboard.telemetry(push), expected);
  assert.match(thingsboard.telemetry(line, { details: true }), /"t_unit":"C"/);
  assert.match(thingsboard.gatewayTelemetry(line, { device: "a\"b" }), /^{"a\\"b":\[/);
  assert.equal(thingsboard.parseUplinks(thingsboard.uplink(line))[0].push({ auth: AUTH }), `PUSH|${AUTH}|SN-002|[t:=1.50@5;on?=true@6]`);
  assert.throws(() => thingsboard.telemetry("oops"), refused("method"));
  assert.throws(() => thingsboard.telemetry(Uint8Array.of(0xff)), refused("utf8"));
  assert.equal(thingsboard.deviceTopic(), "v1/devices/me/telemetry");
  assert.deepEqual([...thingsboard.downlink({ contentType: "BINARY", data: "3q2+7w==" })], [0xde, 0xad, 0xbe, 0xef, 10]);
  assert.throws(() => thingsboard.downlink({ contentType: "BINARY", data: "?" }), refused("base64", { field: "data" }));
});

test("packets of ThingsPanel are read and written", () => {
  for (const [type, command, payload] of [[0, 0, bytes("b79f6640")], [1, 0, new Uint8Array()], [255, 255, new Uint8Array(10_000).fill(7)]]) {
    assert.deepEqual(parsePacket(packet({ type, command, payload })), { type, command, payload });
  }
  assert.throws(() => parsePacket(Uint8Array.of(1, 2)), TipwireError);
  assert.throws(() => packet({ type: 256, command: 0 }), refused("type"));
  const line = `PUSH|${AUTH}|s|[t:=36.50#C;on?=true]`;
  assert.equal(thingspanel.event("alarm", line), '{"method":"alarm","params":{"t":36.50,"on":true}}');
  assert.throws(() => thingspanel.valuesPush('{"t":null}', { auth: AUTH, serial: "s" }), TipwireError);
  assert.deepEqual(thingspanel.parseTopic("gateway/event/7"), { channel: "event", gateway: true, id: "7" });
  assert.throws(() => thingspanel.parseTopic("oops"), refused("topic"));
  assert.throws(() => thingspanel.topic({ channel: "oops" }), refused("topic"));
});

test("frames become TagoIO's requests and messages, and come back", () => {
  const lines = [`PUSH|${AUTH}|s|[t:=1]`, `PUSH|${AUTH}|s|>xDEAD`, `PULL|${AUTH}|s|[a;b]`, `PING|${AUTH}|s`];
  for (const line of lines) {
    assert.equal(tagoio.HttpRequest.fromFrame(line).toFrame(), line);
    if (line.startsWith("PING")) assert.throws(() => tagoio.MqttMessage.fromFrame(line), refused("misplaced"));
    else assert.equal(tagoio.MqttMessage.fromFrame(line).toFrame(AUTH), line);
  }
  const envelope = new Uint8Array(40_000).fill(200);
  const request = tagoio.HttpRequest.fromEnvelope(envelope);
  assert.deepEqual([request.method, request.path, request.envelope], ["POST", "/v1/tips", envelope]);
  assert.equal(tagoio.HttpRequest.fromFrame(lines[0]).envelope, undefined);
  const message = tagoio.MqttMessage.fromEnvelope(envelope, "s", "push");
  assert.deepEqual([message.topic, message.envelope], ["$tips/s/push", envelope]);

  const { HttpResponse } = tagoio;
  const command = HttpResponse.fromAck("ACK|CMD|reboot");
  assert.deepEqual([command.status, command.command], [200, "reboot"]);
  assert.equal(command.toAck("PING", 7), "ACK|!7|CMD|reboot");
  const bad = new tagoio.HttpRequest({ method: "POST", path: "/v1/nonsense" });
  let error;
  assert.throws(() => bad.toFrame(), (thrown) => (error = thrown) instanceof TipwireError);
  assert.equal(HttpResponse.fromError(error).status, 404);
  assert.throws(() => command.toAck("OOPS"), refused("method"));
  assert.equal(tagoio.MqttMessage.fromAck("ACK|!1|OK|2", "s").toAck(), "ACK|!1|OK|2");
  assert.equal(tagoio.joinLogin("4deedd7b", "ab8817ec"), AUTH);
  assert.throws(() => tagoio.joinLogin("4deedd7bab", "8817ec"), TipwireError);
  assert.throws(() => tagoio.topic("a/b", "ack"), TipwireError);
});
