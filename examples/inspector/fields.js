// Which bytes of a text mean what. The core has read the text: what is looked for here is known to be
// there, in this order, and only its place is found.

/** Places in `text`: `{start, end, name, value}`, one after the other, covering all of it. */
export function fieldsOf(text, frame) {
  const walk = new Walk(text);
  walk.find(frame.method, "method");
  if (frame.seq !== undefined) walk.find(`!${frame.seq}`, "sequence counter");
  if (frame.method === "ACK") {
    answer(walk, frame);
  } else {
    if (frame.auth) walk.find(frame.auth, frame.auth.startsWith("at") ? "token" : "authorization hash");
    walk.find(frame.serial, "serial");
    if (frame.method === "PUSH") body(walk, frame);
    if (frame.method === "PULL") frame.names.forEach((name) => walk.find(name, "variable asked for"));
  }
  return walk.done();
}

function answer(walk, { status, count, variables, command, error, text }) {
  walk.find(status, "status");
  if (variables) variables.forEach((variable) => oneOf(walk, variable));
  else if (count !== undefined) walk.rest("points stored");
  else if (command !== undefined) walk.rest("command");
  else if (error !== undefined) walk.rest("error code");
  else if (text !== undefined) walk.rest("text");
}

function body(walk, frame) {
  if (frame.raw) {
    walk.find(frame.raw.encoding === "hex" ? ">x" : ">b", "encoding of what follows");
    walk.find(frame.raw.data, `bytes in ${frame.raw.encoding}`);
    return;
  }
  modifiers(walk, frame, "of all: ");
  frame.variables.forEach((variable) => oneOf(walk, variable));
}

function oneOf(walk, variable) {
  const { name, type, value, text, unit } = variable;
  walk.find(name, "variable");
  if (type === "number") walk.find(text, `number of ${name}`);
  if (type === "boolean") walk.find(String(value), `boolean of ${name}`);
  if (type === "location") walk.find(value.text, `location of ${name}`);
  if (type === "string") walk.text(`text of ${name}`, "#@^{;]");
  if (unit !== undefined) walk.after("#", unit, `unit of ${name}`);
  modifiers(walk, type === "location" ? { ...variable, location: undefined } : variable, `${name}: `);
}

/** What stands in another order in older revisions. */
function modifiers(walk, { location, time, timeText, group, metadata }, of) {
  const left = [];
  if (location) left.push(["@=", location.text, "location"]);
  if (time !== undefined) left.push(["@", timeText ?? String(time), "time"]);
  if (group !== undefined) left.push(["^", group, "group"]);
  while (left.length > 0) {
    const places = left.map(([mark, value]) => walk.place(mark, value));
    const first = places.indexOf(Math.min(...places));
    const [mark, value, name] = left.splice(first, 1)[0];
    walk.after(mark, value, of + name);
  }
  if (!metadata) return;
  for (let more = walk.skip("{"); more; more = walk.next() === ",") {
    const key = walk.until("=,}");
    walk.add(key, `${of}metadata key`);
    if (walk.skip("=")) walk.text(`${of}metadata`, ",}");
  }
}

class Walk {
  fields = [];
  at = 0;
  constructor(text) {
    this.source = text;
  }
  place(mark, value) {
    // Time may have zeros before its digits.
    const found = this.source.slice(this.at).search(new RegExp(escape(mark) + "0*" + escape(value)));
    return found < 0 ? Infinity : this.at + found;
  }
  find(value, name) {
    const start = this.source.indexOf(value, this.at);
    if (start < 0) return;
    this.gap(start);
    this.add(value, name);
  }
  after(mark, value, name) {
    const start = this.place(mark, value);
    if (start === Infinity) return;
    this.gap(start + mark.length);
    this.add(this.source.slice(this.at).match(new RegExp("^0*" + escape(value)))[0], name);
  }
  /** Text with escapes, up to a bare one of `ends`, with the marks before it. */
  text(name, ends) {
    const marks = this.source.slice(this.at).match(/^[:=?@]*=?/)[0];
    if (ends.includes("#")) this.gap(this.at + marks.length);
    this.add(this.until(ends), name);
  }
  until(ends) {
    let end = this.at;
    while (end < this.source.length && !ends.includes(this.source[end])) {
      end += this.source[end] === "\\" ? 2 : 1;
    }
    return this.source.slice(this.at, end);
  }
  next() {
    const mark = this.source[this.at];
    if (mark === ",") this.gap(this.at + 1);
    return mark;
  }
  skip(mark) {
    const start = this.source.indexOf(mark, this.at);
    if (start < 0) return false;
    this.gap(start + 1);
    return true;
  }
  rest(name) {
    const end = this.source.replace(/\r?\n$/, "").length;
    this.gap(this.source.indexOf("|", this.at) + 1);
    this.add(this.source.slice(this.at, end), name);
  }
  add(value, name) {
    this.fields.push({ start: this.at, end: this.at + value.length, name });
    this.at += value.length;
  }
  /** What stands between fields: marks of the grammar. */
  gap(end) {
    if (end > this.at) this.fields.push({ start: this.at, end, name: "mark", isMark: true });
    this.at = end;
  }
  done() {
    this.gap(this.source.length);
    return this.fields;
  }
}

const escape = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** Which bytes of an envelope mean what. */
export function fieldsOfEnvelope(length, header, tag) {
  const parts = [
    [1, `flags: ${header.cipher}, ${header.method}`],
    [4, `counter: ${header.counter}`],
    [8, "authorization hash"],
    [header.device.length / 2, "device hash"],
  ];
  const fields = [];
  let at = 0;
  for (const [size, name] of parts) {
    fields.push({ start: at, end: at + size, name });
    at += size;
  }
  fields.push({ start: at, end: length - tag, name: "ciphertext" });
  fields.push({ start: length - tag, end: length, name: "tag: vouches for all of it" });
  return fields.filter(({ start, end }) => end > start);
}
