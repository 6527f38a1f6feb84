// The examples, against each other.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cpSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { createInterface } from "node:readline/promises";

const place = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const folder = place("target/js/examples");

test("the device and the server of the examples understand each other", async () => {
  rmSync(folder, { recursive: true, force: true });
  cpSync(place("examples/node"), folder, { recursive: true });
  mkdirSync(`${folder}/node_modules`);
  symlinkSync(place("target/js/package"), `${folder}/node_modules/tipwire`);
  const start = (...words) => {
    const child = spawn(process.execPath, words, { cwd: folder, stdio: ["ignore", "pipe", "inherit"] });
    return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
  };
  const server = start("server.mjs", "127.0.0.1", "0");
  try {
    const port = (await server.lines.next()).value.match(/^serving on 127\.0\.0\.1:(\d+)$/)[1];
    const device = start("device.mjs", "--count", "2", "--period", "0.05", "127.0.0.1", port);
    const ended = new Promise((resolve) => device.child.on("exit", resolve));
    for (const n of [0, 1]) {
      const temperature = (await device.lines.next()).value.match(/^(\S+) °C: 2 stored$/)[1];
      assert.equal((await server.lines.next()).value, `sensor-01: temperature = ${temperature} C`);
      assert.equal((await server.lines.next()).value, `sensor-01: n = ${n} `);
    }
    assert.equal(await ended, 0);
  } finally {
    server.child.kill();
  }
});
