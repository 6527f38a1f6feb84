// A frame built from a form.

import { ping, pull, push } from "/tipwire/index.js";
import { decode } from "./decode.js";
import { $, make, say } from "./page.js";

const form = $("build");
const TYPES = ["number", "string", "boolean", "location"];

export function addVariable(name = "", type = "number", value = "", unit = "") {
  const field = (label, properties) => make("input", { ariaLabel: label, placeholder: label, spellcheck: false, ...properties });
  const row = make(
    "div",
    { className: "variable" },
    field("name", { value: name, autocapitalize: "off" }),
    make("select", { ariaLabel: "type" }, ...TYPES.map((text) => make("option", { textContent: text, selected: text === type }))),
    field("value", { value }),
    field("unit", { value: unit }),
    make("button", { type: "button", textContent: "×", ariaLabel: "Remove", onclick: () => (row.remove(), build()) }),
  );
  $("variables").append(row);
  return row;
}

export function build() {
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
    say($("build-error"), error.message, "bad");
  }
  for (const row of $("variables").children) {
    const [, type, value, unit] = row.children;
    type.hidden = value.hidden = unit.hidden = method === "PULL";
    unit.disabled = type.value === "location";
    value.placeholder = { boolean: "true or false", location: "lat,lng,alt" }[type.value] ?? "value";
  }
  $("variables").hidden = $("add").hidden = method === "PING";
  $("copy").disabled = $("built").textContent === "";
}

function variableOf([name, type, value, unit]) {
  const variable = { name, type, unit: unit === "" || type === "location" ? undefined : unit };
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
  $("input").value = $("built").textContent;
  decode();
  await navigator.clipboard?.writeText($("input").value).catch(() => {});
});
