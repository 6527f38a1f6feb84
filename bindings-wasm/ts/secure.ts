// Envelopes and what belongs to them: `tipwire/secure`.

export * from "./envelope.js";
export { parseInner } from "./read.js";
export { authHash, deriveKey, deviceHash } from "./credentials.js";
export { TipwireError } from "./error.js";
