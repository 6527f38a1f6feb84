// What the vectors cannot ask for: JavaScript's own odd values.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import * as tipwire from "../../target/js/package/index.js";
import * as secure from "../../target/js/package/secure.js";
import * as text from "../../target/js/package/text.js";

const { parse, push, ack, points, build, TipwireError } = tipwire;
const head = { auth: "4deedd7bab8817ec", serial: "s" };
const refused = (kind, more = {}) => (error) => {
  assert.ok(error instanceof TipwireError, String(error));
  assert.equal(error.kind, kind);
  for (const [key, value] of Object.entries(more)) assert.equal(error[key], value);
  return true;
};

test("texts outside ASCII are cut where JavaScript has them", () => {
  const frame = parse(`PUSH|${head.auth}|s|[a=grüße 😀\\n!#°C;b=x{k=漢\\,字}]`);
  assert.equal(frame.variables[0].value, "grüße 😀\n!");
  assert.equal(frame.variables[0].unit, "°C");
  assert.deepEqual({ ...frame.variables[1].metadata }, { k: "漢,字" });
});

test("bytes and strings read alike", () => {
  const line = `PUSH|!3|${head.auth}|s|@=1.50,2,3@5^g{a=ü}[t:=1.0#C;ok?=false;p@=0,0]`;
  assert.deepEqual(parse(new TextEncoder().encode(line)), parse(line));
  assert.equal(build(parse(line)), line);
});

test("lone surrogates are refused, read or written", () => {
  assert.throws(() => parse(`PUSH|${head.auth}|s|[a=\ud83d]`), refused("utf8"));
  const variables = [{ name: "a", value: "\ud83d" }];
  assert.throws(() => push({ ...head, variables }), refused("utf8", { point: 0, field: "value" }));
});

test("halves of a character are refused where they are, though they would be one side by side", () => {
  const two = (first, second) => () => push({ ...head, variables: [{ name: "a", value: first }, { name: "b", value: second }] });
  assert.throws(two("x\ud83d", "\ude00"), refused("utf8", { point: 0, field: "value" }));
  assert.throws(two("ü", "x\ud83dy"), refused("utf8", { point: 1, field: "value" }));
  assert.throws(() => push({ ...head, group: "\ud83d", variables: [{ name: "\ude00", value: 1 }] }), refused("utf8"));
  assert.throws(() => push({ ...head, serial: "s\ud800", points: "[]" }), refused("utf8", { field: "serial" }));
  assert.throws(() => tipwire.pull({ ...head, names: ["a", "\udc00"] }), refused("utf8", { field: "names" }));
  assert.throws(() => ack({ command: "\ud800!" }), refused("utf8", { field: "detail" }));
  // Nothing of that is left to the next one.
  assert.equal(two("x", "y")(), `PUSH|${head.auth}|s|[a=x;b=y]`);
});

test("texts go over together and come out apart, whatever they are made of", () => {
  const texts = ["a", "ü", "漢字", "😀", "😀😀é", "x".repeat(50), "grüße", "~"];
  for (let n = 0; n < 300; n++) {
    const pick = (k) => texts[(n * 7 + k * 3 + (n >> 3)) % texts.length];
    const variables = [
      { name: "a", value: pick(0), unit: pick(1).slice(0, 2), metadata: { k: pick(2), l: pick(3) } },
      { name: "b", value: pick(4) },
      { name: "c", value: 1.5, unit: "°" },
    ];
    const [a, b, c] = parse(push({ ...head, variables })).variables;
    assert.deepEqual([a.value, a.unit, { ...a.metadata }], [variables[0].value, variables[0].unit, variables[0].metadata]);
    assert.deepEqual([b.value, c.value, c.unit], [variables[1].value, 1.5, "°"]);
  }
});

test("texts that escape much are read whole, short and long", () => {
  for (const length of [1, 100, 127, 128, 129, 255, 256, 257, 3000]) {
    const value = "ü\n|\\;".repeat(length).slice(0, length);
    const [a, b] = parse(push({ ...head, variables: [{ name: "a", value }, { name: "b", value: "[😀]" }] })).variables;
    assert.deepEqual([a.value, b.value], [value, "[😀]"]);
  }
});

test("a place keeps its digits as long as they say the same", () => {
  const line = `PUSH|${head.auth}|s|[p@=1.50,2.0,3.00;q@=1.0,-2.50]`;
  const [p, q] = parse(line).variables;
  const built = (...variables) => push({ ...head, variables }).slice(`PUSH|${head.auth}|s|`.length);
  const moved = (variable, change) => ({ ...variable, value: { ...variable.value, ...change } });
  assert.equal(built(p, q), "[p@=1.50,2.0,3.00;q@=1.0,-2.50]");
  assert.equal(built(moved(p, { alt: undefined })), "[p@=1.5,2]");
  assert.equal(built(moved(p, { lat: 9 })), "[p@=9,2,3]");
  assert.equal(built(moved(q, { lng: 2 })), "[q@=1,2]");
  assert.equal(built(moved(q, { alt: 4 })), "[q@=1,-2.5,4]");
  assert.equal(built(moved(q, { text: "1.0" })), "[q@=1,-2.5]");
  assert.equal(built(moved(q, { text: "1.0,-2.50,," })), "[q@=1,-2.5]");
});

test("integers beyond 2^53 keep their digits, and are not taken as numbers", () => {
  const line = `PUSH|${head.auth}|s|@18446744073709551615[t:=1]`;
  const frame = parse(line);
  assert.equal(frame.timeText, "18446744073709551615");
  assert.equal(build(frame), line);
  const variables = [{ name: "t", value: 1 }];
  assert.throws(() => push({ ...head, variables, time: 2 ** 60 }), refused("time_range", { field: "time" }));
  assert.throws(() => push({ ...head, variables, time: 1.5 }), TipwireError);
  assert.match(push({ ...head, variables, time: 2n ** 60n }), /@1152921504606846976\[/);
  assert.equal(ack({ count: "18446744073709551615" }), "ACK|OK|18446744073709551615");
});

test("values of other types are refused with their place", () => {
  const one = (variable) => () => push({ ...head, variables: [{ name: "ok", value: 1 }, variable] });
  assert.throws(one({ name: "a", value: null }), refused("type", { point: 1, field: "value" }));
  assert.throws(one({ name: "a" }), refused("missing", { point: 1, field: "value" }));
  assert.throws(one({ name: "a", value: Number.NaN }), refused("not_finite", { point: 1 }));
  assert.throws(one({ name: "A", value: 1 }), refused("name", { point: 1, field: "variable" }));
  assert.throws(one({ name: "a", value: 1, unit: 5 }), refused("type", { point: 1, field: "unit" }));
  assert.throws(() => parse(5), refused("type"));
  assert.throws(() => push({ ...head, points: [{ variable: "a", value: 1n }] }), refused("type"));
});

test("exact digits count as long as the number is the same", () => {
  const frame = parse(`PUSH|${head.auth}|s|[t:=32.50]`);
  assert.match(build(frame), /t:=32\.50\]/);
  frame.variables[0].value = 33;
  assert.match(build(frame), /t:=33\]/);
});

test("digits say the same as a number if JavaScript reads them so", () => {
  let seed = 1;
  const random = (below) => (seed = (seed * 48271) % 0x7fffffff) % below;
  const digits = (most) => Array.from({ length: 1 + random(most) }, () => random(10)).join("");
  for (let n = 0; n < 20000; n++) {
    const text = () => `${random(2) === 0 ? "-" : ""}${BigInt(digits(17))}${random(3) === 0 ? "" : `.${digits(n % 2 === 0 ? 4 : 18)}`}`;
    const [t, lat, lng] = [text(), text(), text()];
    const value = { lat: Number(lat), lng: Number(lng), alt: undefined, text: `${lat},${lng}` };
    const line = push({ ...head, variables: [{ name: "t", value: Number(t), text: t }, { name: "p", value }] });
    assert.equal(line, `PUSH|${head.auth}|s|[t:=${t};p@=${lat},${lng}]`);
  }
  for (const text of ["", "-", ".", "1.", ".5", "1.2.3", "--1", "0x10", "1e1", " 1", "1a"]) {
    const line = push({ ...head, variables: [{ name: "p", value: { lat: 7, lng: 1, text: `${text},1` } }] });
    assert.equal(line, `PUSH|${head.auth}|s|[p@=7,1]`);
  }
});

test("variables and metadata are what an object has, however it came by it", () => {
  class Reading {
    #value = 1;
    name = "a";
    get value() {
      return this.#value;
    }
    get unit() {
      return "C";
    }
  }
  const bare = Object.assign(Object.create(null), { value: 2, name: "b", metadata: Object.assign(Object.create({ not: "own" }), { k: "v" }) });
  const built = (...variables) => push({ ...head, variables }).slice(`PUSH|${head.auth}|s|`.length);
  assert.equal(built(new Reading(), bare, Object.create({ name: "c", value: true })), "[a:=1#C;b:=2{k=v};c?=true]");
  assert.equal(built({ value: "x", ignored: 1, unit: undefined, name: "d", metadata: {} }), "[d=x]");
});

test("all doubles go over and come back, as the shortest text without an exponent", () => {
  const bits = new DataView(new ArrayBuffer(8));
  let seed = 1;
  const random = () => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 0);
  const values = [0, -0, 1e8, 1e15, 1e16, 1e21, 1e22, -1e22, 1.5e63, 2 ** 53, 2 ** 53 + 2, 1e-7, 1.25e-7, -1e-8, 5e-62, 0.1 + 0.2, 1 / 3, 99999999.1234567, 123456789.1234567];
  for (let n = 0; n < 20000; n++) {
    bits.setUint32(0, random());
    bits.setUint32(4, random());
    values.push(bits.getFloat64(0), (random() % 1e6) / 10 ** (n % 10), random() * 2 ** ((n % 60) - 40));
  }
  let written = 0;
  for (const value of values) {
    const digits = Math.abs(value) < 1 ? 1 - Math.floor(Math.log10(Math.abs(value))) + 17 : Math.log10(Math.abs(value)) + 1;
    let line;
    try {
      line = push({ ...head, variables: [{ name: "t", value }, { name: "p", value: { lat: value, lng: 1.5, alt: value } }] });
    } catch (error) {
      assert.equal(error.kind, Number.isFinite(value) ? "digits" : "not_finite", `${value}`);
      assert.ok(!(digits <= 64) || value === 0, `${value}`);
      continue;
    }
    written++;
    const [t, p] = parse(line).variables;
    assert.ok(Object.is(t.value, value) && Object.is(p.value.lat, value) && Object.is(p.value.alt, value), `${value}: ${line}`);
    assert.ok(/^-?\d+(\.\d*[1-9])?$/.test(t.text), line);
    if (!/e/.test(value)) assert.equal(t.text, Object.is(value, -0) ? "-0" : String(value));
  }
  assert.ok(written > 40000, `${written}`);
});

test("long numbers are read as JavaScript reads them", () => {
  for (const text of ["0.10000000000000000001", "9007199254740993", "9007199254740993.00000000001", "1" + "0".repeat(308), "1" + "0".repeat(400), `0.${"0".repeat(323)}5`, `-0.${"0".repeat(400)}1`, "123456789012345678"]) {
    const [t, p, q] = parse(`PUSH|${head.auth}|s|[t:=${text};p@=1,${text};q@=${text},2,${text}]`).variables;
    for (const value of [t.value, p.value.lng, q.value.lat, q.value.alt]) assert.ok(Object.is(value, Number(text)), text);
    assert.deepEqual([t.text, p.value.lat, p.value.alt, q.value.lng], [text, 1, undefined, 2]);
  }
});

test("metadata keeps its order, and no key is special", () => {
  const line = `PUSH|${head.auth}|s|[t:=1{b=1,0=2,a=3,__proto__=4}]`;
  assert.equal(build(parse(line)), line);
  assert.equal({}.polluted, undefined);
});

test("too much of anything is refused", () => {
  assert.throws(() => parse("x".repeat(1e6)), refused("too_large", { at: 16384 }));
  assert.throws(() => parse(new Uint8Array(1e6)), refused("too_large"));
  const many = (length) => Array.from({ length }, () => ({ name: "t", value: 1 }));
  assert.throws(() => push({ ...head, variables: many(1e5) }), refused("too_many_variables"));
  assert.throws(() => push({ ...head, variables: [{ name: "t", value: "x".repeat(1e6) }] }), refused("too_large"));
  const metadata = Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`k${n}`, "v"]));
  assert.throws(() => push({ ...head, variables: [{ name: "t", value: 1, metadata }] }), refused("too_many_pairs"));
});

test("random strings are read or refused, and what is read can be built and read again", () => {
  const parts = ["PUSH|", "PULL|", "PING|", "!1|", head.auth, "|s", "|[", "]", "t:=1", "=", ";", "#C", "@5", "\\", "\n", "ü", "😀", "\ud800", "{a=b}", "^g"];
  let seed = 1;
  const random = (n) => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 1) % n;
  let read = 0;
  for (let n = 0; n < 20000; n++) {
    const shape = random(2) ? `PUSH|${head.auth}|s|[t:=1` : "";
    const line = shape + Array.from({ length: random(6) }, () => parts[random(parts.length)]).join("") + (shape ? "]" : "");
    try {
      const frame = parse(line);
      assert.deepEqual(parse(build(frame)), frame);
      read++;
    } catch (error) {
      assert.ok(error instanceof TipwireError, `${JSON.stringify(line)}: ${error}`);
    }
  }
  assert.ok(read > 100, `${read} were read`);
});

test("views survive when the memory grows", () => {
  const line = `PUSH|${head.auth}|s|[t:=1;s=a\\nb]`;
  const splitters = Array.from({ length: 50 }, () => new tipwire.Splitter("lines", { max: 100000 }));
  for (const splitter of splitters) splitter.push(new Uint8Array(90000).fill(65));
  assert.equal(parse(line).variables[1].value, "a\nb");
  for (const splitter of splitters) splitter.free();
});

test("an error that nobody catches is shown by its name and a short line", () => {
  const calls = {
    "index.js": 'import(file).then((it) => it.parse(""))',
    "text.js": 'import(file).then((it) => it.parse(""))',
    "secure.js": 'import(file).then((it) => it.parseInner("PING", ""))',
    "cjs/index.js": 'require(file).parse("")',
  };
  for (const [file, call] of Object.entries(calls)) {
    const path = fileURLToPath(new URL(`../../target/js/package/${file}`, import.meta.url));
    const { stderr, status } = spawnSync(process.execPath, ["-e", `const file = ${JSON.stringify(path)}; ${call};`], { encoding: "utf8" });
    assert.equal(status, 1, file);
    assert.match(stderr, /^TipwireError: expected .* at byte 0\n    at /m, file);
    assert.ok(stderr.length < 3000, `${file}: ${stderr.length} characters`);
  }
});

test("two entries work at once, in ESM and CommonJS", () => {
  const common = createRequire(import.meta.url)("../../target/js/package/cjs/index.js");
  const line = `PING|${head.auth}|s`;
  for (const parse of [tipwire.parse, text.parse, common.parse]) assert.equal(parse(line).serial, "s");
  assert.equal(text.Sealer, undefined);
});

test("the small entry builds of variables, and says that data points need the whole one", () => {
  const variables = [{ name: "t", value: 1.5 }];
  const line = `PUSH|${head.auth}|s|[t:=1.5]`;
  assert.equal(text.push({ ...head, variables }), line);
  assert.equal(text.points(text.parse(line))[0].value, 1.5);
  const points = [{ variable: "t", value: 1.5 }];
  assert.equal(push({ ...head, points }), line);
  assert.throws(() => text.push({ ...head, points }), (error) => error instanceof text.TipwireError && error.kind === "missing");
  assert.deepEqual(
    ["fromPoints", "toJSON", "toPointsJSON", "innerJSON", "authHash", "deriveKey", "deviceHash"].filter((name) => name in text),
    [],
  );
});

test("the entry of envelopes has a module of its own, which seals and opens as the whole one does", () => {
  const points = [{ variable: "t", value: 1.5, metadata: { k: "ü" } }];
  for (const [cipher, bytes] of Object.entries({ "aes-128-ccm": 16, "aes-128-gcm": 16, "aes-256-ccm": 32, "aes-256-gcm": 32, "chacha20-poly1305": 32 })) {
    for (const layout of ["current", "short"]) {
      const settings = { cipher, key: new Uint8Array(bytes).fill(7), serial: "s", counter: 5 };
      const [small, whole] = [secure, tipwire].map((entry) => ({ sealer: new entry.Sealer({ ...settings, layout, token: head.auth }), opener: new entry.Opener(settings) }));
      for (const inner of [{ points }, { variables: [{ name: "t", value: "x".repeat(500) }] }]) {
        const envelope = small.sealer.push(inner);
        assert.deepEqual(envelope, whole.sealer.push(inner));
        assert.deepEqual(small.opener.parse(envelope, layout), whole.opener.parse(envelope, layout));
        envelope[envelope.length - 1] ^= 1;
        assert.throws(() => small.opener.open(envelope, layout), (error) => error instanceof secure.TipwireError && error.kind === "auth_failed");
      }
    }
  }
  assert.equal(secure.authHash("ate2bd319014b24e0a8aca9f00aea4c0d0"), tipwire.authHash("ate2bd319014b24e0a8aca9f00aea4c0d0"));
  assert.throws(() => new tipwire.Client({ ...head, sealer: new secure.Sealer({ cipher: "aes-128-gcm", key: new Uint8Array(16), token: head.auth, serial: "s" }) }), TypeError);
  assert.deepEqual(["parse", "push", "Splitter", "Client", "toJSON", "thingsboard"].filter((name) => name in secure), []);
});

test("what is freed cannot be used, and frees at the end of its scope", () => {
  const splitter = new tipwire.Splitter("lines");
  splitter[Symbol.dispose]?.();
  assert.throws(() => splitter.push(new Uint8Array(1)));
  assert.throws(() => new tipwire.Splitter("lines", { max: -1 }), refused("invalid_settings"));
  assert.throws(() => new tipwire.Splitter("nothing"), refused("invalid_settings"));
});

test("an envelope that was changed does not open", () => {
  const settings = { cipher: "aes-128-gcm", key: new Uint8Array(16), serial: "s" };
  const sealer = new tipwire.Sealer({ ...settings, token: head.auth });
  const envelope = sealer.seal("PING", "s");
  const opener = new tipwire.Opener(settings);
  assert.equal(opener.open(envelope).text, "s");
  envelope[envelope.length - 1] ^= 1;
  assert.throws(() => opener.open(envelope), refused("auth_failed"));
  assert.throws(() => new tipwire.Opener({ ...settings, key: new Uint8Array(5) }), refused("invalid_key"));
});

test("points have the defaults of their block", () => {
  const [point] = points(parse(`PUSH|${head.auth}|s|@5^g{a=b}[p@=1,2]`));
  assert.deepEqual(point.location, { lat: 1, lng: 2, alt: undefined, text: "1,2" });
  assert.deepEqual([point.value, point.time, point.group, point.metadata.a], ["1,2", 5, "g", "b"]);
});

test("the files are as large as the README says", () => {
  const here = (path) => new URL(path, import.meta.url);
  const [, table] = /<!-- sizes -->(.*)<!-- end of sizes -->/s.exec(readFileSync(here("../README.md"), "utf8"));
  const rows = [...table.matchAll(/^\| `(.*?)` \| .* \| (\d+) \|$/gm)];
  assert.equal(rows.length, 6);
  for (const [, file, said] of rows) {
    const { length } = gzipSync(readFileSync(here(`../../target/js/package/${file}`)), { level: 9 });
    // Tools of other versions make a little more or less of it.
    assert.ok(Math.abs(length / 1000 / said - 1) < 0.03, `${file}: ${Math.round(length / 1000)} KB, not ${said}`);
  }
});

test("frames of a stream are the same ones however it is cut, and the same as by themselves", () => {
  const bodies = [
    "[t:=1.50#°C@1694567890000;p@=1,2,3;s=a\\|b😀{k=grüße,l=\\n}]",
    "@5^g{a=b}[t:=1;ok?=true]",
    ">x00FF",
    `[${Array.from({ length: 100 }, (_, n) => `v${n}:=${n}.25{a=1,b=2}`).join(";")}]`,
  ];
  const lines = Array.from({ length: 300 }, (_, n) => (n % 7 === 6 ? "" : `PUSH|!${n}|${head.auth}|s|${bodies[n % 4]}`));
  lines.splice(50, 0, "PUSH|no", "PING|4deedd7bab8817ec|\u00fc", "x".repeat(20_000));
  const bytes = new TextEncoder().encode(lines.join("\r\n") + "\n");
  // Not UTF-8, between lines that are.
  bytes.set([0xc3, 0xff], bytes.indexOf(0xc3));
  const splitter = new tipwire.Splitter("lines");
  const alone = [];
  for (const { message, error } of splitter.push(bytes)) {
    if (message?.length === 0) continue;
    try {
      if (error !== undefined) throw error;
      alone.push(parse(message));
    } catch (problem) {
      alone.push([problem.kind, problem.at]);
    }
  }
  assert.ok(alone.filter(Array.isArray).length === 4 && alone.length > 200);
  for (const size of [1, 7, 100, 4096, 40_000, bytes.length]) {
    const together = [];
    const reader = new tipwire.Frames({ onError: ({ kind, at }) => together.push([kind, at]) });
    for (let from = 0; from < bytes.length; from += size) {
      for (const frame of reader.push(bytes.subarray(from, from + size))) {
        together.push(frame);
        // Whoever gets a frame uses the module before the next one.
        if (together.length % 9 === 0) parse(`PING|${head.auth}|other-${"x".repeat(50)}`);
      }
    }
    assert.deepEqual(together, alone, `${size} bytes at a time`);
    reader.free();
  }
});

test("who leaves a chunk early can go on with the next one", () => {
  const reader = new tipwire.Frames();
  const line = (serial) => `PING|${head.auth}|${serial}\n`;
  const bytes = (text) => new TextEncoder().encode(text);
  for (const { serial } of reader.push(bytes(line("a").repeat(1000) + line("b").slice(0, 9)))) {
    assert.equal(serial, "a");
    break;
  }
  assert.deepEqual([...reader.push(bytes(line("b").slice(9) + line("c")))].map(({ serial }) => serial), ["b", "c"]);
  const acks = new tipwire.Frames({ parse: tipwire.parseAck });
  assert.deepEqual([...acks.push(bytes("ACK|!1|OK|3\nACK|PONG\n"))].map(({ status }) => status), ["OK", "PONG"]);
  reader.reset();
  assert.equal([...reader.push(bytes(line("d")))].length, 1);
});
