// Starts another runtime that npm brought: `node runtime.mjs deno|bun arguments…`.

import { spawn } from "node:child_process";
import { required } from "../packed.mjs";

const [name, ...words] = process.argv.slice(2);
const { platform, arch } = process;
const program = {
  deno: () => `@deno/${platform}-${arch}${platform === "linux" ? "-glibc" : ""}/deno`,
  bun: () => `@oven/bun-${platform}-${arch === "arm64" ? "aarch64" : arch}/bin/bun`,
}[name]();
spawn(required.resolve(program), words, { stdio: "inherit" }).on("exit", (code) => (process.exitCode = code ?? 1));
