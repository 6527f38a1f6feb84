// Everything: `tipwire`.

export * from "./text.js";
export { authHash, deriveKey, deviceHash } from "./credentials.js";
export { fromPoints, innerJSON, push, toJSON, toPointsJSON } from "./json.js";
export { useCiphers } from "./ciphers.js";
export type { CipherHost, CipherTask } from "./ciphers.js";
export { isOf, Opener, openWith, parseHeader, plaintextAnswer, replyTo, Sealer } from "./envelope.js";
export type { Header, Opened, OpenerSettings, SealerSettings } from "./envelope.js";
export { Client, Devices, Server } from "./session.js";
export type { ClientEvent, ClientSettings, ServerEvent, ServerSettings } from "./session.js";
export { explain } from "./explain.js";
export type { Explained, ExplainSettings, Span } from "./explain.js";
export type { Cipher, Layout, PartName } from "./names.js";
export * as tagoio from "./tagoio.js";
export * as thingsboard from "./thingsboard.js";
export * as thingspanel from "./thingspanel.js";
export { packet, parsePacket } from "./thingspanel.js";
export type { Packet } from "./thingspanel.js";
