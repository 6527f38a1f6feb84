// The snippets of the README do what they say.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
const snippets = [...readme.matchAll(/```js\n(.*?)```/gs)].map(([, code]) => code);
const entry = new URL("../../target/js/package/index.js", import.meta.url).href;
const AsyncFunction = (async () => {}).constructor;

test("the README has snippets", () => assert.ok(snippets.length >= 5));
for (const [n, snippet] of snippets.entries()) {
  test(`snippet ${n + 1} of the README runs`, async () => {
    const code = snippet.replace(/import (\{.*?\}) from "tipwire";/, "const $1 = await import(entry);");
    await new AsyncFunction("assert", "entry", code)(assert, entry);
  });
}
