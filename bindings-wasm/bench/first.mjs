// The first call of a process, in which the module is compiled: beside that of the reader by hand.

import { execFileSync } from "node:child_process";
import { pathToFileURL } from "node:url";
import { median } from "./harness.mjs";

const PROCESSES = 15;

export function run(folder, line, { filter, report }) {
  const hand = new URL("./reader.mjs", import.meta.url).href;
  for (const entry of ["index", "text"]) {
    const name = `first/${entry === "index" ? "tipwire" : `tipwire/${entry}`}`;
    if (!name.includes(filter)) continue;
    const ours = pathToFileURL(`${folder}/${entry}.js`).href;
    const pairs = Array.from({ length: PROCESSES }, () => [first(ours, line), first(hand, line)]);
    report({
      name,
      ours_ns: median(pairs.map(([us]) => us)),
      against: "by hand",
      their_ns: median(pairs.map(([, them]) => them)),
      ratio: Number(median(pairs.map(([us, them]) => them / us)).toFixed(2)),
    });
  }
}

/** Nanoseconds of all processors from having the source until the first frame is read, in a process of its own. */
function first(module, line) {
  const program = `
    const { parse } = await import(${JSON.stringify(module)});
    const start = process.cpuUsage();
    parse(${JSON.stringify(line)});
    const { user, system } = process.cpuUsage(start);
    console.log((user + system) * 1000);`;
  return Number(execFileSync(process.execPath, ["--input-type=module", "-e", program], { encoding: "utf8" }));
}
