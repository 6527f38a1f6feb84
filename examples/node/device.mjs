// A device that reports every few seconds and does as it is told.
//
//   node device.mjs [--count N] [--period SECONDS] [--token TOKEN] [--serial SERIAL] [--udp] [host] [port]

import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { authHash } from "tipwire";
import { connect } from "tipwire/node";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    token: { type: "string", default: "ate2bd319014b24e0a8aca9f00aea4c0d0" },
    serial: { type: "string", default: "sensor-01" },
    period: { type: "string", default: "2" },
    count: { type: "string", default: "Infinity" },
    udp: { type: "boolean", default: false },
  },
});
const [host = "127.0.0.1", port = "5693"] = positionals;

const device = connect({ host, port: Number(port), auth: authHash(values.token), serial: values.serial, udp: values.udp });
device.on("command", (text) => console.log("told to", text));
device.on("disconnect", (reason) => console.error("no connection:", reason?.message ?? reason));

let temperature = 21;
for (let sent = 0; sent < Number(values.count); sent++) {
  temperature = Math.round((temperature + Math.random() - 0.5) * 10) / 10;
  const variables = [
    { name: "temperature", value: temperature, unit: "C" },
    { name: "n", value: sent },
  ];
  const ack = await device.push({ variables });
  if (ack.status === "ERR") throw new Error(`refused: ${ack.error}`);
  console.log(`${temperature} °C: ${ack.count} stored`);
  await sleep(Number(values.period) * 1000);
}
device.close();
