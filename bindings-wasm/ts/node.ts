// Sockets around sessions, and streams of Node: `tipwire/node`.

import { useCiphers } from "./index.js";
import { nodeCiphers } from "./node/ciphers.js";

useCiphers(nodeCiphers);

export { nodeCiphers };
export { connect, Device, LostError } from "./node/device.js";
export type { DeviceEvents, DeviceSettings } from "./node/device.js";
export { createServer, DeviceServer } from "./node/server.js";
export type { Connection, Handler, Reply, Request, DeviceServerEvents, DeviceServerSettings } from "./node/server.js";
export { frameTransform, splitTransform } from "./node/transform.js";
