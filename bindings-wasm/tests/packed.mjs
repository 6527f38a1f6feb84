// The package as it is published, packed and installed into projects under target/js/projects.

import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const target = fileURLToPath(new URL("../../target/js", import.meta.url));
const npm = join(target, "npm");
/** Where the projects are. */
export const folder = join(target, "projects");

/** Packs the package; gives the path of the tarball. */
export function pack() {
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder)) if (name.endsWith(".tgz")) rmSync(join(folder, name));
  const [{ filename }] = JSON.parse(run("npm", ["pack", "--json", "--pack-destination", folder], join(target, "package")));
  return join(folder, filename);
}

/** A fresh project that has the tarball installed, and these files. */
export function project(name, tarball, manifest, files) {
  const place = join(folder, name);
  rmSync(place, { recursive: true, force: true });
  mkdirSync(place);
  write(place, { "package.json": JSON.stringify({ name, private: true, version: "1.0.0", ...manifest }), ...files });
  run("npm", ["install", "--offline", "--no-audit", "--no-fund", tarball], place);
  return place;
}

export function write(place, files) {
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(place, file)), { recursive: true });
    writeFileSync(join(place, file), text);
  }
}

/** Runs a program to its end; gives what it says. It must succeed. */
export function run(program, words, cwd, env = {}) {
  try {
    return execFileSync(program, words, { cwd, env: { ...process.env, ...env }, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  } catch (error) {
    // The beginning may be a line of a bundle.
    throw new Error(`${program} ${words.join(" ")}\n${error.stdout}${error.stderr}`.slice(-4000));
  }
}

/** Runs a tool that npm brought, by the name of its package. */
export function tool(name, words, cwd, which = name.split("/").at(-1)) {
  const place = join(npm, "node_modules", name);
  const { bin } = JSON.parse(readFileSync(join(place, "package.json"), "utf8"));
  return run(process.execPath, [join(place, typeof bin === "string" ? bin : bin[which]), ...words], cwd);
}

/** What npm brought, as a module. */
export const required = createRequire(join(npm, "package.json"));

export const types = join(npm, "node_modules/@types");
