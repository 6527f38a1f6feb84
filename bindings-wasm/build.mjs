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

function optimize(from, to, ...passes) {
  const optimizer = join(dirname(require.resolve("binaryen/package.json")), "bin/wasm-opt");
  const settings = [...passes, ...FEATURES.map((name) => `--enable-${name}`)];
  return execFileSync(process.execPath, [optimizer, ...settings, from, "-o", to], { encoding: "utf8" });
}

/**
 * A module made smaller, which takes nothing of its speed. Functions that are called once are left as
 * they are: put where they are called they are a little less code, but code that compresses worse. No
 * pointer goes to the first kilobyte, where only the end of a full stack is.
 */
function smaller(path) {
  const made = `${path}.small`;
  const inlining = ["--one-caller-inline-max-function-size=30", "--always-inline-max-function-size=4"];
  optimize(path, made, "-Oz", "--converge", "--low-memory-unused", ...inlining, "--strip-target-features");
  return readFileSync(made);
}

/** The glue and its module with short names for what each has of the other: all but these two see only the memory. */
function shortened(folder) {
  const [from, to] = ["tipwire_bg.wasm", "short.wasm"].map((name) => join(folder, name));
  const { imports, exports } = JSON.parse(optimize(from, to, "--minify-imports-and-exports-and-modules"));
  const [ours, theirs] = [new Map(exports), new Map(imports.map(([, name, short]) => [name, short]))];
  const short = (names, name) => {
    if (!names.has(name)) throw new Error(`the glue has ${name}, and the module has no such name`);
    return names.get(name);
  };
  const glue = readFileSync(join(folder, "tipwire.js"), "utf8")
    .replaceAll("return wasm;", "return { memory: wasm.memory };")
    .replace(/\bwasm\.(\w+)/g, (_, name) => `wasm.${short(ours, name)}`)
    .replace(/^( +)(\w+)(?=: function\()/gm, (_, space, name) => space + short(theirs, name))
    .replace('"./tipwire_bg.js":', "a:");
  writeFileSync(join(folder, "short.js"), glue);
  return to;
}

/** Resolves the names that the sources have for what comes from elsewhere. */
function elsewhere(glue, module) {
  return {
    name: "elsewhere",
    setup({ onLoad, onResolve }) {
      onResolve({ filter: /^#glue$/ }, () => ({ path: join(glue, "short.js"), sideEffects: false }));
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
 * The module as a text, in ASCII, so that it does not matter what a page takes its scripts for: in
 * base64 a page would have to load a third more of it, compressed. A byte is one character if it is one
 * of the most frequent ones, else a mark and one more.
 */
const [FIRST, MARK, LAST] = [0x23, 0x7d, 0x7e];
const SECONDS = LAST - FIRST + 1;
function inlined(wasm) {
  const counts = new Array(256).fill(0);
  for (const byte of wasm) counts[byte]++;
  const all = counts.map((_, byte) => byte);
  const frequent = new Set(all.toSorted((a, b) => counts[b] - counts[a]).slice(0, MARK - FIRST));
  const chars = [];
  // Both kinds in the order of their numbers, so that one bit for each says which it is.
  [...frequent].sort((a, b) => a - b).forEach((byte, n) => (chars[byte] = String.fromCharCode(FIRST + n)));
  const rare = all.filter((byte) => !frequent.has(byte));
  rare.forEach((byte, n) => (chars[byte] = String.fromCharCode(MARK + Math.floor(n / SECONDS), FIRST + (n % SECONDS))));
  const bits = Array.from({ length: 64 }, (_, n) => [3, 2, 1, 0].reduce((bits, bit) => bits * 2 + frequent.has(n * 4 + bit), 0));
  const text = JSON.stringify(Array.from(wasm, (byte) => chars[byte]).join(""));
  const contents = `
  const text = ${PLACE};
  export function bytes() {
    const table = [];
    const frequent = "${bits.map((four) => four.toString(16)).join("")}";
    for (let byte = 0, one = ${FIRST}, two = ${MARK + FIRST}; byte < 256; byte++) {
      table[(parseInt(frequent[byte >> 2], 16) >> (byte & 3)) & 1 ? one++ : two++] = byte;
    }
    // In place, which is quicker than to ask a text for each character while nothing is compiled yet.
    const bytes = new TextEncoder().encode(text);
    let length = 0;
    for (let at = 0; at < bytes.length; at++) {
      let code = bytes[at];
      if (code >= ${MARK}) code = ${MARK} + (code - ${MARK}) * ${SECONDS} + bytes[++at];
      bytes[length++] = table[code];
    }
    return bytes.subarray(0, length);
  }`;
  return { contents, text };
}
/** Where the text comes once the rest has its lines. */
const PLACE = '"the module"';
const imported = (name) => ({ contents: `import module from "../${name}.wasm"; export const bytes = () => module;`, text: "" });

const entries = [
  { entry: "index", glue: "full", wasm: "tipwire" },
  { entry: "text", glue: "text", wasm: "text" },
  { entry: "secure", glue: "secure", wasm: "secure" },
];
for (const { entry, glue, wasm } of entries) {
  const folder = join(target, "glue", glue);
  const bytes = smaller(shortened(folder));
  writeFileSync(join(out, `${wasm}.wasm`), bytes);
  const one = async (format, file, { contents, text }) => {
    const outfile = join(out, file);
    await build({
      entryPoints: [join(here, "ts", `${entry}.ts`)],
      outfile,
      bundle: true,
      format,
      platform: "neutral",
      target: "es2022",
      minifySyntax: true,
      minifyWhitespace: true,
      minifyIdentifiers: true,
      legalComments: "none",
      // An error that nobody catches is shown with its whole line.
      lineLimit: 200,
      plugins: [elsewhere(folder, contents)],
    });
    const parts = readFileSync(outfile, "utf8").split(PLACE);
    if (parts.length !== (text === "" ? 1 : 2)) throw new Error(`${file} has ${parts.length - 1} places for the module`);
    writeFileSync(outfile, parts.join(text));
  };
  const within = inlined(bytes);
  await one("esm", `${entry}.js`, within);
  await one("cjs", `cjs/${entry}.js`, within);
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

writeFileSync(join(out, "cjs/package.json"), '{ "type": "commonjs" }\n');

const manifest = JSON.parse(readFileSync(join(here, "package.json"), "utf8"));
writeFileSync(join(out, "package.json"), `${JSON.stringify({ version, ...manifest }, null, 2)}\n`);
copyFileSync(join(here, "README.md"), join(out, "README.md"));
for (const name of ["LICENSE", "CHANGELOG.md"]) copyFileSync(join(here, "..", name), join(out, name));
