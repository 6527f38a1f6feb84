// What the vectors do not ask for: what only this package has, and hostile input.

import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { Readable } from "node:stream";
import { test } from "node:test";
import { promisify } from "node:util";
import * as tipwire from "../../target/js/package/index.js";
import { frameTransform, splitTransform } from "../../target/js/package/node.js";

const { explain, parse, push, packet, parsePacket, deriveKey, Opener, openWith, plaintextAnswer, replyTo, Sealer, TipwireError, tagoio, thingsboard, thingspanel } = tipwire;
const AUTH = "4deedd7bab8817ec";
const TOKEN = "ate2bd319014b24e0a8aca9f00aea4c0d0";

/** The modules that have been started. */
const instances = [];
WebAssembly.Instance = class extends WebAssembly.Instance {
  constructor(...given) {
    super(...given);
    instances.push(this);
  }
};
const memoryOf = ({ exports }) => Object.values(exports).find((one) => one instanceof WebAssembly.Memory);
const moduleMemory = () => instances.reduce((sum, instance) => sum + memoryOf(instance).buffer.byteLength, 0);

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

test("what was read of bytes is not theirs any more", () => {
  const bytes = Buffer.from(packet({ type: 0, command: 0, payload: "token" }));
  const { payload } = parsePacket(bytes);
  bytes.fill(0);
  assert.deepEqual(payload, new TextEncoder().encode("token"));
});

test("gateways of ThingsPanel tell of the devices behind them, and are read", () => {
  const [one, two] = [`PUSH|${AUTH}|s|[t:=36.50]`, parse(`PUSH|${AUTH}|s|[on?=true;at@=1,2]`)];
  const devices = new Map([["7", one], ["1", two], ["ü \"", bytes(one)]]);
  const packets = '{"7":{"t":36.50},"1":{"on":true,"at":{"lat":1,"lng":2}},"ü \\"":{"t":36.50}}';
  assert.equal(thingspanel.subDevices(devices), packets);
  assert.equal(thingspanel.subDevices({ a: one }), '{"a":{"t":36.50}}');
  assert.equal(thingspanel.gateway(one, { a: two }), '{"gateway_data":{"t":36.50},"sub_device_data":{"a":{"on":true,"at":{"lat":1,"lng":2}}}}');
  assert.throws(() => thingspanel.subDevices({ a: "oops" }), refused("method"));
  assert.throws(() => thingspanel.subDevices([["\ud800", one]]), refused("utf8"));

  const read = thingspanel.parseSubDevices(packets);
  assert.deepEqual(read.map(({ address }) => address), ["7", "1", 'ü "']);
  assert.equal(thingspanel.valuesPush(read[1].values, { auth: AUTH, serial: "b" }), `PUSH|${AUTH}|b|[on?=true;at@=1,2]`);
  for (const given of [thingspanel.gateway(one, devices), bytes(thingspanel.gateway(one, devices))]) {
    assert.deepEqual(thingspanel.parseGateway(given), { own: '{"t":36.50}', devices: read });
  }
  assert.deepEqual(thingspanel.parseGateway("{}"), { own: undefined, devices: [] });
  assert.throws(() => thingspanel.parseSubDevices('{"a":1}'), refused("type"));
  assert.throws(() => thingspanel.parseGateway("{"), refused("json"));
  assert.throws(() => thingspanel.parseGateway(Uint8Array.of(0xff)), refused("utf8"));

  const all = thingspanel.attributes('{"light":98.0,"a":{"s":"x\\n","e":"","l":[1]},"at":{"lat":1,"lng":2},"":null}');
  assert.deepEqual(all, [
    { device: undefined, name: "light", value: 98, text: "98.0" },
    { device: "a", name: "s", value: "x\n", text: undefined },
    { device: "a", name: "e", value: "", text: undefined },
    { device: "a", name: "l", value: [1], text: undefined },
    { device: undefined, name: "at", value: { lat: 1, lng: 2 }, text: undefined },
    { device: undefined, name: "", value: null, text: undefined },
  ]);
});

test("events and raw messages of ThingsPanel are written and read", () => {
  const event = thingspanel.event("alarm", `PUSH|${AUTH}|s|[level:=3.0]`);
  assert.deepEqual(thingspanel.parseEvent(event), { method: "alarm", params: '{"level":3.0}' });
  assert.deepEqual(thingspanel.parseEvent('{"method":""}'), { method: "", params: undefined });
  assert.throws(() => thingspanel.parseEvent("{}"), refused("missing"));
  assert.throws(() => thingspanel.parseEvent('{"method":"a","params":1}'), refused("type"));

  const message = Uint8Array.of(1, 2, 255, 0);
  const json = thingspanel.raw({ token: "b79f6640", message });
  assert.equal(json, '{"token":"b79f6640","values":"AQL/AA=="}');
  assert.deepEqual(thingspanel.parseRaw(json), { token: "b79f6640", message });
  assert.deepEqual(thingspanel.parseRaw('{"values":"AQL\\/AA==","token":"\\u00fc"}'), { token: "ü", message });
  const long = new Uint8Array(100_000).fill(7);
  assert.deepEqual(thingspanel.parseRaw(thingspanel.raw({ token: "", message: long })).message, long);
  assert.throws(() => thingspanel.parseRaw('{"token":"a","values":"?"}'), refused("base64"));
  assert.throws(() => thingspanel.parseRaw('{"token":"a"}'), refused("missing"));
  assert.deepEqual(thingspanel.rawToken("\r\nb79f6640\n"), bytes("b79f6640"));
  assert.deepEqual([thingspanel.DATA, thingspanel.HEARTBEAT, thingspanel.AUTH, thingspanel.ATTRIBUTES, thingspanel.EVENTS], [0, 1, 0, 1, 2]);
  assert.equal(thingspanel.DEVICE_NOT_FOUND, "RPC:device not found");
});

test("what comes as JSON from anywhere is read or refused", () => {
  const parts = ['{"', '"', '":', "1", "{", "}", ",", "null", '"method"', '"params"', '"token"', '"values"', '"gateway_data"', '"sub_device_data"', "\\", "\\ud800", "[", "]", "ü", " "];
  const { attributes, parseEvent, parseGateway, parseRaw, parseSubDevices, valuesPush } = thingspanel;
  let read = 0;
  for (let n = 0; n < 20_000; n++) {
    const inside = Array.from({ length: n % 12 }, () => parts[Math.trunc(Math.random() * parts.length)]).join("");
    const json = n % 3 === 0 ? inside : n % 3 === 1 ? `{${inside}}` : `{"a":{"${inside.replaceAll('"', "")}":1},"method":"${inside.replaceAll('"', "")}"}`;
    for (const reader of [attributes, parseEvent, parseGateway, parseRaw, parseSubDevices, (json) => valuesPush(json, { auth: AUTH, serial: "s" }), thingsboard.parseUplinks]) {
      try {
        reader(json);
        read++;
      } catch (error) {
        assert.ok(error instanceof TipwireError, `${json}: ${error}`);
      }
    }
  }
  assert.ok(read > 1000, `${read} were read`);
});

test("stored values become the telemetry of a gateway", () => {
  const moments = [{ time: 1694567890000, values: { temperature: "25.70", on: "true" } }, { time: "18446744073709551615", values: [["2", "null"], ["1", '"a"']] }];
  assert.equal(
    thingsboard.gatewayMoments({ "SN-002": moments, "a \"b\"": [] }),
    '{"SN-002":[{"ts":1694567890000,"values":{"temperature":25.70,"on":true}},{"ts":18446744073709551615,"values":{"2":null,"1":"a"}}],"a \\"b\\"":[]}',
  );
  const one = (moment) => () => thingsboard.gatewayMoments([["a", [moment]]]);
  for (const time of [-1, 1.5, 2 ** 60, 2n ** 64n, "18446744073709551616", "x", ""]) assert.throws(one({ time, values: {} }), refused("time_range"), String(time));
  assert.throws(one({ time: 1, values: { a: "oops" } }), refused("json"));
  assert.throws(one({ time: 1, values: { a: 5 } }), refused("type"));
  assert.throws(one({ time: 1, values: { "\ud800": "1" } }), refused("utf8"));
  assert.equal(thingsboard.gatewayMoments({}), "{}");
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

test("a sealer builds and seals at once, and what is wrong says where", () => {
  for (const layout of ["current", "short"]) {
    const settings = { cipher: "aes-128-ccm", key: deriveKey(TOKEN, "s").slice(0, 16), token: TOKEN, serial: "s", layout };
    const [sealer, other] = [new Sealer(settings), new Sealer(settings)];
    const opener = new Opener({ ...settings });
    const inner = (envelope) => opener.open(envelope, layout).text;
    const variables = [{ name: "t", value: "32.50", type: "number", unit: "C" }, { name: "s", value: "grüße|" }];
    const envelope = sealer.push({ variables, group: "g" });
    assert.deepEqual(envelope, other.seal("PUSH", "s|^g[t:=32.50#C;s=grüße\\|]"));
    assert.equal(inner(sealer.push({ raw: { encoding: "hex", data: "DEAD" } })), "s|>xDEAD");
    assert.equal(inner(sealer.push({ points: [{ variable: "t", value: 1.5 }] })), "s|[t:=1.5]");
    assert.equal(inner(sealer.pull(["a", "b"])), "s|[a;b]");
    assert.equal(inner(sealer.ping()), "s");
    assert.equal(inner(sealer.ack({ count: 3 })), "OK|3");
    assert.equal(inner(sealer.ack({ variables: [{ name: "t", value: 1 }] })), "OK|[t:=1]");
    assert.equal(sealer.counter, 7);
    assert.throws(() => sealer.push({ variables: [{ name: "t", value: 1 }, { name: "T", value: 1 }] }), refused("name", { point: 1, field: "variable" }));
    assert.throws(() => sealer.push({ variables: [{ name: "t", value: "x".repeat(70_000) }] }), refused("too_large"));
    assert.equal(sealer.counter, 7, "nothing was sealed");
    for (const one of [sealer, other, opener]) one.free();
  }
});

test("without a key, it is the one that the token gives for the serial", () => {
  const derived = deriveKey(TOKEN, "s");
  for (const [cipher, length] of [["aes-128-ccm", 16], ["aes-256-gcm", 32]]) {
    const settings = { cipher, token: TOKEN, serial: "s" };
    const chosen = { ...settings, key: derived.subarray(0, length) };
    for (const [from, to] of [[settings, chosen], [chosen, settings]]) {
      const [sealer, opener] = [new Sealer(from), new Opener(to)];
      assert.equal(opener.open(sealer.ping()).text, "s");
      sealer.free();
      opener.free();
    }
    assert.throws(() => new Opener({ ...settings, key: new Uint8Array(0) }), refused("invalid_key"));
    assert.throws(() => new Opener({ cipher, serial: "s" }), refused("token"));
    assert.throws(() => new Sealer({ ...settings, token: "4deedd7bab8817ec" }), refused("token"), "a hash gives no key");
  }
});

test("keys are looked up by the header, in turn", () => {
  const settings = (byte) => ({ cipher: "chacha20-poly1305", key: new Uint8Array(32).fill(byte), token: TOKEN, serial: "s" });
  const sealer = new Sealer({ ...settings(2), layout: "short" });
  const openers = [new Opener(settings(1)), new Opener(settings(2))];
  const envelope = sealer.pull(["a", "b"]);
  const asked = [];
  const opened = openWith(envelope, (header) => (asked.push(header.device.length), openers));
  assert.deepEqual([opened.layout, opened.opener, opened.text, opened.method], ["short", openers[1], "s|[a;b]", "PULL"]);
  assert.deepEqual(asked, [16, 8]);
  assert.equal(openWith(envelope, () => openers[1], ["short"]).counter, 0);
  assert.throws(() => openWith(envelope, () => undefined), refused("auth_failed"));
  assert.throws(() => openWith(envelope, () => [openers[0]]), refused("auth_failed"));
  assert.throws(() => openWith(new Uint8Array(), () => openers), refused("too_short"));
  const thrown = new Error("mine");
  let calls = 0;
  assert.throws(() => openWith(envelope, () => { calls++; throw thrown; }), (error) => error === thrown);
  assert.equal(calls, 1);
  assert.throws(() => openWith(envelope, () => openers, ["oops"]), refused("type"));
  // Whoever looks keys up may open, read and build meanwhile.
  const busy = (header) => {
    assert.throws(() => openWith(envelope, () => undefined), refused("auth_failed"));
    assert.equal(parse(push({ auth: AUTH, serial: header.device, variables: [{ name: "a", value: "x".repeat(999) }] })).serial, header.device);
    return new Set([new Opener(settings(3)), new Opener(settings(2))]);
  };
  assert.equal(openWith(envelope, busy).text, "s|[a;b]");
  for (const one of [sealer, ...openers]) one.free();
  assert.throws(() => openWith(envelope, () => openers), /freed/);
});

test("a server answers in plaintext what it cannot open, and a device sees that it is a hint", () => {
  let error;
  try {
    parse("PING|nonsense|s");
  } catch (problem) {
    error = problem;
  }
  assert.equal(replyTo(error), "ACK|ERR|invalid_token");
  try {
    openWith(new Uint8Array(40), () => undefined);
  } catch (problem) {
    error = problem;
  }
  const answer = replyTo(error, 7);
  assert.equal(answer, "ACK|!7|ERR|auth_failed");
  assert.equal(plaintextAnswer(bytes(answer)).error, "auth_failed");
  assert.equal(plaintextAnswer(Uint8Array.of(0, 0, 0, 0, 42)), undefined);
  assert.throws(() => replyTo(error, -1), refused("type"));
  assert.throws(() => replyTo({ kind: "oops" }), refused("type"));
});

test("random and huge strings are read, built and split without a crash", () => {
  const odd = ["\ud800", "a\udc00b", "\0", "x".repeat(70_000), "ü".repeat(40_000), "😀".repeat(20_000), "PUSH|".repeat(20_000)];
  for (const one of odd) {
    for (const read of [parse, tipwire.parseAck, (given) => tipwire.parseInner("PUSH", given), (given) => parse(bytes(given))]) assert.throws(() => read(one), TipwireError);
    assert.throws(() => push({ auth: one, serial: "s", variables: [{ name: "a", value: 1 }] }), TipwireError);
    assert.throws(() => push({ auth: AUTH, serial: one, variables: [{ name: "a", value: 1 }] }), TipwireError);
    assert.throws(() => tipwire.deriveKey(one, "s"), TipwireError);
  }
  for (let n = 0; n < 20_000; n++) {
    const value = String.fromCharCode(...Array.from({ length: n % 20 }, () => Math.random() * 0x1_0000));
    let line;
    try {
      line = push({ auth: AUTH, serial: "s", variables: [{ name: "a", value }] });
    } catch (error) {
      assert.ok(error instanceof TipwireError);
      continue;
    }
    assert.equal(parse(line).variables[0].value, value);
  }
});

test("what is built while something else is built or read is refused, and never becomes that", () => {
  const other = `PUSH|${AUTH}|other|[z:=1]`;
  const variable = { name: "a", value: 1 };
  for (const ask of [() => tipwire.build(parse(other)), () => parse(other), () => thingsboard.telemetry(other), () => stopped(() => parse("x"))]) {
    const asking = (rest, key, value) => Object.defineProperty(rest, key, { enumerable: true, get: () => (ask(), value) });
    const frames = [
      asking({ auth: AUTH, serial: "s", variables: [variable] }, "group", undefined),
      asking({ serial: "s", variables: [variable] }, "auth", AUTH),
      { auth: AUTH, serial: "s", variables: [asking({ name: "a" }, "value", 1), variable] },
      { auth: AUTH, serial: "s", variables: [{ ...variable, metadata: asking({}, "k", "v") }] },
      { auth: AUTH, serial: "s", raw: asking({ encoding: "hex" }, "data", "AB") },
      asking({ serial: "s", points: [{ variable: "a", value: 1 }] }, "auth", AUTH),
    ];
    for (const frame of frames) assert.throws(() => push(frame), TypeError);
    assert.throws(() => tipwire.pull({ auth: AUTH, serial: "s", names: asking([], 0, "a") }), TypeError);
    assert.throws(() => tipwire.ack({ status: "CMD", command: "x", get seq() { return ask(), 1; } }), TypeError);
  }
  assert.equal(push({ auth: AUTH, serial: "s", variables: [variable] }), `PUSH|${AUTH}|s|[a:=1]`);
});

const stopped = (work) => {
  try {
    work();
  } catch {
    // It only has to have been asked for.
  }
};

test("the exact text of an integer counts as long as it says the same", () => {
  const most = "18446744073709551615";
  const frame = parse(`PUSH|${AUTH}|s|@${most}[a:=1@${most}]`);
  const [variable] = frame.variables;
  assert.equal(tipwire.build(frame), `PUSH|${AUTH}|s|@${most}[a:=1@${most}]`);
  assert.equal(tipwire.build({ ...frame, time: 5, variables: [{ ...variable, time: new Date(6) }] }), `PUSH|${AUTH}|s|@5[a:=1@6]`);
  assert.equal(tipwire.ack({ ...tipwire.parseAck(`ACK|OK|${most}`), count: 3 }), "ACK|OK|3");
  const head = { auth: AUTH, serial: "s" };
  for (const [time, kind] of [[1.5, "time"], [-1, "time"], [Number.NaN, "time"], [2 ** 53 + 2, "time_range"], [Infinity, "time_range"]]) {
    assert.throws(() => push({ ...head, variables: [{ ...variable, timeText: undefined, time }] }), refused(kind, { point: 0, field: "time" }));
  }
  const points = tipwire.points(frame);
  assert.throws(() => tipwire.fromPoints(head, points), refused("time_range", { point: 0, field: "time" }));
  assert.throws(() => tipwire.fromPoints(head, [{ variable: "a", value: 1, time: 2 ** 60 }]), refused("time_range"));
  assert.equal(push({ ...head, variables: [{ name: "a", value: { lat: -0, lng: 1e20 } }] }), `PUSH|${AUTH}|s|[a@=-0,100000000000000000000]`);
  assert.equal(tipwire.fromPoints(head, [{ variable: "a", value: 1, time: 2 ** 53 }]), `PUSH|${AUTH}|s|[a:=1@9007199254740992]`);
});

test("texts that come again are the ones that came, whatever else is kept, is wrong or comes between", () => {
  let seed = 1;
  const random = (below) => (seed = (seed * 48271) % 0x7fffffff) % below;
  const word = (of, most) => Array.from({ length: 1 + random(most) }, () => of[random(of.length)]).join("");
  // More than are kept, of all lengths and alike at both ends; each comes often, and in any order.
  const words = Array.from({ length: 600 }, (_, n) => (n % 3 === 0 ? `temp${word("ab", 30)}er` : word("ab_019", 30)));
  words.push("__proto__", "constructor", "0", "7", "x".repeat(24), "x".repeat(25), "x".repeat(100));
  const units = ["°C", "µg/m³", "€€", "%", "C", "𝄞𝄞", "m/s", "x".repeat(25)];
  const splitter = new tipwire.Frames({ onError() {} });
  let stream = "";
  const wanted = [];
  for (let round = 0; round < 3000; round++) {
    const any = () => words[random(random(2) === 0 ? 20 : words.length)];
    const list = Array.from({ length: 1 + random(4) }, () => ({ name: any(), unit: units[random(units.length)], group: any(), key: any() }));
    const frame = `PUSH|${AUTH}|${any().slice(0, 100)}|[${list.map(({ name, unit, group, key }) => `${name}:=1#${unit}^${group}{${key}=${name},z${key.slice(1)}=2}`).join(";")}]`;
    const broken = frame.slice(0, -1 - random(20));
    if (random(3) === 0) assert.throws(() => parse(broken), TipwireError);
    const check = (read) => {
      assert.equal(read.variables.length, list.length);
      list.forEach(({ name, unit, group, key }, n) => {
        const variable = read.variables[n];
        assert.deepEqual([variable.name, variable.unit, variable.group], [name, unit, group]);
        const pairs = `z${key.slice(1)}` === key ? [[key, "2"]] : [[key, name], [`z${key.slice(1)}`, "2"]];
        assert.deepEqual(new Map(Object.entries(variable.metadata)), new Map(pairs));
      });
      assert.equal(tipwire.build(read), frame);
    };
    check(parse(random(2) === 0 ? frame : bytes(frame)));
    stream += random(9) === 0 ? `${broken}\n${frame}\r\n` : `${frame}\n`;
    wanted.push(check);
    if (round % 100 === 99) {
      const read = [...splitter.push(bytes(stream))];
      assert.equal(read.length, wanted.length);
      read.forEach((frame, n) => wanted[n](frame));
      [stream, wanted.length] = ["", 0];
    }
  }
  splitter.free();
});

test("of a key that is repeated the last text counts, in its place", () => {
  const [first, second] = parse(`PUSH|${AUTH}|s|[t:=1{a=1,b=2,a=3};u:=2{ab=1,ba=2,ca=3}]`).variables;
  assert.deepEqual(Object.entries(first.metadata), [["b", "2"], ["a", "3"]]);
  assert.deepEqual(Object.entries(second.metadata), [["ab", "1"], ["ba", "2"], ["ca", "3"]]);
  const escaped = parse(`PUSH|${AUTH}|s|[t:=1{a=\\;1,b=\\;2,a=\\;3};u=\\;4]`).variables;
  assert.deepEqual(Object.entries(escaped[0].metadata), [["b", ";2"], ["a", ";3"]]);
  assert.equal(escaped[1].value, ";4");
});

test("buffers that were detached are empty", () => {
  const detached = new Uint8Array(8);
  structuredClone(detached.buffer, { transfer: [detached.buffer] });
  assert.throws(() => parse(detached), refused("method"));
  assert.equal(explain(detached).spans.length, 0);
  assert.throws(() => parsePacket(detached), TipwireError);
  assert.throws(() => tipwire.parseHeader(detached), refused("too_short"));
  const splitter = new tipwire.Splitter("lines");
  assert.deepEqual(splitter.push(detached), []);
  splitter.free();
  const frames = new tipwire.Frames();
  assert.deepEqual([...frames.push(detached), ...frames.push(new Uint8Array())], []);
  frames.free();
  assert.throws(() => new tipwire.Splitter("delimiter", { delimiters: [detached] }), refused("invalid_settings"));
});

test("two instances do not disturb each other", async () => {
  const other = await import("../../target/js/package/index.js?second");
  const line = (n) => `PUSH|${AUTH}|s${n}|[a=grüße ${n}]`;
  for (let n = 0; n < 100; n++) {
    const [first, second] = [parse(line(n)), other.parse(line(n + 1))];
    assert.deepEqual([first.serial, second.serial], [`s${n}`, `s${n + 1}`]);
    assert.equal(other.build(first), line(n));
  }
});

// `FRAMES=10000000` is what is promised; fewer show a leak too.
test("a frame may be the one that makes the memory grow", () => {
  for (const entry of ["index", "text"]) {
    // The first text that comes again takes the first memory: that of a group, or of a key, behind what is new.
    const program = `
      import { parse, push } from ${JSON.stringify(new URL(`../../target/js/package/${entry}.js`, import.meta.url))};
      const [what, where] = process.argv.slice(-2);
      const more = what === "group" ? { group: "batch" } : { metadata: { batch: "x" } };
      for (const n of [0, 1, 2]) {
        const head = { auth: "4deedd7bab88170" + n, serial: "device" + n, time: n };
        const variable = { name: "n" + n, value: 1e20, unit: "u" + n, time: n };
        const line = push({ ...head, ...(where === "block" ? more : {}), variables: [where === "block" ? variable : { ...variable, ...more }] });
        console.log(line.slice(line.lastIndexOf("|")));
      }`;
    for (const [what, written] of [["group", "^batch"], ["metadata", "{batch=x}"]]) {
      for (const where of ["block", "variable"]) {
        const out = execFileSync(process.execPath, ["--input-type=module", "-e", program, what, where], { encoding: "utf8" });
        const [first, last] = where === "block" ? [written, ""] : ["", written];
        const line = (n) => `|@${n}${first}[n${n}:=100000000000000000000#u${n}@${n}${last}]`;
        assert.deepEqual(out.split("\n"), [line(0), line(1), line(2), ""]);
      }
    }
  }
});

test("whatever is asked for first, and makes the memory grow, is what it is later", async () => {
  const long = `[${"a:=1;".repeat(99)}a:=1]`;
  const asked = [
    `tagoio.topic("s", "push")`,
    `new tagoio.HttpRequest({ method: "POST", path: "/v1/tip/s", authorization: "TagoTiP ${AUTH}", body: "${long}" }).toFrame()`,
    `new tagoio.HttpResponse({ status: 200, body: "${long}" }).toAck("PULL")`,
    `new tagoio.MqttMessage({ topic: "$tip/s/push", payload: "${long}" }).toFrame("${AUTH}")`,
    `new tagoio.MqttMessage({ topic: "$tip/s/ack", payload: "OK|${long}" }).toAck()`,
    `tagoio.HttpRequest.fromFrame("PUSH|${AUTH}|s|${long}").path`,
    `thingspanel.valuesPush('{"a":1}', { auth: "${AUTH}", serial: "s" })`,
    `thingspanel.topic({ channel: "telemetry" })`,
    `thingsboard.parseUplinks({ deviceName: "s", telemetry: { t: 1 } })[0].push({ auth: "${AUTH}" })`,
    `fromPoints({ auth: "${AUTH}", serial: "s" }, '[{"variable":"a","value":1}]' + " ".repeat(100000))`,
    `ack({ status: "OK", text: "[a=" + "\\\\;".repeat(2000) + "]" })`,
    `replyTo(new TipwireError("", "auth", ""))`,
    `authHash("${TOKEN}") + deviceHash("s") + deriveKey("${TOKEN}", "s")`,
    `new Sealer({ cipher: "aes-256-gcm", token: "${TOKEN}", serial: "s" }).push({ points: '[{"variable":"a","value":1}]' + " ".repeat(100000) }).join()`,
    `parse("PUSH|${AUTH}|s|[a=" + "\\\\;".repeat(2000) + "]").variables[0].value`,
  ];
  const entry = new URL("../../target/js/package/index.js", import.meta.url);
  const answers = asked.map(async (one) => {
    const program = `import * as tipwire from ${JSON.stringify(entry)};
      const { ${Object.keys(tipwire).join(", ")} } = tipwire;
      const ask = () => ${one};
      console.log(JSON.stringify([ask(), ask()]));`;
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", program]);
    const [first, later] = JSON.parse(stdout);
    assert.notEqual(first, "", one);
    assert.equal(first, later, one);
  });
  await Promise.all(answers);
});

test("memory does not grow with frames", () => {
  const count = Number(process.env.FRAMES ?? 300_000);
  const line = `PUSH|${AUTH}|s|[a=grüße\\n;b:=1.5{k=v}]`;
  const run = (frames) => {
    for (let n = 0; n < frames; n++) {
      const frame = parse(line);
      if (n % 100 === 0) assert.equal(push(frame), line);
    }
  };
  run(20_000);
  const [memory, { rss }] = [moduleMemory(), process.memoryUsage()];
  run(count);
  assert.equal(moduleMemory(), memory);
  const grown = process.memoryUsage().rss - rss;
  assert.ok(grown < 64 << 20, `${grown}`);
});

test("what is missing or of another type is named", () => {
  assert.throws(() => new tipwire.Client({ auth: AUTH }), refused("missing", { field: "serial", message: "serial: this is required" }));
  assert.throws(() => new tipwire.Devices().enforceSequence(5, "s"), refused("type", { field: "auth" }));
  assert.throws(() => new Sealer({ cipher: "aes-128-ccm", key: new Uint8Array(16), token: TOKEN }), refused("missing", { field: "serial" }));
  assert.throws(() => new Sealer({ cipher: "rot13", key: new Uint8Array(16), token: TOKEN, serial: "s" }), refused("unsupported_cipher"));
  assert.throws(() => thingspanel.valuesPush("{}", { auth: AUTH }), refused("missing", { field: "serial" }));
  assert.throws(() => new tipwire.Splitter("lines").push("text"), refused("type"));
  for (const make of [() => new tipwire.Splitter("lines"), () => new tipwire.Frames(), () => new tipwire.Frames({ parse: (bytes) => bytes })]) {
    for (const chunk of ["text", new ArrayBuffer(4), new Uint16Array(4)]) assert.throws(() => [...make().push(chunk)], refused("type"));
  }
  for (const settings of [{ max: "abc" }, { max: {} }, { max: 5n }, { max: null }, { strip: "1" }, { order: "toString" }, { offset: Number.NaN }, { delimiters: "ab" }, { delimiters: [null] }]) {
    for (const rule of ["lines", "delimiter", "length_field"]) assert.throws(() => new tipwire.Splitter(rule, settings), refused("invalid_settings"));
  }
  assert.throws(() => new tipwire.Splitter(["lines"]), refused("invalid_settings"));
  // What has no kind of this module is no error of it, and never a success.
  for (const error of [new Error("oops"), { kind: "nonsense" }, { kind: 7 }]) {
    assert.throws(() => replyTo(error), refused("type"));
    assert.throws(() => tagoio.HttpResponse.fromError(error), refused("type"));
  }
  // An integer of fewer bits would be another number.
  for (const status of [2 ** 16 + 200, -1, 200.5, "200"]) assert.throws(() => new tagoio.HttpResponse({ status }), refused("type"));
  const response = new tagoio.HttpResponse({ status: 200, body: "1" });
  for (const seq of [-1, 2 ** 32 + 5, 1.5, "1"]) assert.throws(() => response.toAck("PUSH", seq), refused("type"));
  const sealer = new Sealer({ cipher: "aes-128-ccm", token: TOKEN, serial: "s" });
  for (const count of [-1, 2 ** 32 + 1, 1.5, "1"]) assert.throws(() => sealer.reserve(count), refused("type"));
  for (const size of [70_000, 200_000]) {
    assert.throws(() => tipwire.deviceHash("x".repeat(size)), refused("too_large"));
    assert.throws(() => deriveKey(TOKEN, "ü".repeat(size / 2)), refused("too_large"));
  }
});

test("what was freed or given away says so, and may be freed again", () => {
  const settings = { cipher: "aes-128-ccm", key: new Uint8Array(16), token: TOKEN, serial: "s" };
  const given = new Sealer(settings);
  new tipwire.Client({ auth: AUTH, serial: "s", sealer: given }).free();
  const uses = [
    [given, [() => given.ping(), () => given.counter, () => new tipwire.Client({ auth: AUTH, serial: "s", sealer: given }), () => new tipwire.Devices().addKey(given)]],
  ];
  const made = (one, ...calls) => {
    one[Symbol.dispose ?? "free"]();
    uses.push([one, calls.map((call) => () => call(one))]);
  };
  const devices = new tipwire.Devices();
  made(new tipwire.Splitter("lines"), (one) => one.push(new Uint8Array(1)), (one) => one.pending, (one) => one.reset());
  made(new tipwire.Frames(), (one) => [...one.push(new Uint8Array(1))]);
  made(new Sealer(settings), (one) => one.seal("PING", "s"), (one) => one.reserve(1), (one) => one.counter);
  made(new Opener(settings), (one) => one.open(new Uint8Array(50)), (one) => one.parse(new Uint8Array(50)));
  made(new tipwire.Server({ devices }), (one) => one.nextEvent(0), (one) => one.receive(new Uint8Array(1)), (one) => one.dataToSend(), (one) => one.deadline);
  made(new tipwire.Client({ auth: AUTH, serial: "s" }), (one) => one.ping(0), (one) => one.nextEvent(0), (one) => one.deadline, (one) => one.isConnected);
  made(new thingsboard.Converter("text"), (one) => one.convert("a"), (one) => one.uplinks("a"));
  made(new thingsboard.Converter(() => "{}"), (one) => one.convert("a"));
  made(devices, (one) => one.counter(0), (one) => new tipwire.Server({ devices: one }).nextEvent(0));
  for (const [one, calls] of uses) {
    one.free();
    for (const call of calls) assert.throws(call, /^TypeError: it was freed or given away/, `${one.constructor.name}: ${call}`);
  }
});

const MEGABYTE = 1 << 20;
const SETTINGS = { max: MEGABYTE };

/** What streams hold of the module while nobody collects garbage. */
async function held(make) {
  await make();
  const before = moduleMemory();
  for (let n = 0; n < 60; n++) await make();
  return moduleMemory() - before;
}

const chunk = () => new TextEncoder().encode(`PING|${AUTH}|s\n${"x".repeat(MEGABYTE / 2)}`);
const endless = () => new ReadableStream({ pull: (controller) => controller.enqueue(chunk()) });

const ENDS = {
  "is cancelled by its reader": async (stream) => {
    const reader = endless().pipeThrough(stream).getReader();
    await reader.read();
    await reader.cancel("enough");
  },
  "is left by a loop": async (stream) => {
    for await (const _ of endless().pipeThrough(stream)) break;
  },
  "is aborted by its writer": async (stream) => {
    const reader = stream.readable.getReader();
    const writer = stream.writable.getWriter();
    void writer.write(chunk()).catch(() => {});
    await reader.read();
    await writer.abort("broken");
    await assert.rejects(reader.read());
  },
  "gets something bad": async (stream) => {
    const source = new ReadableStream({
      start(controller) {
        controller.enqueue(chunk());
        controller.enqueue(new Uint8Array(3 * MEGABYTE));
      },
    });
    await assert.rejects(async () => {
      for await (const _ of source.pipeThrough(stream));
    }, TipwireError);
  },
  "ends": async (stream) => {
    const lines = ReadableStream.from([chunk().subarray(0, 30)]).pipeThrough(stream);
    let count = 0;
    for await (const _ of lines) count++;
    assert.equal(count, 1);
  },
};
for (const [how, end] of Object.entries(ENDS)) {
  test(`a stream that ${how} gives its memory back`, async () => {
    for (const make of [() => tipwire.splitStream("lines", SETTINGS), () => tipwire.frameStream(SETTINGS)]) {
      const grown = await held(() => end(make()));
      assert.ok(grown < 8 * MEGABYTE, `${grown}`);
    }
  });
}

test("streams of Node and loops that are left give their memory back", async () => {
  const chunks = function* () {
    while (true) yield chunk();
  };
  const ways = [
    async () => {
      for await (const _ of Readable.from(chunks()).compose(splitTransform("lines", SETTINGS))) break;
    },
    async () => {
      const stream = frameTransform(SETTINGS);
      stream.on("error", () => {});
      stream.write(chunk());
      stream.destroy(new Error("broken"));
      await new Promise((resolve) => stream.on("close", resolve));
    },
    async () => {
      for await (const _ of tipwire.messages(chunks(), "lines", SETTINGS)) break;
    },
    async () => {
      for await (const _ of tipwire.frames(chunks(), SETTINGS)) break;
    },
    async () => {
      const frames = tipwire.frames(chunks(), SETTINGS);
      await frames.next();
      await frames.return();
    },
  ];
  for (const way of ways) {
    const grown = await held(way);
    assert.ok(grown < 8 * MEGABYTE, `${grown}: ${way}`);
  }
});
