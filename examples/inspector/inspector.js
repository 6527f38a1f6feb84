// The inspector: everything about bytes is the package's.

import { innerJSON, Opener, parse, parseAck, parseHeader, ping, points, pull, push, stringIndex, toJSON } from "/tipwire/index.js";
import { fieldsOf, fieldsOfEnvelope } from "./fields.js";

const $ = (id) => document.getElementById(id);
const make = (tag, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};
const utf8 = new TextEncoder();
const hexOf = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
const bytesOf = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));

// ---- Decode

const input = $("input");
input.value = "PUSH|!42|4deedd7bab8817ec|sensor-01|@1694567890000^batch_42{firmware=2.1}[temperature:=32.50#C;status=online;active?=true;position@=39.74,-104.99,305]";

function decode() {
  const text = input.value;
  const hex = text.replace(/\s/g, "");
  if (hex.length >= 50 && hex.length % 2 === 0 && /^[0-9a-f]+$/i.test(hex)) return decodeBytes(bytesOf(hex));
  $("key-part").hidden = true;
  decodeText(text);
}

function decodeText(text) {
  try {
    const frame = text.startsWith("ACK") ? parseAck(text) : parse(text);
    say(`${frame.method}: ${summary(frame)}`, "good");
    show(fieldsOf(text, frame), (field) => text.slice(field.start, field.end));
    $("json").textContent = pretty(toJSON(frame));
  } catch (error) {
    if (error.at === undefined) throw error;
    const index = stringIndex(text, error.at);
    const end = index + (String.fromCodePoint(text.codePointAt(index) ?? 32).length);
    say(`${error.code} at byte ${error.at}: ${error.message}`, "bad");
    show(
      [
        { start: 0, end: index, name: "could be read" },
        { start: index, end, name: error.message, isWrong: true },
        { start: end, end: Math.max(end, text.length), name: "not looked at", isRest: true },
      ],
      (field) => text.slice(field.start, field.end) || (field.isWrong ? " " : ""),
    );
    $("json").textContent = "";
  }
}

function decodeBytes(bytes) {
  // A line as the live list has it, or a message with its length before it.
  if (bytes[0] > 0x40) return decodeText(new TextDecoder().decode(bytes));
  const isPrefixed = bytes[0] * 256 + bytes[1] === bytes.length - 2;
  const envelope = isPrefixed ? bytes.subarray(2) : bytes;
  $("key-part").hidden = false;
  const key = bytesOf($("key").value.replace(/\s/g, ""));
  const failures = [];
  for (const layout of ["current", "short"]) {
    try {
      const header = parseHeader(envelope, layout);
      const tag = header.cipher.endsWith("ccm") ? 8 : 16;
      let opened;
      if (key.length > 0) {
        const opener = new Opener({ cipher: header.cipher, key });
        try {
          opened = opener.parse(envelope, layout);
        } finally {
          opener.free();
        }
      } else if (layout === "short") {
        continue;
      }
      const shift = bytes.length - envelope.length;
      const fields = fieldsOfEnvelope(envelope.length, header, tag).map(({ start, end, name }) => ({ start: start + shift, end: end + shift, name }));
      if (shift > 0) fields.unshift({ start: 0, end: shift, name: "length of the message" });
      show(fields, (field) => hexOf(bytes.subarray(field.start, field.end)) + " ");
      say(opened ? `${header.method} in an envelope: ${summary(opened.frame)}` : `An envelope: ${header.method}, ${header.cipher}, counter ${header.counter}. Its key opens it.`, "good");
      $("json").textContent = opened ? `${opened.text}\n\n${pretty(innerJSON(opened.method, opened.text))}` : "";
      return;
    } catch (error) {
      failures.push(error);
    }
  }
  say(failures[0].message, "bad");
  show([{ start: 0, end: bytes.length, name: failures[0].message, isRest: true }], () => hexOf(bytes));
  $("json").textContent = "";
}

function summary(frame) {
  const count = (list, one) => `${list.length} ${one}${list.length === 1 ? "" : "s"}`;
  if (frame.method === "ACK") return [frame.status, frame.command ?? frame.error ?? frame.countText ?? frame.count ?? ""].join(" ");
  if (frame.method === "PULL") return `${count(frame.names, "variable")} of ${frame.serial}`;
  if (frame.method === "PING") return frame.serial;
  return frame.raw ? `${frame.raw.encoding} of ${frame.serial}` : `${count(frame.variables, "variable")} of ${frame.serial}`;
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

function say(text, kind) {
  $("verdict").textContent = text;
  $("verdict").className = kind;
}

const HINT = $("field").textContent;
let current;
function show(fields, textOf) {
  let hue = 0;
  const spans = fields.filter(({ start, end, isWrong }) => end > start || isWrong).map((field) => {
    const span = make("span", { textContent: textOf(field), tabIndex: -1 });
    span.field = field;
    if (field.isMark) span.className = "mark";
    else if (field.isWrong) span.className = "wrong";
    else if (field.isRest) span.className = "rest";
    else span.style.setProperty("--hue", `hsl(${(hue++ * 67 + 210) % 360} 60% 52%)`);
    return span;
  });
  $("bytes").replaceChildren(...spans);
  const first = spans.find((span) => span.field.isWrong) ?? spans[0];
  if (first) first.tabIndex = 0;
  current = undefined;
  if (first?.field.isWrong) choose(first);
  else $("field").textContent = HINT;
}

function choose(span) {
  current?.removeAttribute("aria-current");
  current = span;
  span.setAttribute("aria-current", "true");
  const { start, end, name, isMark } = span.field;
  const isText = !/^[0-9a-f]{2}( [0-9a-f]{2})* $/.test(span.textContent);
  const bytes = isText ? hexOf(utf8.encode(input.value.slice(start, end))) : span.textContent.trim();
  const before = isText ? utf8.encode(input.value.slice(0, start)).length : start;
  const size = bytes === "" ? 0 : bytes.split(" ").length;
  const where = size === 1 ? `byte ${before}` : `bytes ${before} to ${before + Math.max(size - 1, 0)}`;
  $("field").replaceChildren(make("b", { textContent: isMark ? `mark of the grammar: ${span.textContent}` : name }), `, ${size === 0 ? `byte ${before}: the end` : where}`, make("br"), make("code", { textContent: bytes }));
}

$("bytes").addEventListener("pointerover", ({ target }) => target.field && choose(target));
$("bytes").addEventListener("click", ({ target }) => target.field && choose(target));
$("bytes").addEventListener("focusin", ({ target }) => target.field && choose(target));
$("bytes").addEventListener("keydown", (event) => {
  const step = { ArrowRight: "nextElementSibling", ArrowLeft: "previousElementSibling" }[event.key];
  const next = step && (current ?? event.target)[step];
  if (next) {
    event.preventDefault();
    next.focus();
  }
});
input.addEventListener("input", decode);
$("key").addEventListener("input", decode);

// ---- Build

const form = $("build");
const TYPES = ["number", "string", "boolean", "location"];

function addVariable(name = "", type = "number", value = "", unit = "") {
  const field = (label, properties) => make("input", { ariaLabel: label, placeholder: label, spellcheck: false, ...properties });
  const row = make(
    "div",
    { className: "variable" },
    field("name", { value: name }),
    make("select", { ariaLabel: "type" }, ...TYPES.map((text) => make("option", { textContent: text, selected: text === type }))),
    field("value", { value }),
    field("unit", { value: unit }),
    make("button", { type: "button", textContent: "×", ariaLabel: "Remove", onclick: () => (row.remove(), build()) }),
  );
  $("variables").append(row);
  return row;
}

function build() {
  const { method, seq, auth, serial } = Object.fromEntries(new FormData(form));
  const head = { auth, serial, seq: seq === "" ? undefined : Number(seq) };
  const rows = [...$("variables").children].map((row) => [...row.children].map((field) => field.value));
  try {
    let line;
    if (method === "PING") line = ping(head);
    else if (method === "PULL") line = pull({ ...head, names: rows.map(([name]) => name) });
    else line = push({ ...head, variables: rows.map(variableOf) });
    $("built").textContent = line.trimEnd();
    $("build-error").textContent = "";
  } catch (error) {
    $("built").textContent = "";
    $("build-error").textContent = error.message;
    $("build-error").className = "bad";
  }
  for (const row of $("variables").children) {
    const [, type, value, unit] = row.children;
    type.hidden = value.hidden = unit.hidden = method === "PULL";
  }
  $("variables").hidden = $("add").hidden = method === "PING";
}

function variableOf([name, type, value, unit]) {
  const variable = { name, type, unit: unit === "" ? undefined : unit };
  if (type === "boolean") return { ...variable, value: value.trim() !== "false" };
  if (type !== "location") return { ...variable, value };
  const [lat, lng, alt] = value.split(",").map(Number);
  return { ...variable, value: { lat, lng, alt, text: value } };
}

form.addEventListener("input", build);
form.addEventListener("submit", (event) => event.preventDefault());
$("add").addEventListener("click", () => {
  addVariable().firstElementChild.focus();
  build();
});
$("copy").addEventListener("click", async () => {
  input.value = $("built").textContent;
  decode();
  await navigator.clipboard?.writeText(input.value).catch(() => {});
});

// ---- Live

const rows = $("rows");
let isPaused = false;
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });

function live({ time, via, peer, device, bytes, inner, points: made, answer }) {
  const raw = bytesOf(bytes);
  const isText = raw.every((byte) => byte >= 0x20 || byte === 0x0a || byte === 0x0d) && raw[0] > 0x40;
  const text = isText ? new TextDecoder().decode(raw).trimEnd() : hexOf(raw);
  const cells = [clock.format(time), via, device ?? "", "", answer].map((value) => make("td", { textContent: value }));
  cells[1].title = peer ?? "";
  cells[3].className = "message";
  cells[3].append(text, make("small", { textContent: meaning(text, isText, inner, made) }));
  if (answer.includes("ERR")) cells[4].className = "bad";
  const row = make("tr", { tabIndex: 0 }, ...cells);
  row.onclick = () => {
    input.value = isText ? text : bytes;
    decode();
    input.scrollIntoView({ block: "nearest" });
  };
  row.onkeydown = ({ key }) => key === "Enter" && row.onclick();
  rows.querySelector(".empty")?.remove();
  rows.prepend(row);
  while (rows.children.length > 200) rows.lastElementChild.remove();
}

/** The data points, in short. */
function meaning(text, isText, inner, made) {
  try {
    const list = made ?? (inner ? inner.variables?.map((one) => ({ ...one, variable: one.name })) : isText ? points(parse(text)) : undefined) ?? [];
    const shown = list.map((point) => `${point.variable} = ${typeof point.value === "object" ? JSON.stringify(point.value) : (point.text ?? point.value)}${point.unit ? ` ${point.unit}` : ""}`);
    return (inner ? `sealed ${inner.method}: ` : "") + shown.join(", ");
  } catch (error) {
    return error.message;
  }
}

function listen() {
  const events = new EventSource("/events");
  events.onmessage = ({ data }) => {
    if (!isPaused) live(JSON.parse(data));
  };
  events.onopen = () => rows.querySelectorAll("tr:not(.empty)").forEach((row) => row.remove());
}

function pause() {
  isPaused = !isPaused;
  $("pause").ariaPressed = String(isPaused);
  $("pause").firstChild.textContent = isPaused ? "Go on " : "Pause ";
}
$("pause").addEventListener("click", pause);

// ---- Devices, chart, commands

async function refresh() {
  try {
    const state = await (await fetch("/api/state")).json();
    const number = (value) => value.toLocaleString();
    $("counts").textContent = `${number(state.connections)} connections · ${number(state.messages)} messages · ${number(state.points)} points`;
    const names = state.devices.map((device) => device.serial);
    fill($("device"), names, names);
    const labels = state.devices.map(({ serial, connected, commands }) => serial + (connected ? " (connected)" : "") + (commands > 0 ? `, ${commands} waiting` : ""));
    fill($("target"), names, labels);
    await chart();
  } catch {
    $("counts").textContent = "the gateway does not answer";
  }
}

function fill(select, values, labels) {
  const chosen = select.value;
  const known = [...select.options].map((option) => option.value + option.textContent).join("\n");
  if (known === values.map((value, n) => value + labels[n]).join("\n") || document.activeElement === select) return;
  select.replaceChildren(...values.map((value, n) => make("option", { value, textContent: labels[n] })));
  if (values.includes(chosen)) select.value = chosen;
}

async function chart() {
  const device = $("device").value;
  if (!device) return;
  const ask = async (query) => (await fetch(`/api/points?${new URLSearchParams(query)}`)).json();
  const names = await ask({ device });
  fill($("variable"), names, names);
  const variable = $("variable").value;
  if (!variable) return $("chart").replaceChildren();
  const values = (await ask({ device, variable }))
    .map(({ time, point }) => ({ time, value: typeof point.value === "boolean" ? Number(point.value) : point.value, unit: point.unit }))
    .filter(({ value }) => typeof value === "number");
  draw(variable, values);
}

function draw(variable, values) {
  const svg = (tag, attributes, text = "") => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.textContent = text;
    return element;
  };
  if (values.length === 0) return $("chart").replaceChildren(svg("text", { x: 20, y: 30 }, `${variable} has no numbers`));
  const range = (list) => [Math.min(...list), Math.max(...list)];
  const [left, right] = range(values.map(({ time }) => time));
  let [low, high] = range(values.map(({ value }) => value));
  if (low === high) [low, high] = [low - 1, high + 1];
  const x = (time) => (right === left ? 340 : 60 + ((time - left) / (right - left)) * 560);
  const y = (value) => 205 - ((value - low) / (high - low)) * 180;
  const path = values.map(({ time, value }, n) => `${n === 0 ? "M" : "L"}${x(time).toFixed(1)} ${y(value).toFixed(1)}`).join("");
  const last = values[values.length - 1];
  const marks = [low, (low + high) / 2, high].flatMap((value) => [
    svg("line", { x1: 60, x2: 620, y1: y(value), y2: y(value) }),
    svg("text", { x: 54, y: y(value) + 4, "text-anchor": "end" }, Number(value.toPrecision(4)).toString()),
  ]);
  $("chart").replaceChildren(
    ...marks,
    svg("path", { d: path }),
    ...(values.length > 60 ? [last] : values).map(({ time, value }) => svg("circle", { cx: x(time), cy: y(value), r: 3 })),
    svg("text", { x: 60, y: 230 }, clock.format(left)),
    svg("text", { x: 620, y: 230, "text-anchor": "end" }, `${clock.format(right)}  ·  ${variable} = ${last.value}${last.unit ? ` ${last.unit}` : ""}`),
  );
}
$("device").addEventListener("change", chart);
$("variable").addEventListener("change", chart);

$("command").addEventListener("submit", async (event) => {
  event.preventDefault();
  const { device, text } = Object.fromEntries(new FormData(event.target));
  const answer = await fetch("/api/command", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ device: device ?? "", text }) });
  $("sent").textContent = answer.ok ? `“${text}” is on its way to ${device}.` : await answer.text();
  $("sent").className = answer.ok ? "good" : "bad";
  if (answer.ok) event.target.elements.text.value = "";
  refresh();
});

// ---- Keys, and the start

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)) return;
  if (event.key === "/") {
    event.preventDefault();
    input.focus();
    input.select();
  }
  if (event.key === "p") pause();
});

addVariable("temperature", "number", "21.50", "C");
addVariable("status", "string", "on; line 1", "");
build();
decode();
listen();
refresh();
setInterval(refresh, 2000);
