// A server that keeps the last value of every variable.
//
//   node server.mjs [host] [port]

import { createServer } from "tipwire/node";

const [host = "127.0.0.1", port = "5693"] = process.argv.slice(2);
const values = new Map();

const server = createServer(({ frame, serial }) => {
  switch (frame.method) {
    case "PUSH":
      for (const variable of frame.variables) {
        const { name, value, text, unit = "" } = variable;
        console.log(`${serial}: ${name} = ${text ?? value} ${unit}`);
        values.set(`${serial} ${name}`, variable);
      }
      return frame.variables.length;
    case "PULL": {
      const found = frame.names.map((name) => values.get(`${serial} ${name}`)).filter(Boolean);
      return found.length > 0 ? found : { error: "variable_not_found" };
    }
    case "PING":
      return "PONG";
  }
});
await server.listen(Number(port), host);
console.log(`serving on ${host}:${server.port}`);
