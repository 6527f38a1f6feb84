// A headless Chromium, and a server of files for it on the loopback. NPM_FOLDER has playwright-core.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { extname, join, normalize } from "node:path";

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm", ".json": "application/json" };
const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const EMPTY = '<!doctype html><meta charset="utf-8"><title>tipwire</title><link rel="icon" href="data:,">';

/**
 * Runs `work` with a page of a browser, which may ask nobody but the server: one of folders
 * (`{"/path": folder}`) and pages (`{"/path": html}`, which begin with `<`), or that at an address.
 */
export async function inBrowser(served, work, headers = {}) {
  const server = typeof served === "string" ? undefined : await serve(served, headers);
  const address = server === undefined ? served : `http://127.0.0.1:${server.address().port}`;
  const profile = mkdtempSync(join(tmpdir(), "tipwire-browser-"));
  const require = createRequire(join(process.env.NPM_FOLDER, "package.json"));
  const { chromium } = require("playwright-core");
  const browser = await chromium.launchPersistentContext(profile, { executablePath: "/usr/bin/chromium", headless: true, args: FLAGS });
  try {
    const page = await browser.newPage();
    const problems = [];
    page.on("pageerror", (error) => problems.push(String(error)));
    page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
    page.on("request", (request) => {
      const { origin, protocol } = new URL(request.url());
      if (protocol.startsWith("http") && origin !== address) problems.push(`the page asked ${request.url()}`);
    });
    const result = await work({ page, address, problems });
    if (problems.length > 0) throw new Error(problems.join("\n"));
    return result;
  } finally {
    await browser.close();
    server?.close();
    rmSync(profile, { recursive: true, force: true });
  }
}

async function serve(served, headers) {
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url, "http://x").pathname));
    const content = find(served, path);
    const type = served[path] === content ? "text/html" : (TYPES[extname(path)] ?? "application/octet-stream");
    // Isolated, so that the clock is as fine as it gets.
    const isolated = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" };
    response.writeHead(content === undefined ? 404 : 200, { "content-type": type, ...isolated, ...headers });
    response.end(content);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

function find(served, path) {
  if (served[path]?.startsWith("<")) return served[path];
  if (path.endsWith("/empty.html")) return EMPTY;
  const mount = Object.keys(served).find((mount) => path.startsWith(`${mount}/`));
  try {
    return readFileSync(join(served[mount], path.slice(mount.length)));
  } catch {
    return undefined;
  }
}
