// Envelopes and what belongs to them: `tipwire/secure`.

export { useCiphers } from "./ciphers.js";
export type { CipherHost, CipherTask } from "./ciphers.js";
export { isOf, Opener, openWith, parseHeader, plaintextAnswer, replyTo, Sealer } from "./envelope.js";
export type { Header, Opened, OpenerSettings, SealerSettings } from "./envelope.js";
export type { Cipher, InnerMethod, Layout } from "./names.js";
export { parseInner } from "./read.js";
export { authHash, deriveKey, deviceHash } from "./credentials.js";
export { TipwireError } from "./error.js";
