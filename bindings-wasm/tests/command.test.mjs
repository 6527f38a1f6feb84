// The command line as a process: the cases that it shares with that of the Python package, and both
// together. PYTHON is an interpreter that has it.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

const OURS = [process.execPath, fileURLToPath(new URL("../../target/js/package/command.js", import.meta.url))];
const PYTHON = [process.env.PYTHON ?? assert.fail("PYTHON names no interpreter"), "-m", "tipwire"];
const AUTH = "4deedd7bab8817ec";
const TOKEN = "ate2bd319014b24e0a8aca9f00aea4c0d0";
const KEY = "fe09da81bc4400ee12ab56cd78ef9012";

const folder = mkdtempSync(join(tmpdir(), "tipwire-command-"));
after(() => rmSync(folder, { recursive: true }));

/** Runs a command to its end. */
function run([program, ...before], words, input = "") {
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...before, ...words], { env: { ...process.env, TOKEN, KEY } });
    const [out, err] = [[], []];
    child.stdout.on("data", (chunk) => out.push(chunk));
    child.stderr.on("data", (chunk) => err.push(chunk));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, out: String(Buffer.concat(out)), err: String(Buffer.concat(err)) }));
    child.stdin.on("error", () => {});
    child.stdin.end(input);
  });
}

const CASES = JSON.parse(readFileSync(new URL("../../vectors/command_line.json", import.meta.url), "utf8"));

/** Ends a test endpoint with what it has to say; `address` is where it listens. */
async function serving([program, ...before], words) {
  const child = spawn(program, [...before, ...words]);
  let out = "";
  child.stdout.on("data", (text) => (out += text));
  const ended = once(child, "close").then(([code]) => ({ code, out }));
  const [line] = await once(child.stderr, "data");
  return { address: String(line).match(/127\.0\.0\.1:\d+/)[0], ended };
}

const lines = (text) => (text === "" ? [] : text.replace(/\n$/, "").split("\n"));

for (const { name, words, stdin, hex, files = {}, serve, sends, code, out = [], err = [], options } of CASES) {
  test(name, async () => {
    if (serve !== undefined) {
      const { address, ended } = await serving(OURS, serve);
      for (const { words, code, out } of sends) {
        const sent = await run(OURS, words.map((word) => word.replace("{address}", address)));
        assert.deepEqual([sent.code, lines(sent.out)], [code, out], sent.err);
      }
      const served = await ended;
      assert.deepEqual([served.code, lines(served.out)], [code, out]);
      return;
    }
    for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text);
    const ran = await run(OURS, words.map((word) => word.replace("{folder}", folder)), hex === undefined ? stdin : Buffer.from(hex, "hex"));
    assert.equal(ran.code, code, ran.err);
    if (options !== undefined) {
      assert.deepEqual([...new Set(ran.out.match(/--[a-z]+/g))].sort(), options);
      assert.match(ran.out, /^usage: tipwire/);
      return;
    }
    assert.deepEqual(lines(ran.out), out);
    if (code === 2) return assert.match(ran.err, /^usage: tipwire[^]*error: /);
    const told = lines(ran.err);
    assert.equal(told.length, err.length, ran.err);
    err.forEach((part, n) => assert.ok(told[n].includes(part), `${told[n]}: ${part}`));
  });
}

test("the version is that of the package, and of the Python package", async () => {
  const { version } = JSON.parse(readFileSync(new URL("../../target/js/package/package.json", import.meta.url), "utf8"));
  for (const program of [OURS, PYTHON]) assert.deepEqual(await run(program, ["--version"]), { code: 0, out: `tipwire ${version}\n`, err: "" });
});

test("what went wrong is said in the words of the Python package", async () => {
  const frames = [`PUSH|oops`, `PUSH|${AUTH}|s|[t:=1`, "x".repeat(20000), `PULL|${AUTH}|s|[]`, "ACK|OK"].join("\r\n");
  for (const words of [["decode"], ["decode", "--ack"], ["encode", "--auth", AUTH, "--serial", "s"], ["convert", "json"], ["open", "--key", KEY]]) {
    const [ours, theirs] = await Promise.all([run(OURS, words, frames), run(PYTHON, words, frames)]);
    assert.deepEqual([ours.code, ours.out, ours.err], [theirs.code, theirs.out, theirs.err]);
    assert.notEqual(ours.err, "");
  }
});

test("what is no frame may be longer than one", async () => {
  const inner = `s|[a=${"x".repeat(16000)}]`;
  const sealing = ["seal", "--key", KEY, "--serial", "s", "--token", TOKEN, "--counter", "1"];
  const points = JSON.stringify(Array.from({ length: 100 }, (_, n) => ({ variable: `v${n}`, value: n, metadata: { note: "x".repeat(100) }, more: "y".repeat(100) })));
  for (const program of [OURS, PYTHON]) {
    const sealed = await run(program, sealing, inner);
    assert.deepEqual(await run(program, ["open", "--key", KEY], sealed.out), { code: 0, out: `${inner}\n`, err: "" });
    const { code, out } = await run(program, ["encode", "--auth", AUTH, "--serial", "s"], points);
    assert.deepEqual([code, out.length > 10000], [0, true]);
    const message = `SN,default,t,"${"x".repeat(20000)}"`;
    assert.equal((await run(program, ["convert", "text"], message)).code, 0);
  }
});

test("a timeout may be longer than a timer", async () => {
  const child = spawn(OURS[0], [OURS[1], "send", "127.0.0.1:1", "--auth", AUTH, "--serial", "s", "--timeout", "3000000"]);
  let err = "";
  child.stderr.on("data", (text) => (err += text));
  setTimeout(() => child.kill(), 500);
  assert.deepEqual([await once(child, "close"), err], [[null, "SIGTERM"], ""]);
});

test("output that cannot be written is said", { skip: !existsSync("/dev/full") }, async () => {
  const out = openSync("/dev/full", "w");
  const child = spawn(OURS[0], [OURS[1], "decode"], { stdio: ["pipe", out, "pipe"] });
  child.stdin.end(`PING|${AUTH}|a\n`);
  let err = "";
  child.stderr.on("data", (text) => (err += text));
  const [code] = await once(child, "close");
  closeSync(out);
  assert.equal(code, 1);
  assert.match(err, /^tipwire: ENOSPC[^\n]*\n$/);
});

test("a bar goes over files", async () => {
  writeFileSync(join(folder, "many"), `PING|${AUTH}|a\n`.repeat(9000));
  const { code, out, err } = await run(OURS, ["decode", "--progress", join(folder, "many")]);
  assert.deepEqual([code, out.split("\n").length], [0, 9001]);
  assert.match(err, /100 %\n$/);
});

for (const [server, device, whose] of [[OURS, PYTHON, "ours answers theirs"], [PYTHON, OURS, "theirs answers ours"]]) {
  for (const udp of [[], ["--udp"]]) {
    test(`values are sent to the test endpoint: ${whose} ${udp}`, async () => {
      const { address, ended } = await serving(server, ["serve", "127.0.0.1:0", "--count", "2", ...udp]);
      const who = ["--auth", AUTH, "--serial", "s", ...udp];
      const sent = await run(device, ["send", address, "t=32.50", "on=true", "name=a b", ...who]);
      assert.deepEqual([sent.code, JSON.parse(sent.out).count], [0, 3], sent.err);
      assert.equal(JSON.parse((await run(device, ["send", address, ...who])).out).status, "PONG");
      const { code, out } = await ended;
      assert.equal(code, 0);
      assert.match(out, /"value":32\.50/);
      assert.deepEqual(lines(out).map((text) => JSON.parse(text).method), ["PUSH", "PING"]);
    });
  }
}

// `MEGABYTES=1000` is what is promised; fewer show a growth too. The collector's own space is bounded, since
// it grows with the speed of what makes garbage, not with what stays.
test("a long input is read in memory that does not grow, and a line without end too", async () => {
  const megabytes = Number(process.env.MEGABYTES ?? 50);
  const told = 'process.on("exit", () => console.error(process.resourceUsage().maxRSS))';
  const peak = async (chunk, times) => {
    const child = spawn(OURS[0], ["--max-semi-space-size=2", "--import", `data:text/javascript,${encodeURIComponent(told)}`, OURS[1], "decode", "--format", "points"]);
    let [err, count] = ["", 0];
    child.stderr.on("data", (text) => (err += text));
    child.stdout.on("data", (bytes) => (count += bytes.reduce((sum, byte) => sum + (byte === 10 ? 1 : 0), 0)));
    const ended = once(child, "close");
    for (let n = 0; n < times; n++) if (!child.stdin.write(chunk)) await once(child.stdin, "drain");
    child.stdin.end();
    const [code] = await ended;
    return { code, count, kilobytes: Number(err.trim().split("\n").at(-1)) };
  };
  const line = `PUSH|${AUTH}|s|[t:=32.50#C;on?=true;s=text]\n`;
  const chunk = Buffer.from(line.repeat(Math.ceil(2 ** 20 / line.length)));
  const [few, many, endless] = [await peak(chunk, 10), await peak(chunk, megabytes), await peak(Buffer.alloc(2 ** 20, 65), megabytes)];
  assert.deepEqual([many.code, many.count], [0, megabytes * Math.ceil(2 ** 20 / line.length)]);
  assert.deepEqual([endless.code, endless.count], [1, 0]);
  for (const { kilobytes } of [many, endless]) assert.ok(kilobytes < few.kilobytes + 20_000, `${kilobytes} kB, ${few.kilobytes} for a fifth`);
});

test("whoever has read enough may go", async () => {
  writeFileSync(join(folder, "endless"), `PING|${AUTH}|a\n`.repeat(100000));
  const child = spawn(OURS[0], [OURS[1], "decode", join(folder, "endless")]);
  let err = "";
  child.stderr.on("data", (text) => (err += text));
  child.stdout.once("data", () => child.stdout.destroy());
  const [code] = await once(child, "close");
  assert.deepEqual([code, err], [0, ""]);
});
