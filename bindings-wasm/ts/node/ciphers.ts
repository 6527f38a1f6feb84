// The ciphers of Node, which are faster for all but short envelopes.

import { type CipherCCM, createCipheriv, createDecipheriv, type DecipherCCM } from "node:crypto";
import type { Cipher, CipherTask } from "../index.js";

/** From how many bytes on they are: measured, `cargo xtask bench js seal/`. */
const LEAST: Record<Cipher, number> = {
  "aes-128-ccm": 256,
  "aes-128-gcm": 256,
  "aes-256-ccm": 256,
  "aes-256-gcm": 256,
  "chacha20-poly1305": 3000,
};

/** Does a task where that pays; what fails for whatever reason the module does again, and judges. */
export function nodeCiphers({ cipher, seals, key, nonce, header, text, tag }: CipherTask): boolean | undefined {
  if (text.length < LEAST[cipher]) return undefined;
  // The ciphers differ in what must be known before; the types in which is which.
  const options = { authTagLength: tag.length };
  const sizes = { plaintextLength: text.length };
  try {
    if (seals) {
      const aead = createCipheriv(cipher as "aes-128-ccm", key, nonce, options) as CipherCCM;
      aead.setAAD(header, sizes);
      const sealed = aead.update(text);
      aead.final();
      text.set(sealed);
      tag.set(aead.getAuthTag());
    } else {
      const aead = createDecipheriv(cipher as "aes-128-ccm", key, nonce, options) as DecipherCCM;
      aead.setAuthTag(tag);
      aead.setAAD(header, sizes);
      const opened = aead.update(text);
      aead.final();
      text.set(opened);
      opened.fill(0);
    }
    return true;
  } catch {
    return undefined;
  }
}
