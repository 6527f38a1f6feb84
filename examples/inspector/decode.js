// A message, and which bytes of it are what. The package says that; this shows it.

import { explain, innerJSON, isOf, Opener, parse, parseAck, parseHeader, parseInner, Splitter, stringIndex, toJSON } from "/tipwire/index.js";
import { $, bytesOf, count, hexOf, isText, make, say, textOf, utf8, writeJSON } from "./page.js";

const input = $("input");

/** What the names of parts mean to a person, where they do not say it themselves. */
const LABELS = {
  mark: "mark of the grammar",
  line_ending: "line ending",
  seq: "sequence counter",
  auth: "authorization",
  lat: "latitude",
  lng: "longitude",
  alt: "altitude",
  operator: "type of value",
  data: "passthrough data",
  count: "points stored",
  error: "error code",
  flags: "flags: cipher and method",
  auth_hash: "authorization hash",
  device: "device hash",
  tag: "tag: vouches for all of it",
  length: "length of the message",
};

/** Shorter texts of these digits are words that somebody is typing. */
const SHORTEST_HEX = 8;

export function decode() {
  const bytes = input.value.length >= SHORTEST_HEX ? bytesOf(input.value) : undefined;
  const message = bytes && messageOf(bytes);
  if (message && explain(message).type === "envelope") return decodeEnvelope(bytes, message);
  $("key-part").hidden = true;
  decodeText(bytes ? textOf(bytes) : input.value);
}

function decodeText(text) {
  const { spans, error } = explain(text);
  const view = { source: text, fields: fieldsOf(spans) };
  if (error) {
    view.fields = upTo(view.fields, stringIndex(text, error.at), error, text);
    return finish([view], `${error.code}: ${error.message}`, "bad");
  }
  const frame = spans[0].text === "ACK" ? parseAck(text) : parse(text);
  finish([view], `${frame.method}: ${summary(frame)}`, "good", toJSON(frame));
}

function decodeEnvelope(bytes, message) {
  $("key-part").hidden = false;
  const secret = $("key").value.trim();
  const opened = secret === "" ? undefined : openWith(secret, message);
  const { spans, error } = explain(message, { layout: opened?.layout ?? "current" });
  const shift = bytes.length - message.length;
  const fields = fieldsOf(spans).map((field) => ({ ...field, start: field.start + shift, end: field.end + shift }));
  if (shift > 0) fields.unshift({ name: "length", start: 0, end: shift, of: [] });
  const outside = { source: bytes, fields: error ? upTo(fields, error.at + shift, error, bytes) : fields };
  if (error) return finish([outside], `${error.code}: ${error.message}`, "bad");
  if (!opened) {
    const { method, cipher, counter } = parseHeader(message);
    const what = `An envelope: ${method}, ${cipher}, counter ${counter}.`;
    if (secret === "") return finish([outside], `${what} Its key opens it, or its token.`, "good");
    return finish([outside], `${what} This does not open it.`, "bad");
  }
  const { method, text } = opened;
  const read = explain(text, { inner: method });
  const inside = { source: text, fields: fieldsOf(read.spans), title: "Inside" };
  if (read.error) {
    inside.fields = upTo(inside.fields, stringIndex(text, read.error.at), read.error, text);
    return finish([outside, inside], `${method} in an envelope, ${read.error.code} in its text: ${read.error.message}`, "bad");
  }
  finish([outside, inside], `${method} in an envelope: ${summary(parseInner(method, text))}`, "good", innerJSON(method, text));
}

/** A message of another protocol, of which the gateway says what it means. */
export function decodeOther(via, bytes, points, problem) {
  $("key-part").hidden = true;
  const source = isText(bytes) ? textOf(bytes) : bytes;
  input.value = isText(bytes) ? source : hexOf(bytes);
  const fields = source.length > 0 ? [{ name: `message of ${via}`, start: 0, end: source.length, of: [] }] : [];
  const verdict = problem === "" ? `${via}: ${count(points.length, "point")}` : `${via}: ${problem}`;
  finish([{ source, fields }], verdict, problem === "" ? "good" : "bad", points.length > 0 ? writeJSON(points) : "");
}

/** The one message that these bytes are on a connection, without its length; else the bytes. */
function messageOf(bytes) {
  const splitter = new Splitter("tagotip");
  try {
    const [first, ...more] = splitter.push(bytes);
    return first?.message?.length > 0 && more.length === 0 && splitter.pending === 0 ? first.message : bytes;
  } finally {
    splitter.free();
  }
}

let knownSerials = () => [];
/** Serials whose keys may be derived from a token. */
export const findSerialsBy = (find) => (knownSerials = find);

/** Opens an envelope with a key in hex, or with a token; `undefined` if that does not open it. */
function openWith(secret, envelope) {
  for (const layout of ["current", "short"]) {
    try {
      const { cipher } = parseHeader(envelope, layout);
      const serials = [$("key-serial").value.trim(), ...knownSerials()].filter((serial) => serial !== "" && isOf(envelope, serial, layout));
      const key = bytesOf(secret);
      const ways = key ? [{ cipher, key }] : serials.map((serial) => ({ cipher, token: secret, serial }));
      for (const way of ways) {
        const opened = openSo(way, envelope, layout);
        if (opened) return { ...opened, layout };
      }
    } catch (error) {
      // No such layout, no token, no serial: the other layout may do.
      if (error.kind === undefined) throw error;
    }
  }
}

function openSo(settings, envelope, layout) {
  try {
    const opener = new Opener(settings);
    try {
      return opener.open(envelope, layout);
    } finally {
      opener.free();
    }
  } catch (error) {
    if (error.kind === undefined) throw error;
  }
}

/** The parts that have no parts themselves, each with the names of what it is a part of. */
function fieldsOf(spans) {
  const fields = [];
  for (const span of spans) {
    const parts = fields.filter(({ start, depth }) => start >= span.start && depth > span.depth);
    if (parts.length === 0) {
      fields.push({ ...span, of: [] });
      continue;
    }
    const own = parts.find(({ name, depth }) => name === "name" && depth === span.depth + 1);
    const name = own ? `${span.name} ${own.text}` : span.name;
    for (const part of parts) part.of.push(name);
  }
  return fields;
}

/** The fields before an error, what is left before it, where it is, and the rest. */
function upTo(fields, at, error, source) {
  const read = fields.filter(({ end }) => end <= at);
  const start = read.at(-1)?.end ?? 0;
  const character = typeof source === "string" ? String.fromCodePoint(source.codePointAt(at) ?? 32).length : 1;
  const end = Math.min(at + character, Math.max(source.length, at));
  const rest = [
    { name: "could be read", start, end: at, of: [], kind: "rest" },
    { name: error.message, start: at, end, of: [], kind: "wrong" },
    { name: "not looked at", start: end, end: source.length, of: [], kind: "rest" },
  ];
  return [...read, ...rest.filter((field) => field.end > field.start || field.kind === "wrong")];
}

function summary(frame) {
  if (frame.method === "ACK") return [frame.status, frame.command ?? frame.error ?? frame.countText ?? frame.count ?? ""].join(" ");
  if (frame.method === "PULL") return `${count(frame.names.length, "variable")} of ${frame.serial}`;
  if (frame.method === "PING") return frame.serial;
  return frame.raw ? `${frame.raw.encoding} of ${frame.serial}` : `${count(frame.variables.length, "variable")} of ${frame.serial}`;
}

/** JSON with line breaks, its digits as they are. */
function pretty(json) {
  let depth = 0;
  return json.replace(/"(?:[^"\\]|\\.)*"|[{}[\],:]/g, (token) => {
    if (token === "{" || token === "[") return `${token}\n${"  ".repeat(++depth)}`;
    if (token === "}" || token === "]") return `\n${"  ".repeat(--depth)}${token}`;
    if (token === ",") return `,\n${"  ".repeat(depth)}`;
    return token === ":" ? ": " : token;
  });
}

const HINT = $("field").textContent;
let current;

/** Shows a message, and perhaps what is inside it. */
function finish(views, verdict, kind, json = "") {
  say($("verdict"), verdict, kind);
  $("json").textContent = pretty(json);
  $("bytes").replaceChildren(...views.map(shown));
  current = undefined;
  const wrong = $("bytes").querySelector(".wrong");
  const first = wrong ?? $("bytes").querySelector("span");
  if (first) first.tabIndex = 0;
  if (wrong) choose(wrong);
  else $("field").textContent = HINT;
}

function shown({ source, fields, title = "" }) {
  let hue = 0;
  const spans = fields.map((field) => {
    const part = source.slice(field.start, field.end);
    const text = typeof part === "string" ? visible(part) : `${hexOf(part)} `;
    const span = make("span", { textContent: text, tabIndex: -1, className: field.kind ?? (field.name === "mark" || field.name === "line_ending" ? "mark" : "") });
    if (typeof part === "string") span.classList.add("text");
    if (field.kind === undefined && !span.classList.contains("mark")) span.style.setProperty("--hue", `hsl(${(hue++ * 67 + 210) % 360} 60% 52%)`);
    span.field = { ...field, source };
    return span;
  });
  return make("div", { className: "bytes" }, ...(title ? [make("small", { textContent: title })] : []), ...spans);
}

/** Characters that cannot be seen, as signs that stand for them. */
function visible(text) {
  const sign = (char) => String.fromCodePoint(char === "\x7f" ? 0x2421 : 0x2400 + char.charCodeAt(0));
  return text === "" ? " " : text.replace(/[\x00-\x1f\x7f]/g, sign);
}

function choose(span) {
  current?.removeAttribute("aria-current");
  current = span;
  span.setAttribute("aria-current", "true");
  const { start, end, name, of, source, text, kind } = span.field;
  const bytesIn = (part) => (typeof part === "string" ? utf8(part) : part);
  const part = source.slice(start, end);
  const bytes = bytesIn(part);
  const first = bytesIn(source.slice(0, start)).length;
  const place = { 0: `byte ${first}: the end`, 1: `byte ${first}` }[bytes.length] ?? `bytes ${first} to ${first + bytes.length - 1}`;
  const label = name === "auth" && typeof source !== "string" ? LABELS.auth_hash : (LABELS[name] ?? name);
  const says = text !== undefined && text !== part ? [make("br"), "says ", make("code", { textContent: text })] : [];
  $("field").replaceChildren(make("b", { textContent: [label, ...of].join(" of ") }), kind === "wrong" ? "" : `, ${place}`, ...says, make("br"), make("code", { className: "hex", textContent: hexOf(bytes) }));
}

for (const event of ["pointerover", "click", "focusin"]) {
  $("bytes").addEventListener(event, ({ target }) => target.field && choose(target));
}
$("bytes").addEventListener("keydown", (event) => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  const spans = [...$("bytes").querySelectorAll("span")];
  const next = step && spans[spans.indexOf(current ?? event.target) + step];
  if (next) {
    event.preventDefault();
    next.focus();
  }
});
for (const id of ["input", "key", "key-serial"]) $(id).addEventListener("input", decode);
