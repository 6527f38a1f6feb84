// The black box of docs/spec/driver.md over the package, wherever JavaScript runs: a request in, an
// answer out. `hosts/` asks it.

import * as tipwire from "../../target/js/package/index.js";

class BadRequest extends Error {}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const METHODS = ["PUSH", "PULL", "PING", "ACK"];
const hex = (text) => {
  if (!/^([0-9a-f]{2})*$/.test(text)) throw new BadRequest();
  return Uint8Array.from(text.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16));
};
const number = (text) => {
  if (!/^-?[0-9]+$/.test(text)) throw new BadRequest();
  return Number(text);
};
// What not every language can hold is no number here.
const within = (least, value) => {
  if (value < least || value >= 2 ** 31) throw new BadRequest();
  return value;
};
const size = (text) => within(0, number(text));
const oneOf = (list, word) => {
  if (!list.includes(word)) throw new BadRequest();
  return word;
};
const toHex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

const requests = {
  uplink: { fields: 1, answer: ([frame]) => read(tipwire.parse(hex(frame))) },
  ack: { fields: 1, answer: ([frame]) => read(tipwire.parseAck(hex(frame))) },
  inner: {
    fields: 2,
    answer: ([method, frame]) => {
      oneOf(METHODS, method);
      const bytes = hex(frame);
      const json = tipwire.innerJSON(method, bytes);
      const read = tipwire.parseInner(method, bytes);
      return (read.variables?.length ?? 0) > 0
        ? `{"json":${json},"points":${tipwire.innerJSON(method, bytes, "points")}}`
        : `{"json":${json}}`;
    },
  },
  derive: {
    fields: 3,
    answer: ([token, serial, length]) => {
      const count = number(length);
      if (count < 0 || count > 32) throw new BadRequest();
      const auth = tipwire.authHash(token);
      const key = tipwire.deriveKey(token, serial);
      return JSON.stringify({
        auth,
        auth_a: tipwire.authHash(token, "A"),
        device: tipwire.deviceHash(serial),
        key: toHex(key.subarray(0, count)),
      });
    },
  },
  points: {
    fields: 3,
    answer: ([auth, serial, json]) => {
      let text;
      try {
        text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(hex(json));
      } catch (error) {
        if (error instanceof BadRequest) throw error;
        return '{"error":{"code":"invalid_payload"}}';
      }
      return JSON.stringify({ frame: tipwire.fromPoints({ auth, serial }, text) });
    },
  },
  split: {
    fields: 3,
    answer: ([rule, settings, chunks]) => {
      oneOf(["lines", "delimiter", "length_field", "length_prefixed", "json", "packets", "tagotip"], rule);
      const [told, parts] = [splitterSettings(settings), chunks.split(",").map(hex)];
      const splitter = new tipwire.Splitter(rule, told);
      const events = parts.flatMap((part) => splitter.push(part));
      const pending = splitter.pending;
      splitter.free();
      return JSON.stringify({
        events: events.map(({ message, error }) => (error ? { error: error.kind } : { message: toHex(message) })),
        pending,
      });
    },
  },
  seal: {
    fields: 8,
    answer: ([layout, cipher, method, token, serial, key, counter, inner]) => {
      oneOf(["current", "short"], layout);
      oneOf(["aes-128-ccm", "aes-128-gcm", "aes-256-ccm", "aes-256-gcm", "chacha20-poly1305"], cipher);
      oneOf(METHODS, method);
      const count = number(counter);
      if (count < 0 || count > 0xffffffff) throw new BadRequest();
      const text = hex(inner);
      const sealer = new tipwire.Sealer({ layout, cipher, token, serial, key: hex(key), counter: count });
      try {
        return JSON.stringify({ envelope: toHex(sealer.seal(method, text)) });
      } finally {
        sealer.free();
      }
    },
  },
  open: {
    fields: 3,
    answer: ([layout, key, envelope]) => {
      oneOf(["current", "short"], layout);
      const [keyBytes, bytes] = [hex(key), hex(envelope)];
      const { cipher } = tipwire.parseHeader(bytes, layout);
      const opener = new tipwire.Opener({ cipher, key: keyBytes });
      try {
        const { method, counter, auth, device, text } = opener.open(bytes, layout);
        return JSON.stringify({ cipher, method, counter, auth, device, inner: text });
      } finally {
        opener.free();
      }
    },
  },
  packet: {
    fields: 1,
    answer: ([bytes]) => {
      const { type, command, payload } = tipwire.parsePacket(hex(bytes));
      return JSON.stringify({ type, command, payload: toHex(payload) });
    },
  },
  thingsboard: {
    fields: 3,
    answer: ([name, settings, message]) => {
      oneOf(["text", "json", "binary"], name);
      const [settingsBytes, messageBytes] = [hex(settings), hex(message)];
      let text;
      try {
        text = decoder.decode(settingsBytes);
      } catch {
        return '{"error":{"code":"invalid_settings"}}';
      }
      const converter = new tipwire.thingsboard.Converter(name, text);
      try {
        return converter.convert(messageBytes);
      } finally {
        converter.free();
      }
    },
  },
};

function read(frame) {
  const json = tipwire.toJSON(frame);
  const points = (frame.variables?.length ?? 0) > 0 ? `,"points":${tipwire.toPointsJSON(frame)}` : "";
  return `{"json":${json}${points},"canonical":${JSON.stringify(tipwire.build(frame))}}`;
}

function splitterSettings(text) {
  const settings = {};
  // One ; may end the list.
  for (const word of text === "" ? [] : text.replace(/;$/, "").split(";")) {
    const [, key, value] = /^([a-z]+)=(.*)$/.exec(word) ?? [];
    switch (key) {
      case "delimiters":
        settings.delimiters = value.split(",").map(hex);
        break;
      case "strip":
        settings.strip = value === "true" ? true : value === "false" ? false : size(value);
        break;
      case "order":
        settings.order = oneOf(["big", "little"], value);
        break;
      case "max":
      case "offset":
      case "length":
        settings[key] = size(value);
        break;
      case "adjustment":
        settings[key] = within(-(2 ** 31), number(value));
        break;
      default:
        throw new BadRequest();
    }
  }
  return settings;
}

/** Requests whose errors are told by their code alone. */
const CODES = ["seal", "open", "split", "derive", "packet"];

function answer(line) {
  const [name, ...fields] = line.split("\t");
  const request = Object.hasOwn(requests, name) ? requests[name] : undefined;
  try {
    if (request === undefined || request.fields !== fields.length) throw new BadRequest();
    return request.answer(fields);
  } catch (error) {
    if (error instanceof BadRequest) return '{"error":{"code":"bad_request"}}';
    if (!(error instanceof tipwire.TipwireError)) throw error;
    const { code, at, point, field } = error;
    return JSON.stringify({ error: CODES.includes(name) ? { code } : { code, point, field, at } });
  }
}

/** The answer to a request, which ends without its LF. Not all of them are text. */
export function answerTo(line) {
  let text;
  try {
    text = decoder.decode(line);
  } catch {
    return '{"error":{"code":"bad_request"}}';
  }
  return answer(text);
}
