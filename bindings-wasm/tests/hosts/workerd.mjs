// The black box in workerd, the runtime of Cloudflare's workers.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { folder, required } from "../packed.mjs";
import { answerAll } from "./lines.mjs";

const program = required.resolve(`@cloudflare/workerd-${process.platform}-64/bin/workerd`);
const worker = spawn(program, ["serve", "--control-fd=3", join(folder, "hosts/workerd/config.capnp")], { stdio: ["ignore", "inherit", "inherit", "pipe"] });
try {
  const [told] = await once(worker.stdio[3], "data");
  const { port } = JSON.parse(String(told).split("\n")[0]);
  await answerAll(async (lines) => {
    const body = JSON.stringify(lines.map((line) => line.toString("latin1")));
    return (await fetch(`http://127.0.0.1:${port}/`, { method: "POST", body })).json();
  });
} finally {
  worker.kill();
}
