// The command line as a process; and beside that of the Python package, whose words and exit codes it
// has. PYTHON is an interpreter that has it.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

const OURS = [process.execPath, fileURLToPath(new URL("../../target/js/package/command.js", import.meta.url))];
const PYTHON = [process.env.PYTHON ?? assert.fail("PYTHON names no interpreter"), "-m", "tipwire"];
const AUTH = "4deedd7bab8817ec";
const TOKEN = "ate2bd319014b24e0a8aca9f00aea4c0d0";
const KEY = "fe09da81bc4400ee12ab56cd78ef9012";
const OTHER_KEY = "00".repeat(16);

const folder = mkdtempSync(join(tmpdir(), "tipwire-command-"));
after(() => rmSync(folder, { recursive: true }));
const file = (name, text) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

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

/** Both give the same and end with the same code; where the core says why, also in the same words. */
async function alike(words, input, code, { errors = true } = {}) {
  const [ours, theirs] = await Promise.all([run(OURS, words, input), run(PYTHON, words, input)]);
  assert.equal(ours.out, theirs.out);
  assert.deepEqual([ours.code, theirs.code], [code, code], ours.err + theirs.err);
  if (errors) assert.equal(ours.err, theirs.err);
  return ours;
}

const FRAMES = [
  `PUSH|!4|${AUTH}|s|@=1,2,3@5^g[t:=1.50#C@5{a=b\\,"ü};s=a\\nb;p@=1.0,2;ok?=true@=1,2^h]`,
  "",
  "PUSH|oops",
  `PULL|${AUTH}|s|[a;b]`,
  `PUSH|${AUTH}|s|[t:=1`,
  "x".repeat(20000),
  `PING|${AUTH}|s`,
].join("\r\n");

test("frames become JSON, bad lines are told by their number", async () => {
  const { out, err } = await alike(["decode"], FRAMES, 1);
  assert.equal(out.split("\n").length, 4);
  assert.match(err, /^standard input:3: invalid_token: /);
  assert.equal(JSON.parse(out.split("\n")[0]).seq, 4);
});

test("frames become data points", async () => {
  const { out } = await alike(["decode", "--format", "points"], FRAMES, 1);
  assert.equal(JSON.parse(out.split("\n")[0]).length, 4);
});

test("frames become a table for people", async () => {
  const push = `PUSH|!4|${AUTH}|s|@5^g[t:=1.50#C@5{a=b\\,"ü};s=a\\nb;p@=1.0,2;ok?=true@=1,2^h]\nPING|${AUTH}|s`;
  const { out } = await alike(["decode", "--format=table"], push, 0);
  assert.match(out, /t +1\.50 C +@5/);
  const answers = ["ACK|OK|3", "ACK|!3|OK|[t:=1]", "ACK|CMD|boot", "ACK|ERR|rate_limited", "ACK|PONG"].join("\n");
  await alike(["decode", "--ack", "--format=table"], answers, 0);
});

test("answers are read", async () => {
  await alike(["decode", "--ack"], "ACK|OK|2\nACK|OK|18446744073709551615\nACK|NO\nPING|x\n", 1);
});

test("files are read in turn, and - is standard input", async () => {
  const [a, b] = [file("a", `PING|${AUTH}|a`), file("b", `PING|${AUTH}|b\nPING|\n`)];
  const { out, err } = await alike(["decode", b, "-", a], `PING|${AUTH}|c`, 1);
  assert.deepEqual([...out.matchAll(/"serial":"(.)"/g)].map(([, serial]) => serial), ["b", "c", "a"]);
  assert.ok(err.startsWith(`${b}:2: `));
  await alike(["decode", join(folder, "none")], "", 1, { errors: false });
});

test("a bar goes over files", async () => {
  const { code, out, err } = await run(OURS, ["decode", "--progress", file("many", `PING|${AUTH}|a\n`.repeat(9000))]);
  assert.deepEqual([code, out.split("\n").length], [0, 9001]);
  assert.match(err, /100 %\n$/);
});

test("data points become frames, digits kept", async () => {
  const who = ["--auth", AUTH, "--serial", "s"];
  const points = '[{"variable":"t","value":1.50}]\n{"variable":"T","value":1}\n{"variable":"u","value":2}\n{\n[]\n';
  const { out } = await alike(["encode", ...who, "--seq", "7"], points, 1);
  assert.equal(out, `PUSH|!7|${AUTH}|s|[t:=1.50]\nPUSH|!8|${AUTH}|s|[u:=2]\n`);
  await alike(["encode", ...who], points, 1);
  await alike(["encode", ...who, "--seq", "4294967295"], points, 1);
  await alike(["encode", ...who], Buffer.from([0x22, 0xff, 0x22]), 1, { errors: false });
});

test("envelopes are sealed and opened", async () => {
  const sealing = ["--key", "env:KEY", "--token", "env:TOKEN", "--serial", "sensor-01", "--counter", "42"];
  const inner = "sensor-01|[temp:=32]\nsensor-01|[temp:=33]\n";
  const { out } = await alike(["seal", ...sealing], inner, 0);
  assert.match(out, /^000000002a4deedd7bab8817ecab7788d22eb7372fc8c5aa56d7/);
  await alike(["seal", ...sealing, "--layout", "short", "--cipher", "aes-128-gcm"], inner, 0);
  await alike(["seal", ...sealing], "sensor-01\n", 1, { errors: false });
  assert.equal((await alike(["open", "--key", `@${file("key", `${KEY}\n`)}`], out, 0)).out, inner);
  await alike(["open", "--key", KEY, "--serial", "sensor-02"], out, 1);
  await alike(["open", "--key", OTHER_KEY], `${out}zz\n00\n`, 1, { errors: false });
  await alike(["seal", ...sealing, "--cipher", "rot13"], inner, 1, { errors: false });
  await alike(["seal", "--key", "0", ...sealing.slice(2)], inner, 1, { errors: false });
});

test("hashes are made of tokens, which are never shown", async () => {
  assert.equal((await alike(["hash", TOKEN, "--serial", "sensor-01"], "", 0)).out, `${AUTH}\nab7788d22eb7372f\n`);
  await alike(["hash", `@${file("token", `${TOKEN}\n`)}`], "", 0);
  const { err } = await alike(["hash", "atnonsense"], "", 1, { errors: false });
  assert.doesNotMatch(err, /nonsense/);
});

for (const [server, device, whose] of [[OURS, PYTHON, "ours answers theirs"], [PYTHON, OURS, "theirs answers ours"]]) {
  for (const udp of [[], ["--udp"]]) {
    test(`values are sent to the test endpoint: ${whose} ${udp}`, async () => {
      const [program, ...before] = server;
      const serving = spawn(program, [...before, "serve", "127.0.0.1:0", "--count", "2", ...udp]);
      let out = "";
      serving.stdout.on("data", (text) => (out += text));
      const ended = new Promise((resolve) => serving.on("close", resolve));
      const [line] = await new Promise((resolve) => serving.stderr.once("data", (...all) => resolve(all)));
      const address = String(line).match(/127\.0\.0\.1:\d+/)[0];
      const who = ["--auth", AUTH, "--serial", "s", ...udp];
      const sent = await run(device, ["send", address, "t=32.50", "on=true", "name=a b", ...who]);
      assert.deepEqual([sent.code, JSON.parse(sent.out).count], [0, 3], sent.err);
      assert.equal(JSON.parse((await run(device, ["send", address, ...who])).out).status, "PONG");
      assert.equal(await ended, 0);
      assert.match(out, /"value":32\.50/);
      assert.deepEqual(out.trim().split("\n").map((text) => JSON.parse(text).method), ["PUSH", "PING"]);
    });
  }
}

test("sending to nobody is told", async () => {
  const who = ["--auth", AUTH, "--serial", "s"];
  await alike(["send", "nowhere", ...who], "", 1);
  await alike(["send", "127.0.0.1:1", "--timeout", "0.2", ...who], "", 1);
});

test("commands that make no sense end with 2", async () => {
  for (const words of [[], ["nonsense"], ["encode"], ["decode", "--format", "x"], ["decode", "--what"], ["hash"], ["hash", "a", "b"], ["encode", "--auth", AUTH, "--serial", "s", "--seq", "x"]]) {
    const { err } = await alike(words, "", 2, { errors: false });
    assert.match(err, /^usage: tipwire/);
  }
});

test("help is on standard output, and names what there is", async () => {
  const listed = (text) => text.match(/--\w+/g).sort();
  for (const words of [["--help"], ["decode", "-h"], ["encode", "--help"], ["seal", "--help"], ["open", "--help"], ["hash", "--help"]]) {
    const [ours, theirs] = await Promise.all([run(OURS, words), run(PYTHON, words)]);
    assert.deepEqual([ours.code, theirs.code, ours.err], [0, 0, ""]);
    assert.deepEqual(new Set(listed(ours.out)), new Set(listed(theirs.out)));
  }
});

test("whoever has read enough may go", async () => {
  const many = file("endless", `PING|${AUTH}|a\n`.repeat(100000));
  const child = spawn(OURS[0], [OURS[1], "decode", many]);
  child.stdout.once("data", () => child.stdout.destroy());
  assert.equal(await new Promise((resolve) => child.on("close", resolve)), 0);
});
