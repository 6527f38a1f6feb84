// The snippets of the README do what they say.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const snippetsOf = (path) => [...readFileSync(new URL(path, import.meta.url), "utf8").matchAll(/```js\n(.*?)```/gs)].map(([, code]) => code);
const snippets = snippetsOf("../README.md");
const entry = (name) => new URL(`../../target/js/package/${name}.js`, import.meta.url).href;
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
