// In Chromium: node chromium.mjs PACKAGE CORPUS [--json] [FILTER]

import { readFileSync } from "node:fs";
import { inBrowser } from "../tests/browser.mjs";
import { reporter } from "./report.mjs";

const [folder, corpus, ...options] = process.argv.slice(2);
const words = options.filter((word) => !word.startsWith("--"));
const filter = words[0] ?? "";

await inBrowser({ "/package": folder, "/bench": import.meta.dirname }, async ({ page, address }) => {
  await page.exposeFunction("report", reporter(options.includes("--json")));
  await page.goto(`${address}/bench/empty.html`);
  await page.evaluate(
    async ({ corpus, filter }) => {
      const tipwire = await import("/package/index.js");
      const { run } = await import("/bench/cases.mjs");
      const results = [];
      run(tipwire, corpus, { prefix: "js/chromium", filter, report: (result) => results.push(result) });
      for (const result of results) await globalThis.report(result);
    },
    { corpus: JSON.parse(readFileSync(corpus, "utf8")), filter },
  );
});
