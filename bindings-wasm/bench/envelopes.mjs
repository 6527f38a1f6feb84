// Envelopes beside the ciphers of Node: by the module alone (seal/, open/), and where it asks Node for
// what is large (hosted-seal/, hosted-open/). The other side only encrypts: it neither reads the text,
// nor makes the header.

import { createCipheriv, createDecipheriv } from "node:crypto";
import { compare } from "./harness.mjs";

const TOKEN = "ate2bd319014b24e0a8aca9f00aea4c0d0";
const CIPHERS = { "aes-128-ccm": 16, "aes-128-gcm": 16, "aes-256-ccm": 32, "aes-256-gcm": 32, "chacha20-poly1305": 32 };
const SIZES = [100, 1000, 4000, 16000];
const HEADER = 21;

export function run(tipwire, nodeCiphers, { filter, report }) {
  for (const [cipher, bytes] of Object.entries(CIPHERS)) {
    for (const size of SIZES) one(tipwire, nodeCiphers, cipher, new Uint8Array(bytes).fill(7), size, { filter, report });
  }
}

function one(tipwire, nodeCiphers, cipher, key, size, { filter, report }) {
  const text = new TextEncoder().encode(`s|[a=${"x".repeat(size - 6)}]`);
  const sealer = new tipwire.Sealer({ cipher, key, token: TOKEN, serial: "s" });
  const opener = new tipwire.Opener({ cipher, key, serial: "s" });
  const envelope = sealer.seal("PUSH", text);
  const isCcm = cipher.endsWith("ccm");
  const [nonce, authTagLength, sizes] = [new Uint8Array(isCcm ? 13 : 12), isCcm ? 8 : 16, { plaintextLength: size }];
  const header = envelope.slice(0, HEADER);
  const seal = () => {
    const aead = createCipheriv(cipher, key, nonce, { authTagLength });
    aead.setAAD(header, sizes);
    return [aead.update(text), aead.final(), aead.getAuthTag()];
  };
  const [sealed, , tag] = seal();
  const open = () => {
    const aead = createDecipheriv(cipher, key, nonce, { authTagLength });
    aead.setAuthTag(tag);
    aead.setAAD(header, sizes);
    const opened = aead.update(sealed);
    aead.final();
    return opened.toString();
  };
  for (const [prefix, host] of [["", undefined], ["hosted-", nodeCiphers]]) {
    tipwire.useCiphers(host);
    const measure = (what, ours, theirs) => {
      const name = `${prefix}${what}/${cipher}/${size}`;
      if (name.includes(filter)) report(compare(name, "node:crypto", ours, theirs));
    };
    measure("seal", () => sealer.seal("PUSH", text), seal);
    measure("open", () => opener.open(envelope), open);
  }
  tipwire.useCiphers(undefined);
  sealer.free();
  opener.free();
}
