// Makes what the hosts run, in target/js/projects/hosts: `node make.mjs`.

import { once } from "node:events";
import { readFileSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { folder, pack, project, required, write } from "../packed.mjs";

const here = new URL("./", import.meta.url);
const place = join(folder, "hosts");
const page = (script, more = "") => `<!doctype html><meta charset="utf-8"><title>tipwire</title><link rel="icon" href="data:,">${more}<script type="module" src="${script}"></script>`;

/** Vite's server for those who develop, over the project as it is. */
export async function devServer() {
  // Elsewhere it ends the process when standard input does.
  process.env.CI = "true";
  const { createServer } = await load("vite");
  // Its client wants the port, and so it cannot be any.
  const port = await freePort();
  const server = await createServer({ root: place, logLevel: "warn", server: { host: "127.0.0.1", port, strictPort: true } });
  await server.listen();
  return { address: `http://127.0.0.1:${port}`, close: () => server.close() };
}

async function freePort() {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  return port;
}

const load = async (name) => {
  const module = await import(pathToFileURL(required.resolve(name)).href);
  return module.default ?? module;
};

async function make() {
  // The black box, over what is installed.
  const driver = readFileSync(new URL("../driver.mjs", here), "utf8").replace("../../target/js/package/index.js", "tipwire");
  const files = { "driver.mjs": driver };
  for (const name of ["lines", "process", "page", "inside", "outside", "cloudflare"]) {
    files[`hosts/${name}.mjs`] = readFileSync(new URL(`${name}.mjs`, here), "utf8");
  }
  files["index.html"] = page("./hosts/page.mjs", '<script type="importmap">{ "imports": { "tipwire": "./node_modules/tipwire/index.js" } }</script>');
  files["worker.html"] = page("./hosts/outside.mjs");
  project("hosts", pack(), { type: "module" }, files);

  const { build } = await load("esbuild");
  const bundle = { bundle: true, format: "esm", target: "es2022", logLevel: "warning" };
  await build({ ...bundle, entryPoints: [join(place, "hosts/page.mjs")], outfile: join(place, "esbuild/page.js"), platform: "browser" });
  await build({ ...bundle, entryPoints: [join(place, "hosts/cloudflare.mjs")], outfile: join(place, "workerd/worker.js"), platform: "neutral", conditions: ["workerd"], plugins: [wasmBeside] });

  const webpack = await load("webpack");
  await new Promise((resolve, reject) => {
    const config = { mode: "production", context: place, entry: "./hosts/page.mjs", output: { path: join(place, "webpack"), filename: "page.js" }, performance: { hints: false } };
    webpack(config, (error, stats) => (error || stats.hasErrors() || stats.hasWarnings() ? reject(error ?? new Error(stats.toString())) : resolve()));
  });

  const vite = await load("vite");
  for (const [name, input] of [["vite", "index.html"], ["worker", "worker.html"]]) {
    const options = { outDir: join(place, name), rollupOptions: { input: join(place, input) }, chunkSizeWarningLimit: 2000 };
    await vite.build({ root: place, base: "./", logLevel: "warn", worker: { format: "es" }, build: options });
  }
  write(place, {
    "esbuild/index.html": page("./page.js"),
    "webpack/index.html": page("./page.js"),
    "workerd/config.capnp": CONFIG,
    "workerd/tipwire.wasm": readFileSync(join(place, "node_modules/tipwire/tipwire.wasm")),
  });
}

/** The module stands beside the worker, as it does when it is deployed. */
const wasmBeside = {
  name: "wasm-beside",
  setup({ onResolve }) {
    onResolve({ filter: /\.wasm$/ }, () => ({ path: "./tipwire.wasm", external: true }));
  },
};

const CONFIG = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .worker)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  modules = [
    (name = "worker.js", esModule = embed "worker.js"),
    (name = "tipwire.wasm", wasm = embed "tipwire.wasm"),
  ],
  compatibilityDate = "2025-01-01",
);
`;

if (process.argv[1] === new URL(import.meta.url).pathname) await make();
