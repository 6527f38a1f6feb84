// The ciphers of the host in the place of the module's: what one seals the other opens.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, test } from "node:test";
import { Client, deriveKey, Devices, Opener, Sealer, Server, TipwireError, useCiphers } from "../../target/js/package/index.js";
import { nodeCiphers } from "../../target/js/package/node.js";

const TOKEN = "ate2bd319014b24e0a8aca9f00aea4c0d0";
const AUTH = "4deedd7bab8817ec";
const KEYS = { "aes-128-ccm": 16, "aes-128-gcm": 16, "aes-256-ccm": 32, "aes-256-gcm": 32, "chacha20-poly1305": 32 };

after(() => useCiphers(nodeCiphers));

/** Does some work with a host; gives how many tasks it did. */
function hosted(host, work) {
  let count = 0;
  useCiphers(host && ((task) => {
    const done = host(task);
    if (done !== undefined) count++;
    return done;
  }));
  work();
  useCiphers(undefined);
  return count;
}

const hosts = { module: undefined, Node: nodeCiphers };

for (const [cipher, bytes] of Object.entries(KEYS)) {
  test(`what the module seals by ${cipher} Node opens, and the other way round`, () => {
    const key = deriveKey(TOKEN, "s").slice(0, bytes);
    const least = cipher === "chacha20-poly1305" ? 3000 : 256;
    for (const layout of ["current", "short"]) {
      for (const size of [20, 255, 256, 257, 271, 272, 2999, 3000, 4095, 16383, 16384]) {
        const text = `s|[a=${"ü".repeat((size - 6) >> 1)}${"x".repeat(size % 2)}]`;
        const envelopes = Object.values(hosts).map((host) => {
          const sealer = new Sealer({ cipher, key, token: TOKEN, serial: "s", layout, counter: 7 });
          let envelope;
          assert.equal(hosted(host, () => (envelope = sealer.seal("PUSH", text))), host && size >= least ? 1 : 0);
          sealer.free();
          return envelope;
        });
        assert.deepEqual(envelopes[0], envelopes[1]);
        for (const host of Object.values(hosts)) {
          const opener = new Opener({ cipher, key });
          const open = (envelope) => opener.open(envelope, layout).text;
          assert.equal(hosted(host, () => assert.equal(open(envelopes[0]), text)), host && size >= least ? 1 : 0);
          for (const at of [5, 25, envelopes[0].length - 1]) {
            const changed = envelopes[0].slice();
            changed[at] ^= 1;
            hosted(host, () => assert.throws(() => open(changed), (error) => error instanceof TipwireError && error.kind === "auth_failed"));
          }
          opener.free();
        }
      }
    }
  });
}

test("vectors are sealed and opened alike, whoever does it", () => {
  const cases = JSON.parse(readFileSync(new URL("../../vectors/envelope.json", import.meta.url), "utf8"));
  let count = 0;
  for (const { layout, cipher, method, token, serial, key, counter, inner, envelope, error } of cases) {
    if (error !== undefined) continue;
    const [keyBytes, bytes] = [key, envelope].map((hex) => new Uint8Array(Buffer.from(hex, "hex")));
    const sealer = new Sealer({ layout, cipher, token, serial, key: keyBytes, counter: Number(counter) });
    const opener = new Opener({ cipher, key: keyBytes });
    count += hosted(nodeCiphers, () => {
      assert.deepEqual(sealer.seal(method, inner), bytes);
      assert.equal(opener.open(bytes, layout).text, inner);
    });
    sealer.free();
    opener.free();
  }
  assert.ok(count > 0, "some are large");
});

test("a host that fails, declines or lies is no harm", () => {
  const settings = { cipher: "aes-128-gcm", key: new Uint8Array(16), token: AUTH, serial: "s" };
  const text = `s|[a=${"x".repeat(1000)}]`;
  const [sealer, opener] = [new Sealer(settings), new Opener(settings)];
  const envelope = sealer.seal("PUSH", text);
  const fail = () => {
    throw new Error("no hardware");
  };
  assert.equal(hosted(() => undefined, () => assert.equal(opener.open(envelope).text, text)), 0);
  useCiphers(fail);
  assert.equal(opener.open(envelope).text, text);
  // The text is not what it says it is.
  useCiphers(() => true);
  assert.throws(() => opener.open(envelope), { kind: "auth_failed" });
  useCiphers(() => false);
  assert.throws(() => opener.open(envelope), { kind: "auth_failed" });
  useCiphers(undefined);
  assert.equal(opener.open(envelope).text, text);
  sealer.free();
  opener.free();
});

test("sessions have their large envelopes done by the host", () => {
  const settings = () => ({ cipher: "aes-128-ccm", key: new Uint8Array(16).fill(3), token: TOKEN, serial: "s" });
  const devices = new Devices();
  devices.addKey(new Sealer({ ...settings(), counter: 1 << 20 }));
  const client = new Client({ auth: AUTH, serial: "s", sealer: new Sealer(settings()) });
  const server = new Server({ devices });
  const variables = Array.from({ length: 50 }, (_, n) => ({ name: `v${n}`, value: `text ${n}` }));
  const count = hosted(nodeCiphers, () => {
    assert.equal(client.nextEvent(0).type, "connect");
    client.connected(0);
    client.push({ variables }, 0);
    const [request] = server.events(client.dataToSend(0), 0);
    assert.equal(request.frame.variables.length, 50);
    server.answer(request.ticket, { variables });
    const [answer] = client.events(server.dataToSend(), 0);
    assert.equal(answer.ack.variables.length, 50);
  });
  assert.equal(count, 4);
  for (const one of [client, server, devices]) one.free();
});
