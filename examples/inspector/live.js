// What the gateway hears, while it hears it.

import { parse, points } from "/tipwire/index.js";
import { decode, decodeOther } from "./decode.js";
import { $, bytesOf, clock, hexOf, make, textOf } from "./page.js";

const MOST = 200;
const rows = $("rows");
let isPaused = false;

function show({ time, via, peer, device, bytes, inner, points: made, answer }) {
  const raw = bytesOf(bytes) ?? new Uint8Array();
  const isText = raw.length > 0 && raw.every((byte) => byte >= 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d);
  const text = isText ? textOf(raw).trimEnd() : hexOf(raw);
  const cells = [clock.format(time), via, device ?? "", "", answer].map((value) => make("td", { textContent: value }));
  cells[1].title = peer ?? "";
  cells[2].title = device ?? "";
  cells[3].className = "message";
  cells[3].append(make("code", { textContent: text }), make("small", { textContent: meaning(text, isText, inner, made) }));
  if (answer.includes("ERR") || (made && answer !== "")) cells[4].className = "bad";
  const row = make("tr", { tabIndex: 0 }, ...cells);
  row.onclick = () => {
    // What is no frame and no envelope, the gateway has read.
    if (made) {
      decodeOther(via, raw, made, answer);
    } else {
      $("input").value = text;
      decode();
    }
    $("decode-title").scrollIntoView({ block: "nearest" });
  };
  row.onkeydown = ({ key }) => key === "Enter" && row.onclick();
  rows.querySelector(".empty")?.remove();
  rows.prepend(row);
  while (rows.children.length > MOST) rows.lastElementChild.remove();
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

export function listen() {
  const events = new EventSource("/events");
  events.onmessage = ({ data }) => {
    if (!isPaused) show(JSON.parse(data));
  };
  // It begins with what was heard last, again.
  events.onopen = () => rows.querySelectorAll("tr:not(.empty)").forEach((row) => row.remove());
}

export function pause() {
  isPaused = !isPaused;
  $("pause").ariaPressed = String(isPaused);
  $("pause").firstChild.textContent = isPaused ? "Go on " : "Pause ";
}
$("pause").addEventListener("click", pause);
