// Makes the package out of the TypeScript and what wasm-bindgen left: target/js/package.
// Called by `cargo xtask build js`, which does everything before this.

import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { execFileSync } from "node:child_process";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const target = join(here, "../target/js");
const out = join(target, "package");
const require = createRequire(join(target, "npm/package.json"));
const { build } = require("esbuild");

// All packages have one version, which stands in the manifest of the whole.
const [, version] = readFileSync(join(here, "../Cargo.toml"), "utf8").match(/^\[workspace\.package\]\nversion = "(.+)"$/m);

rmSync(out, { recursive: true, force: true });
mkdirSync(join(out, "cjs"), { recursive: true });
mkdirSync(join(out, "workerd"), { recursive: true });

// The types: those that an entry leads to, which must lead to nothing that is not in the package.
const declared = join(target, "types");
rmSync(declared, { recursive: true, force: true });
execFileSync(process.execPath, [require.resolve("typescript/bin/tsc"), "-p", here], { stdio: "inherit" });
const reached = new Set(["index.d.ts", "text.d.ts", "secure.d.ts", "node.d.ts"]);
for (const name of reached) {
  const text = readFileSync(join(declared, name), "utf8");
  for (const [, from] of text.matchAll(/\b(?:from|import)\b\s*\(?"([^"]+)"/g)) {
    if (from.startsWith("#")) throw new Error(`the types of ${name} want ${from}`);
    if (from.startsWith(".")) reached.add(join(dirname(name), from.replace(/\.js$/, ".d.ts")));
  }
  for (const folder of [out, join(out, "cjs")]) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

/** What all hosts have of WebAssembly: the rest is not to be used, nor is what the compiler has not used. */
const FEATURES = ["bulk-memory", "sign-ext", "nontrapping-float-to-int", "reference-types", "mutable-globals", "multivalue"];

/** A module made smaller, which takes nothing of its speed. */
function smaller(path) {
  const made = `${path}.small`;
  const optimizer = join(dirname(require.resolve("binaryen/package.json")), "bin/wasm-opt");
  const settings = ["-Oz", "--strip-target-features", ...FEATURES.map((name) => `--enable-${name}`)];
  execFileSync(process.execPath, [optimizer, ...settings, path, "-o", made], { stdio: "inherit" });
  return readFileSync(made);
}

/** Resolves the names that the sources have for what comes from elsewhere. */
function elsewhere(glue, module) {
  return {
    name: "elsewhere",
    setup({ onLoad, onResolve }) {
      onResolve({ filter: /^#glue$/ }, () => ({ path: join(glue, "tipwire.js"), sideEffects: false }));
      onResolve({ filter: /^#ciphers$/ }, () => ({ path: join(here, "ts/ciphers.ts") }));
      onResolve({ filter: /^#module$/ }, () => ({ path: "module", namespace: "module" }));
      onLoad({ filter: /.*/, namespace: "module" }, () => ({ contents: module, resolveDir: here }));
      // Left as it is, for whoever bundles the worker.
      onResolve({ filter: /\.wasm$/ }, ({ path }) => ({ path, external: true }));
    },
  };
}

/** What stands beside the package's entry uses it, and so the same instance. */
const outside = {
  name: "outside",
  setup({ onResolve }) {
    onResolve({ filter: /\/(index|node)\.js$/ }, ({ path }) => ({ path: `./${basename(path)}`, external: true }));
  },
};

/**
 * The module as a string, each byte a character: in base64 a page would have to load a third more of
 * it, compressed. Bytes are moved so that the most frequent ones are characters that need no escape.
 */
const MOVED = 48;
const inlined = (wasm) => `
  const text = ${literal(wasm.map((byte) => byte + MOVED))};
  export function bytes() {
    const bytes = new Uint8Array(text.length);
    for (let n = 0; n < bytes.length; n++) bytes[n] = text.charCodeAt(n) - ${MOVED};
    return bytes;
  }`;

/** In ASCII, so that it does not matter what a page takes its scripts for. */
function literal(bytes) {
  const char = (byte) => {
    const char = String.fromCharCode(byte);
    if (char === '"' || char === "\\") return `\\${char}`;
    return byte >= 0x20 && byte < 0x7f ? char : `\\x${byte.toString(16).padStart(2, "0")}`;
  };
  return `"${Array.from(bytes, char).join("")}"`;
}
const imported = (name) => `import module from "../${name}.wasm"; export const bytes = () => module;`;

const entries = [
  { entry: "index", glue: "full", wasm: "tipwire" },
  { entry: "text", glue: "text", wasm: "text" },
];
for (const { entry, glue, wasm } of entries) {
  const folder = join(target, "glue", glue);
  const bytes = smaller(join(folder, "tipwire_bg.wasm"));
  writeFileSync(join(out, `${wasm}.wasm`), bytes);
  const one = (format, outfile, module) =>
    build({
      entryPoints: [join(here, "ts", `${entry}.ts`)],
      outfile: join(out, outfile),
      bundle: true,
      format,
      platform: "neutral",
      target: "es2022",
      minifySyntax: true,
      minifyWhitespace: true,
      minifyIdentifiers: true,
      legalComments: "none",
      plugins: [elsewhere(folder, module)],
    });
  await one("esm", `${entry}.js`, inlined(bytes));
  await one("cjs", `cjs/${entry}.js`, inlined(bytes));
  await one("esm", `workerd/${entry}.js`, imported(wasm));
}

// What is of Node, beside the package that it uses.
const beside = (entry, outfile, format) =>
  build({
    entryPoints: [join(here, "ts", entry)],
    outfile: join(out, outfile),
    bundle: true,
    format,
    platform: "node",
    target: "node20",
    define: { VERSION: JSON.stringify(version) },
    minifySyntax: true,
    plugins: [outside],
  });
await beside("command/main.ts", "command.js", "esm");
await beside("node.ts", "node.js", "esm");
await beside("node.ts", "cjs/node.js", "cjs");

// The same instance as everything: only fewer names.
const secure = readFileSync(join(here, "ts/secure.ts"), "utf8");
const names = [];
for (const [, list] of secure.matchAll(/export \{(.*?)\}/gs)) names.push(...list.split(",").map((name) => name.trim()).filter((name) => name !== ""));
writeFileSync(join(out, "secure.js"), `export { ${names.join(", ")} } from "./index.js";\n`);
writeFileSync(join(out, "workerd/secure.js"), `export { ${names.join(", ")} } from "./index.js";\n`);
writeFileSync(join(out, "cjs/secure.js"), names.map((name) => `exports.${name} = require("./index.js").${name};\n`).join(""));
writeFileSync(join(out, "cjs/package.json"), '{ "type": "commonjs" }\n');

const manifest = JSON.parse(readFileSync(join(here, "package.json"), "utf8"));
writeFileSync(join(out, "package.json"), `${JSON.stringify({ version, ...manifest }, null, 2)}\n`);
copyFileSync(join(here, "README.md"), join(out, "README.md"));
for (const name of ["LICENSE", "CHANGELOG.md"]) copyFileSync(join(here, "..", name), join(out, name));
