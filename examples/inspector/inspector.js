// The inspector: everything about bytes is the package's.

import { addVariable, build } from "./build.js";
import { decode } from "./decode.js";
import { refresh } from "./devices.js";
import { listen, pause } from "./live.js";
import { $ } from "./page.js";

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)) return;
  if (event.key === "/") {
    event.preventDefault();
    $("input").focus();
    $("input").select();
  }
  if (event.key === "p") pause();
});

$("input").value = "PUSH|!42|4deedd7bab8817ec|sensor-01|@1694567890000^batch_42{firmware=2.1}[temperature:=32.50#C;status=online;active?=true;position@=39.74,-104.99,305]";
addVariable("temperature", "number", "21.50", "C");
addVariable("status", "string", "on; line 1", "");
build();
decode();
listen();
refresh();
setInterval(refresh, 2000);
