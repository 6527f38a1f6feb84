// Tokens, and what comes of them.

import { auth_hash, derive_key, serial_hash } from "#glue";
import { forget, outputBytes, outputText } from "./core.js";
import { unreadable } from "./error.js";
import { load } from "./load.js";

/** The authorization that frames carry for a token; of revision A where that is asked for. */
export function authHash(token: string, revision: "A" | "D" = "D"): string {
  const length = auth_hash(load(token, 0), revision === "A" ? 1 : 0);
  try {
    if (length === 0) throw unreadable(0);
    return outputText(length);
  } finally {
    forget();
  }
}

/** The hash of a serial, as envelopes of the current layout carry it. */
export function deviceHash(serial: string): string {
  return outputText(serial_hash(load(serial, 0)));
}

/** A key of 32 bytes for a device that has none; ciphers of 16 take the front. */
export function deriveKey(token: string, serial: string): Uint8Array {
  const first = load(token, 0);
  const length = derive_key(first, load(serial, first) - first);
  try {
    if (length === 0) throw unreadable(0);
    return outputBytes(length);
  } finally {
    forget();
  }
}
