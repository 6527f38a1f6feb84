// The black box as a process: of Node, Deno or Bun.

import { answerTo } from "../driver.mjs";
import { answerAll } from "./lines.mjs";

await answerAll((lines) => lines.map(answerTo));
