// The packed package, as tools and fresh projects find it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pack, project, required, run, tool, types } from "./packed.mjs";

const tarball = pack();

const USE = `
const frame = parse("PUSH|4deedd7bab8817ec|sensor-01|[t:=32.50#C]");
if (frame.method !== "PUSH" || frame.variables[0]?.text !== "32.50") throw new Error("wrongly read");
if (text.parse("PING|4deedd7bab8817ec|s").serial !== "s") throw new Error("wrongly read by tipwire/text");
const sealer = new secure.Sealer({ cipher: "chacha20-poly1305", key: new Uint8Array(32), token: "4deedd7bab8817ec", serial: "s" });
if (parseHeader(sealer.seal("PING", "s")).cipher !== "chacha20-poly1305") throw new Error("wrongly sealed");
const server = createServer(({ frame }) => (frame.method === "PUSH" ? frame.variables.length : "PONG"));
(async () => {
  await server.listen(0);
  const device = connect({ port: server.port, auth: "4deedd7bab8817ec", serial: "sensor-01" });
  console.log((await device.push({ variables: [{ name: "t", value: 1 }] })).count);
  device.close();
  await server.close();
})();
`;

const IMPORTS = `
import { parse, parseHeader } from "tipwire";
import * as text from "tipwire/text";
import * as secure from "tipwire/secure";
import { connect, createServer } from "tipwire/node";
`;

const REQUIRES = `
const { parse, parseHeader } = require("tipwire");
const text = require("tipwire/text");
const secure = require("tipwire/secure");
const { connect, createServer } = require("tipwire/node");
`;

/** What a compiler is to accept, and what it is to refuse. */
const TYPED = `
import { build, TipwireError, type Frame, type Variable } from "tipwire";

export function serials(frames: Iterable<Frame>): string[] {
  return Array.from(frames, (frame) => frame.serial);
}
export function first(frame: Frame): Variable | undefined {
  // @ts-expect-error: only of a PUSH
  frame.variables;
  switch (frame.method) {
    case "PUSH":
      return frame.variables[0];
    case "PULL":
      return void frame.names.length;
    case "PING":
      return undefined;
    default: {
      const none: never = frame;
      return none;
    }
  }
}
export function celsius(variable: Variable): number | undefined {
  return variable.type === "number" && variable.unit === "C" ? variable.value : undefined;
}
export function place(error: unknown): number | undefined {
  return error instanceof TipwireError ? error.at : undefined;
}
// @ts-expect-error: no such cipher
export const sealer13 = () => new secure.Sealer({ cipher: "rot13", key: new Uint8Array(16), token: "", serial: "" });
if (build(parse("PING|4deedd7bab8817ec|s")) !== "PING|4deedd7bab8817ec|s") throw new Error("wrongly built");
`;

test("publint has nothing to say", () => {
  assert.match(tool("publint", [tarball, "--strict"], "."), /All good!/);
});

test("the types resolve wherever they are looked for", () => {
  // The modules of WebAssembly are files to fetch, without types.
  const said = tool("@arethetypeswrong/cli", [tarball, "--no-emoji", "--exclude-entrypoints", "tipwire.wasm", "text.wasm", "secure.wasm"], ".", "attw");
  assert.match(said, /No problems found/);
});

test("every name that is exported is documented", () => {
  const place = join(project("documented", tarball, {}, {}), "node_modules/tipwire");
  const ts = required("typescript");
  const entries = ["index", "text", "secure", "node"].map((name) => join(place, `${name}.d.ts`));
  const options = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext, types: ["node"], typeRoots: [types] };
  const program = ts.createProgram(entries, options);
  const checker = program.getTypeChecker();
  const [seen, silent] = [new Set(), []];
  const look = (exported, path) => {
    const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
    if (seen.has(symbol)) return;
    seen.add(symbol);
    if (symbol.flags & ts.SymbolFlags.ValueModule) for (const inner of checker.getExportsOfModule(symbol)) look(inner, `${path}.${inner.name}`);
    else if (symbol.getDocumentationComment(checker).length === 0) silent.push(path);
  };
  for (const entry of entries) for (const symbol of checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(entry)))) look(symbol, symbol.name);
  assert.ok(seen.size > 100, `${seen.size}`);
  assert.deepEqual(silent, []);
});

test("the package has what it is made of, and nothing else", () => {
  const place = project("files", tarball, {});
  const files = readdirSync(join(place, "node_modules/tipwire"), { recursive: true });
  const kinds = new Set(files.filter((name) => name.includes(".")).map((name) => name.replace(/^[^.]*\./, "")));
  assert.deepEqual([...kinds].sort(), ["d.ts", "js", "json", "md", "wasm"]);
  for (const name of ["LICENSE", "README.md", "CHANGELOG.md", "package.json"]) assert.ok(files.includes(name), name);
  for (const name of ["index.js", "text.js", "secure.js", "cjs/index.js", "workerd/index.js", "workerd/secure.js"]) {
    const source = readFileSync(join(place, "node_modules/tipwire", name), "utf8");
    assert.doesNotMatch(source, /["']node:|\bprocess\.|(?<!\bglobalThis\.)\bBuffer\b|\beval\(|new Function\(/, `${name} wants something of Node, or a laxer policy`);
  }
  const { dependencies, scripts } = JSON.parse(readFileSync(join(place, "node_modules/tipwire/package.json"), "utf8"));
  assert.deepEqual([dependencies, scripts], [undefined, undefined]);
});

test("a project of ES modules uses every entry, and the command line", () => {
  const place = project("esm", tarball, { type: "module" }, { "main.js": IMPORTS + USE });
  assert.equal(run(process.execPath, ["main.js"], place), "1\n");
  assert.match(run("npx", ["--offline", "tipwire", "--help"], place), /decode[^]*serve/);
});

test("a project of CommonJS uses every entry", () => {
  const place = project("cjs", tarball, {}, { "main.js": REQUIRES + USE });
  assert.equal(run(process.execPath, ["main.js"], place), "1\n");
});

const RESOLUTIONS = [
  ["node16", "node16", "module"],
  ["node16", "node16", "commonjs"],
  ["nodenext", "nodenext", "module"],
  ["nodenext", "nodenext", "commonjs"],
  ["bundler", "esnext", "module"],
];
// Compilers take their time.
const tried = process.env.EVERY_KIND === undefined ? RESOLUTIONS.slice(2, 3) : RESOLUTIONS;
for (const [resolution, module, type] of tried) {
  test(`a strict project of TypeScript compiles: ${resolution}, ${type}`, () => {
    const compilerOptions = { strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, skipLibCheck: false, target: "es2022", lib: ["es2022", "esnext.disposable"], module, moduleResolution: resolution, types: ["node"], typeRoots: [types], outDir: "out" };
    const files = { "main.ts": IMPORTS + TYPED + USE, "tsconfig.json": JSON.stringify({ compilerOptions, include: ["main.ts"] }) };
    const place = project(`ts-${resolution}-${type}`, tarball, { type }, files);
    tool("typescript", ["-p", "."], place, "tsc");
    assert.equal(run(process.execPath, ["out/main.js"], place), "1\n");
  });
}
