// The rival: frames read by hand in plain JavaScript, as fast as one gets it to be. One pass over the
// characters, every rule of the grammar checked on the way, digits added up instead of parsed, and the
// same objects as the package gives. It reads ASCII and what `slice` makes of the rest; it does not
// know revision A, does not say where or why it failed, and counts characters where the protocol
// counts bytes.

const FAILED = new Error("no frame");

/** What a character may be part of. */
const NAME = 1, SERIAL = 2, HEX = 4, DIGIT = 8, PLAIN = 16, META = 32, UNIT = 16;
const CLASS = new Uint8Array(256);
for (let c = 0x20; c < 256; c++) {
  const char = String.fromCharCode(c);
  if (/[a-z0-9_]/.test(char)) CLASS[c] |= NAME;
  if (/[A-Za-z0-9_-]/.test(char)) CLASS[c] |= SERIAL;
  if (/[0-9A-Fa-f]/.test(char)) CLASS[c] |= HEX;
  if (/[0-9]/.test(char)) CLASS[c] |= DIGIT;
  if (c !== 0x7f && !/[#;@[\\\]^{|}]/.test(char)) CLASS[c] |= char === "," ? PLAIN : PLAIN | META;
}
const ESCAPES = new Map([..."|[];,{}#@^\\"].map((char) => [char.charCodeAt(0), char]).concat([[0x6e, "\n"]]));
const POWERS = Array.from({ length: 23 }, (_, n) => Number(`1e${n}`));

let text = "";
let at = 0;

export function parse(frame) {
  text = frame;
  at = 5;
  switch (frame.charCodeAt(1)) {
    case 0x55: // PUSH, PULL
      if (frame.startsWith("PUSH|")) return push();
      if (frame.startsWith("PULL|")) return pull();
      throw FAILED;
    case 0x49:
      if (frame.startsWith("PING|")) return ping();
  }
  throw FAILED;
}

export function parseAck(frame) {
  text = frame;
  at = 4;
  if (!frame.startsWith("ACK|")) throw FAILED;
  const seq = sequence();
  const from = at;
  let c;
  while ((c = text.charCodeAt(at)) >= 0x41 && c <= 0x5a) at++;
  const status = text.slice(from, at);
  if (status !== "OK" && status !== "PONG" && status !== "CMD" && status !== "ERR") throw FAILED;
  const ack = { method: "ACK", seq, status, count: undefined, countText: undefined, variables: undefined, command: undefined, error: undefined, text: undefined };
  if (at === text.length) return ack;
  expect(0x7c);
  if (status === "OK" && text.charCodeAt(at) === 0x5b) {
    ack.variables = block();
  } else {
    const detail = text.slice(at);
    if (status === "CMD") ack.command = detail;
    else if (status === "ERR") ack.error = detail;
    else if (status === "OK" && /^[0-9]+$/.test(detail)) ack.count = Number(detail);
    else ack.text = detail;
  }
  return ack;
}

function ping() {
  const seq = sequence();
  const auth = authorization();
  expect(0x7c);
  const serial = run(SERIAL, 100);
  if (at !== text.length) throw FAILED;
  return { method: "PING", seq, auth, serial };
}

function pull() {
  const seq = sequence();
  const auth = authorization();
  expect(0x7c);
  const serial = run(SERIAL, 100);
  expect(0x7c);
  expect(0x5b);
  const names = [run(NAME, 100)];
  while (text.charCodeAt(at) === 0x3b) {
    at++;
    names.push(run(NAME, 100));
  }
  expect(0x5d);
  if (at !== text.length || names.length > 100) throw FAILED;
  return { method: "PULL", seq, auth, serial, names };
}

function push() {
  const seq = sequence();
  const auth = authorization();
  expect(0x7c);
  const serial = run(SERIAL, 100);
  expect(0x7c);
  let location, time, group, metadata, variables, raw;
  if (text.charCodeAt(at) === 0x3e) {
    const encoding = text.charCodeAt(at + 1) === 0x78 ? "hex" : "base64";
    at += 2;
    const from = at;
    if (encoding === "hex") {
      while (CLASS[text.charCodeAt(at)] & HEX) at++;
      if ((at - from) % 2 !== 0) throw FAILED;
    } else {
      at = text.length;
    }
    if (at !== text.length || at === from) throw FAILED;
    raw = { encoding, data: text.slice(from) };
    variables = [];
  } else {
    if (text.charCodeAt(at) === 0x40 && text.charCodeAt(at + 1) === 0x3d) {
      at += 2;
      location = place();
    }
    if (text.charCodeAt(at) === 0x40) time = whole();
    if (text.charCodeAt(at) === 0x5e) {
      at++;
      group = run(NAME, 100);
      if (time === undefined && text.charCodeAt(at) === 0x40) time = whole();
    }
    if (text.charCodeAt(at) === 0x7b) metadata = pairs();
    variables = block();
  }
  return { method: "PUSH", seq, auth, serial, location, time, timeText: undefined, group, metadata, variables, raw };
}

function block() {
  expect(0x5b);
  const variables = [variable()];
  while (text.charCodeAt(at) === 0x3b) {
    at++;
    variables.push(variable());
  }
  expect(0x5d);
  if (at !== text.length || variables.length > 100) throw FAILED;
  return variables;
}

function variable() {
  const name = run(NAME, 100);
  let type, value, exact, unit, location, time, group, metadata;
  let c = text.charCodeAt(at++);
  switch (c) {
    case 0x3a: {
      expect(0x3d);
      type = "number";
      const from = at;
      value = number();
      exact = text.slice(from, at);
      break;
    }
    case 0x3d:
      type = "string";
      value = escaped(PLAIN);
      break;
    case 0x3f:
      expect(0x3d);
      type = "boolean";
      value = text.startsWith("true", at);
      if (!value && !text.startsWith("false", at)) throw FAILED;
      at += value ? 4 : 5;
      break;
    case 0x40:
      expect(0x3d);
      type = "location";
      value = place();
      break;
    default:
      throw FAILED;
  }
  c = text.charCodeAt(at);
  if (c === 0x23) {
    if (type === "location") throw FAILED;
    at++;
    unit = run(UNIT, 25);
    c = text.charCodeAt(at);
  }
  if (c === 0x40) {
    if (text.charCodeAt(at + 1) === 0x3d) {
      if (type === "location") throw FAILED;
      at += 2;
      location = place();
      c = text.charCodeAt(at);
    }
    if (c === 0x40) {
      time = whole();
      c = text.charCodeAt(at);
    }
  }
  if (c === 0x5e) {
    at++;
    group = run(NAME, 100);
    c = text.charCodeAt(at);
  }
  if (c === 0x7b) metadata = pairs();
  return { name, type, value, text: exact, unit, location, time, timeText: undefined, group, metadata };
}

function expect(c) {
  if (text.charCodeAt(at++) !== c) throw FAILED;
}

/** One to `most` characters of a class. */
function run(of, most) {
  const from = at;
  for (;;) {
    const c = text.charCodeAt(at);
    if (c < 256 ? CLASS[c] & of : of === PLAIN && c > 255) at++;
    else break;
  }
  if (at === from || at - from > most) throw FAILED;
  return text.slice(from, at);
}

function authorization() {
  const from = at;
  while (CLASS[text.charCodeAt(at)] & HEX) at++;
  if (at - from !== 16) throw FAILED;
  return text.slice(from, at);
}

function sequence() {
  if (text.charCodeAt(at) !== 0x21) return undefined;
  const from = ++at;
  let seq = 0;
  let c;
  while ((c = text.charCodeAt(at)) >= 0x30 && c <= 0x39) {
    seq = seq * 10 + c - 0x30;
    at++;
  }
  if (at === from || seq > 0xffffffff || (at - from > 1 && text.charCodeAt(from) === 0x30)) throw FAILED;
  expect(0x7c);
  return seq;
}

function whole() {
  const from = ++at;
  let value = 0;
  let c;
  while ((c = text.charCodeAt(at)) >= 0x30 && c <= 0x39) {
    value = value * 10 + c - 0x30;
    at++;
  }
  if (at === from || value > Number.MAX_SAFE_INTEGER) throw FAILED;
  return value;
}

/** Up to 15 digits are exact as an integer, and so is its division by a power of ten. */
function number() {
  const from = at;
  const isNegative = text.charCodeAt(at) === 0x2d;
  if (isNegative) at++;
  const first = at;
  let digits = 0;
  let c;
  while ((c = text.charCodeAt(at)) >= 0x30 && c <= 0x39) {
    digits = digits * 10 + c - 0x30;
    at++;
  }
  let count = at - first;
  if (count === 0 || (count > 1 && text.charCodeAt(first) === 0x30)) throw FAILED;
  if (c === 0x2e) {
    const point = ++at;
    while ((c = text.charCodeAt(at)) >= 0x30 && c <= 0x39) {
      digits = digits * 10 + c - 0x30;
      at++;
    }
    const decimals = at - point;
    if (decimals === 0) throw FAILED;
    count += decimals;
    if (count <= 15) digits /= POWERS[decimals];
  }
  if (count > 15) return Number(text.slice(from, at));
  return isNegative ? -digits : digits;
}

function place() {
  const from = at;
  const lat = number();
  expect(0x2c);
  const lng = number();
  let alt;
  if (text.charCodeAt(at) === 0x2c) {
    at++;
    alt = number();
  }
  return { lat, lng, alt, text: text.slice(from, at) };
}

function escaped(of) {
  const start = at;
  let from = at;
  let done = "";
  for (;;) {
    const c = text.charCodeAt(at);
    if (c === 0x5c) {
      const char = ESCAPES.get(text.charCodeAt(at + 1));
      if (char === undefined) throw FAILED;
      done += text.slice(from, at) + char;
      at += 2;
      from = at;
    } else if (c < 256 ? CLASS[c] & of : c > 255) {
      at++;
    } else {
      break;
    }
  }
  if (at === start) throw FAILED;
  return from === start ? text.slice(from, at) : done + text.slice(from, at);
}

function pairs() {
  at++;
  const metadata = {};
  let count = 0;
  do {
    const key = run(NAME, 100);
    expect(0x3d);
    metadata[key] = escaped(META);
    if (++count > 32) throw FAILED;
  } while (text.charCodeAt(at++) === 0x2c);
  if (text.charCodeAt(at - 1) !== 0x7d) throw FAILED;
  return metadata;
}
