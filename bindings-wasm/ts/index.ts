// Everything: `tipwire`.

export * from "./text.js";
export { isOf, Opener, parseHeader, Sealer } from "./envelope.js";
export type { Cipher, Header, Layout, Opened, SealerSettings } from "./envelope.js";
export { Client, Devices, Server } from "./session.js";
export type { ClientEvent, ClientSettings, ServerEvent, ServerSettings } from "./session.js";
