// The snippets of the README do what they say.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
const snippets = [...readme.matchAll(/```js\n(.*?)```/gs)].map(([, code]) => code);
const entry = (name) => new URL(`../../target/js/package/${name}.js`, import.meta.url).href;
const AsyncFunction = (async () => {}).constructor;

test("the README has snippets", () => assert.ok(snippets.length >= 5));
for (const [n, snippet] of snippets.entries()) {
  test(`snippet ${n + 1} of the README runs`, async () => {
    const code = snippet.replace(/import (\{.*?\}) from "tipwire(?:\/(\w+))?";/g, (_, names, name = "index") => `const ${names} = await import(entry("${name}"));`);
    await new AsyncFunction("assert", "entry", code)(assert, entry);
  });
}
