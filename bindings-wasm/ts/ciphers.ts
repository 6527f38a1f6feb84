// The ciphers of the host, which the module asks for large envelopes.

import { type Cipher, CIPHERS } from "./names.js";

/** What is to be done with one envelope; the bytes are lent for this call only. */
export interface CipherTask {
  cipher: Cipher;
  /** Whether `text` is to be encrypted and `tag` written. Else the tag is to be checked and the text decrypted: with a wrong tag it stays as it is. */
  seals: boolean;
  key: Uint8Array;
  nonce: Uint8Array;
  /** What is authenticated and not encrypted. */
  header: Uint8Array;
  text: Uint8Array;
  tag: Uint8Array;
}

/** Does a task in place: whether the tag was right, or `undefined` where the module is to do it. */
export type CipherHost = (task: CipherTask) => boolean | undefined;

let host: CipherHost | undefined;

/** Lets a host do the ciphers of large envelopes, in all sealers and openers; without one the module does them. */
export function useCiphers(work: CipherHost | undefined): void {
  host = work;
}

/** @internal Called by the module: 1 for done, 0 where the tag is wrong, 2 where the module is to do it. */
export function work(cipher: number, seals: boolean, key: Uint8Array, nonce: Uint8Array, header: Uint8Array, text: Uint8Array, tag: Uint8Array): number {
  if (host === undefined) return 2;
  try {
    const done = host({ cipher: CIPHERS[cipher]!, seals, key, nonce, header, text, tag });
    return done === undefined ? 2 : Number(done);
  } catch {
    // It must not unwind through the module, which does without.
    return 2;
  }
}
