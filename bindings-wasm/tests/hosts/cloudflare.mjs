// The black box as a worker of Cloudflare's, which `workerd.mjs` asks.

import { answerTo } from "../driver.mjs";

export default {
  async fetch(request) {
    const lines = await request.json();
    return Response.json(lines.map((line) => answerTo(Uint8Array.from(line, (byte) => byte.charCodeAt(0)))));
  },
};
