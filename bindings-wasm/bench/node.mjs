// On Node: node node.mjs PACKAGE CORPUS [--json] [FILTER]

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { run } from "./cases.mjs";
import { run as runEnvelopes } from "./envelopes.mjs";
import { run as runFirst } from "./first.mjs";
import { reporter } from "./report.mjs";

const [folder, corpus, ...options] = process.argv.slice(2);
const tipwire = await import(pathToFileURL(`${folder}/index.js`).href);
const words = options.filter((word) => !word.startsWith("--"));
const { nodeCiphers } = await import(pathToFileURL(`${folder}/node.js`).href);
const [filter, report] = [words[0] ?? "", reporter(options.includes("--json"))];
run(tipwire, JSON.parse(readFileSync(corpus, "utf8")), { prefix: "js", filter, report });
runFirst(folder, "PUSH|4deedd7bab8817ec|sensor-01|[temperature:=32.5#C;humidity:=65]", { filter, report });
runEnvelopes(tipwire, nodeCiphers, { filter, report });
