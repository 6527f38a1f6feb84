// The devices: a chart of what one said, and commands to them.

import { findSerialsBy } from "./decode.js";
import { $, clock, count, make, readJSON, say, spoken } from "./page.js";

let serials = [];
findSerialsBy(() => [...serials, $("build").elements.serial.value]);

export async function refresh() {
  try {
    const state = await (await fetch("/api/state")).json();
    $("counts").textContent = [count(state.connections, "connection"), count(state.messages, "message"), count(state.points, "point")].join(" · ");
    serials = state.devices.map((device) => device.serial);
    fill($("device"), serials, serials);
    const labels = state.devices.map(({ serial, connected, commands }) => serial + (connected ? " (connected)" : "") + (commands > 0 ? `, ${commands} waiting` : ""));
    fill($("target"), serials, labels);
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
  const ask = async (query) => readJSON(await (await fetch(`/api/points?${new URLSearchParams(query)}`)).text());
  const names = await ask({ device });
  fill($("variable"), names, names);
  const variable = $("variable").value;
  if (!variable) return $("chart").replaceChildren(svg("text", { x: 20, y: 30 }, `${device} has told nothing yet`));
  const values = (await ask({ device, variable }))
    .filter(({ point: { value } }) => value?.digits !== undefined || typeof value === "boolean")
    .map(({ time, point: { value, unit } }) => ({ time: Number(time.digits), value: Number(value.digits ?? value), said: spoken(value), unit }));
  draw(variable, values);
}

function svg(tag, attributes, text = "") {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.textContent = text;
  return element;
}

/** From 2 to 6 numbers that people would write at an axis, around these two. */
function ticks(low, high) {
  const rough = (high - low) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((times) => times * power).find((step) => step >= rough);
  const first = Math.floor(low / step);
  const places = Math.min(Math.max(-Math.floor(Math.log10(step)), 0), 20);
  const many = Math.ceil(high / step) - first;
  return Array.from({ length: many + 1 }, (_, n) => Number(((first + n) * step).toFixed(places)));
}

const LEFT = 60;
const RIGHT = 620;
const TOP = 20;
const BOTTOM = 205;

function draw(variable, values) {
  if (values.length === 0) return $("chart").replaceChildren(svg("text", { x: 20, y: 30 }, `${variable} has no numbers`));
  const range = (list) => [Math.min(...list), Math.max(...list)];
  const [from, to] = range(values.map(({ time }) => time));
  let [low, high] = range(values.map(({ value }) => value));
  // One value, or several that are nearly the same, are in the middle.
  const margin = Math.max(1, Math.abs(high) * 1e-9);
  if (high - low <= Math.abs(high) * 1e-9) [low, high] = [low - margin, high + margin];
  const lines = ticks(low, high);
  const [bottom, top] = [lines[0], lines.at(-1)];
  const x = (time) => (to === from ? (LEFT + RIGHT) / 2 : LEFT + ((time - from) / (to - from)) * (RIGHT - LEFT));
  const y = (value) => BOTTOM - ((value - bottom) / (top - bottom)) * (BOTTOM - TOP);
  const path = values.map(({ time, value }, n) => `${n === 0 ? "M" : "L"}${x(time).toFixed(1)} ${y(value).toFixed(1)}`).join("");
  const last = values.at(-1);
  const marks = lines.flatMap((value) => [
    svg("line", { x1: LEFT, x2: RIGHT, y1: y(value), y2: y(value) }),
    svg("text", { x: LEFT - 6, y: y(value) + 4, "text-anchor": "end" }, String(value)),
  ]);
  const shown = `${variable} = ${last.said}${last.unit ? ` ${last.unit}` : ""}`;
  $("chart").setAttribute("aria-label", `The last ${count(values.length, "value")}; ${shown}`);
  $("chart").replaceChildren(
    ...marks,
    svg("path", { d: path }),
    ...(values.length > 60 ? [last] : values).map(({ time, value }) => svg("circle", { cx: x(time), cy: y(value), r: 3 })),
    svg("text", { x: LEFT, y: BOTTOM + 25 }, to === from ? "" : clock.format(from)),
    svg("text", { x: RIGHT, y: BOTTOM + 25, "text-anchor": "end" }, `${clock.format(to)}  ·  ${shown}`),
  );
}
$("device").addEventListener("change", chart);
$("variable").addEventListener("change", chart);

$("command").addEventListener("submit", async (event) => {
  event.preventDefault();
  const { device, text } = Object.fromEntries(new FormData(event.target));
  if (!device) return say($("sent"), "No device has been heard yet.", "bad");
  try {
    const answer = await fetch("/api/command", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ device, text }) });
    if (answer.ok) event.target.elements.text.value = "";
    say($("sent"), answer.ok ? `“${text}” is on its way to ${device}.` : await answer.text(), answer.ok ? "good" : "bad");
  } catch {
    say($("sent"), "The gateway does not answer.", "bad");
  }
  refresh();
});
