// What the gateway hears, while it hears it.

import { parse, toJSON } from "/tipwire/index.js";
import { decode, decodeOther } from "./decode.js";
import { $, bytesOf, clock, hexOf, isText, make, readJSON, spoken, textOf } from "./page.js";

const MOST = 200;
const rows = $("rows");
let isPaused = false;

function show({ time, via, peer, device, bytes, inner, points, answer }) {
  const raw = bytesOf(bytes) ?? new Uint8Array();
  const text = isText(raw) ? textOf(raw).trimEnd() : hexOf(raw);
  // What is no frame and no envelope, the gateway has read.
  const made = points && readJSON(points);
  const cells = [clock.format(time), via, device ?? "", "", answer].map((value) => make("td", { textContent: value }));
  cells[1].title = peer ?? "";
  cells[2].title = device ?? "";
  cells[3].className = "message";
  cells[3].append(make("code", { textContent: text, className: isText(raw) ? "text" : "" }), make("small", { textContent: meaning(raw, text, inner, made) }));
  if (answer.includes("ERR") || (made && answer !== "")) cells[4].className = "bad";
  const row = make("tr", { tabIndex: 0 }, ...cells);
  row.onclick = () => {
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
function meaning(raw, text, inner, made) {
  try {
    const frame = inner ? readJSON(inner) : made || !isText(raw) ? {} : readJSON(toJSON(parse(text)));
    const list = made ?? frame.variables?.map((variable) => ({ ...variable, variable: variable.name })) ?? [];
    const shown = list.map(({ variable, value, unit }) => `${variable} = ${spoken(value)}${unit ? ` ${unit}` : ""}`);
    return (inner ? `sealed ${frame.method}: ` : "") + shown.join(", ");
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
