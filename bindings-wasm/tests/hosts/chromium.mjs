// The black box in a headless Chromium: `node chromium.mjs plain|csp|esbuild|webpack|vite|vite-dev|worker`.

import { join } from "node:path";
import { inBrowser } from "../browser.mjs";
import { folder } from "../packed.mjs";
import { answerAll } from "./lines.mjs";
import { devServer } from "./make.mjs";

const [host] = process.argv.slice(2);
const place = join(folder, "hosts");

/** WebAssembly is all that this policy allows beside scripts of the page's own. */
const POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; img-src data:";
const headers = host === "csp" ? { "content-security-policy": POLICY } : {};
const dev = host === "vite-dev" ? await devServer() : undefined;
const served = dev?.address ?? { "/plain": place, "/csp": join(place, "esbuild"), [`/${host}`]: host === "plain" ? place : join(place, host === "csp" ? "esbuild" : host) };
try {
  await inBrowser(
    served,
    async ({ page, address }) => {
      await page.goto(dev === undefined ? `${address}/${host}/${host === "worker" ? "worker" : "index"}.html` : address);
      await page.waitForFunction("typeof answers === 'function'");
      await answerAll((lines) => page.evaluate((lines) => globalThis.answers(lines), lines.map((line) => line.toString("latin1"))));
    },
    headers,
  );
} finally {
  await dev?.close();
}
