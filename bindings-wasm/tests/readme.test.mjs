// The snippets of the README do what they say.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const snippetsOf = (path) => [...readFileSync(new URL(path, import.meta.url), "utf8").matchAll(/```js\n(.*?)```/gs)].map(([, code]) => code);
const snippets = snippetsOf("../README.md");
const entry = (name) => new URL(`../../target/js/package/${name}.js`, import.meta.url).href;
/** A `console` block: commands, each with what it says. */
const consoleOf = (path) => [...readFileSync(new URL(path, import.meta.url), "utf8").matchAll(/```console\n(.*?)```/gs)].flatMap(([, text]) => text.split(/^\$ /m).slice(1));
const AsyncFunction = (async () => {}).constructor;

const run = (snippet) => {
  const code = snippet.replace(/import (\{.*?\}) from "tipwire(?:\/(\w+))?";/g, (_, names, name = "index") => `const ${names} = await import(entry("${name}"));`);
  return new AsyncFunction("assert", "entry", code)(assert, entry);
};

test("the README has snippets", () => assert.ok(snippets.length >= 5));
for (const [n, snippet] of snippets.entries()) {
  test(`snippet ${n + 1} of the README runs`, () => run(snippet));
}

test("what the README of the repository shows works", async () => {
  const [snippet] = snippetsOf("../../README.md");
  assert.equal(await run(`${snippet}return line;`), "PUSH|4deedd7bab8817ec|sensor-01|[humidity:=65#%]");
});

const commands = consoleOf("../README.md");
test("the README has commands", () => assert.ok(commands.length >= 4));
for (const command of commands) {
  const [typed] = command.split("\n", 1);
  test(`${typed} says what the README says`, () => {
    const program = `"${process.execPath}" "${fileURLToPath(new URL("../../target/js/package/command.js", import.meta.url))}"`;
    const said = execFileSync("sh", ["-c", typed.replace("npx tipwire", program)], { encoding: "utf8" });
    assert.equal(said, command.slice(typed.length + 1));
  });
}

test("the README names everything that is exported", async () => {
  const text = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  for (const name of ["index", "node"]) {
    const missing = Object.keys(await import(entry(name))).filter((exported) => !new RegExp(`\\b${exported}\\b`).test(text));
    assert.deepEqual(missing, [], name);
  }
});
