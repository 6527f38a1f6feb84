// On Node: node node.mjs PACKAGE CORPUS [--json] [FILTER]

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { run } from "./cases.mjs";
import { reporter } from "./report.mjs";

const [folder, corpus, ...options] = process.argv.slice(2);
const tipwire = await import(pathToFileURL(`${folder}/index.js`).href);
const words = options.filter((word) => !word.startsWith("--"));
run(tipwire, JSON.parse(readFileSync(corpus, "utf8")), {
  prefix: "js",
  filter: words[0] ?? "",
  report: reporter(options.includes("--json")),
});
