// Drives the page in a headless Chromium: node page.mjs ADDRESS TAGOTIP-ADDRESS FOLDER
//
// Whatever is wrong ends it with an error; screenshots for looking at are left in FOLDER.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const [address, tagotip, folder] = process.argv.slice(2);
const require = createRequire(join(process.env.NPM_FOLDER, "package.json"));
const { chromium } = require("playwright-core");

const AUTH = "4deedd7bab8817ec";
const ENVELOPE = "000000002a4deedd7bab8817ecab7788d22eb7372fc8c5aa56d755582bacea13bb572493bb8cb10803cf826fdb833b79c6";

/** A device that stays connected. */
function device() {
  const [host, port] = tagotip.split(":");
  const socket = connect(Number(port), host).setEncoding("utf8");
  let heard = "";
  const waiting = [];
  socket.on("data", (text) => {
    heard += text;
    for (let end = heard.indexOf("\n"); end >= 0 && waiting.length > 0; end = heard.indexOf("\n")) {
      waiting.shift()(heard.slice(0, end));
      heard = heard.slice(end + 1);
    }
  });
  const next = () => new Promise((resolve) => (waiting.push(resolve), socket.emit("data", "")));
  return { say: (line) => (socket.write(`${line}\n`), next()), next, end: () => socket.destroy() };
}

const profile = mkdtempSync(join(tmpdir(), "tipwire-page-"));
const browser = await chromium.launchPersistentContext(profile, {
  executablePath: "/usr/bin/chromium",
  headless: true,
  viewport: { width: 1200, height: 1000 },
  colorScheme: "light",
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
const page = await browser.newPage();
const problems = [];
page.on("pageerror", (error) => problems.push(String(error)));
page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
page.on("request", (request) => {
  const { host, protocol } = new URL(request.url());
  if (protocol !== "data:") assert.equal(host, address, "the page asks nobody else");
});

const text = (selector) => page.locator(selector).innerText();
const until = async (what, isSo) => {
  for (let left = 100; !(await isSo()); left--) {
    assert.ok(left > 0, `waited for ${what}: ${problems}`);
    await page.waitForTimeout(100);
  }
};
const fields = () => page.locator("#bytes span").evaluateAll((spans) => spans.map(({ textContent, field }) => [textContent, field.name]));

try {
  await page.goto(`http://${address}/`);
  await until("the first frame", async () => (await text("#verdict")).startsWith("PUSH"));

  // Decode: every byte has a name, and hovering shows the bytes.
  const frame = `PUSH|!7|${AUTH}|sensor-01|@1694567890000^b1{fw=2.1,note=a\\,b}[t:=32.50#C;s=on\\;off;a?=true;p@=39.74,-104.99@5{k=v}]`;
  await page.fill("#input", frame);
  const named = await fields();
  assert.equal(named.map(([part]) => part).join(""), frame, "no byte is left out");
  const nameOf = (part) => named.find(([text]) => text === part)?.[1];
  assert.equal(nameOf("!7"), "sequence counter");
  assert.equal(nameOf(AUTH), "authorization hash");
  assert.equal(nameOf("1694567890000"), "of all: time");
  assert.equal(nameOf("b1"), "of all: group");
  assert.equal(nameOf("fw"), "of all: metadata key");
  assert.equal(nameOf("a\\,b"), "of all: metadata");
  assert.equal(nameOf("32.50"), "number of t");
  assert.equal(nameOf("C"), "unit of t");
  assert.equal(nameOf("on\\;off"), "text of s");
  assert.equal(nameOf("39.74,-104.99"), "location of p");
  assert.equal(nameOf("5"), "p: time");
  assert.equal(nameOf("v"), "p: metadata");
  await page.locator("#bytes span", { hasText: /^32\.50$/ }).hover();
  const at = frame.indexOf("32.50");
  assert.equal(await text("#field"), `number of t, bytes ${at} to ${at + 4}\n33 32 2e 35 30`);
  assert.match(await text("#json"), /"value": 32\.50/);

  // By keyboard.
  await page.keyboard.press("Escape");
  await page.locator("#bytes span").first().focus();
  await page.keyboard.press("ArrowRight");
  assert.match(await text("#field"), /mark of the grammar/);

  // The offset of an error.
  await page.fill("#input", `PUSH|${AUTH}|sensor-01|[temperature:=032.5]`);
  assert.match(await text("#verdict"), /invalid_payload at byte 47/);
  assert.equal(await text("#bytes .wrong"), "3");
  await page.fill("#input", `PUSH|${AUTH}|sensor-01|[é=1;temperature]`);
  assert.equal(await text("#bytes .wrong"), "é");
  await page.fill("#input", "");
  assert.match(await text("#verdict"), /at byte 0/);

  // An answer, and an envelope with and without its key.
  await page.fill("#input", "ACK|!7|OK|2");
  assert.deepEqual((await fields()).filter(([, name]) => name !== "mark").map(([, name]) => name), ["method", "sequence counter", "status", "points stored"]);
  await page.fill("#input", ENVELOPE);
  assert.match(await text("#verdict"), /An envelope: PUSH, aes-128-ccm, counter 42/);
  await page.click("#key-part summary");
  await page.fill("#key", "fe09da81bc4400ee12ab56cd78ef9012");
  assert.match(await text("#verdict"), /PUSH in an envelope: 1 variable of sensor-01/);
  assert.match(await text("#json"), /sensor-01\|\[temp:=32\]/);
  assert.equal((await fields()).map(([part]) => part.replace(/ /g, "")).join(""), ENVELOPE);
  await page.fill("#key", "00".repeat(16));
  assert.ok((await page.locator("#verdict.bad").count()) === 1, "a wrong key does not open it");

  // Build, and what cannot be built.
  assert.equal(await text("#built"), `PUSH|${AUTH}|sensor-01|[temperature:=21.50#C;status=on\\; line 1]`);
  const name = page.locator("#variables .variable").first().locator("input").first();
  await name.fill("Temperature");
  assert.match(await text("#build-error"), /name/);
  await name.fill("temperature");
  await page.selectOption("#build select[name=method]", "PULL");
  assert.equal(await text("#built"), `PULL|${AUTH}|sensor-01|[temperature;status]`);
  await page.selectOption("#build select[name=method]", "PUSH");
  await page.click("#copy");
  assert.match(await text("#verdict"), /PUSH: 2 variables of sensor-01/);

  // Live rows, the chart, and a command to who is connected.
  const sensor = device();
  for (let n = 0; n < 24; n++) {
    const value = (21 + 3 * Math.sin(n / 4)).toFixed(2);
    const time = Date.now() - (24 - n) * 60_000;
    assert.equal(await sensor.say(`PUSH|${AUTH}|sensor-01|@${time}[temperature:=${value}#C;humidity:=${60 - n}#%]`), "ACK|OK|2");
  }
  assert.equal(await sensor.say(`PUSH|${AUTH}|sensor-01|[temperature:=]`), "ACK|ERR|invalid_payload");
  await until("the live rows", async () => (await page.locator("#rows tr:not(.empty)").count()) === 25);
  assert.match(await page.locator("#rows tr").nth(1).innerText(), /temperature = [\d.]+ C, humidity = 37 %\s+ACK\|OK\|2/);
  await page.locator("#rows tr").nth(1).click();
  assert.match(await text("#verdict"), /PUSH: 2 variables/);
  await until("the device", async () => (await page.locator("#device option").count()) > 0);
  await page.selectOption("#device", "sensor-01");
  await until("its variables", async () => (await page.locator("#variable option").count()) === 2);
  await page.selectOption("#variable", "temperature");
  await until("the chart", async () => (await page.locator("#chart circle").count()) === 24);
  await until("who is connected", async () => (await page.locator("#target option").first().innerText()).includes("connected"));
  await page.fill("#command input", "ota=https://example.com/v2.1.bin");
  await page.keyboard.press("Enter");
  assert.equal(await sensor.next(), "ACK|CMD|ota=https://example.com/v2.1.bin");
  await until("that it was sent", async () => /on its way/.test(await text("#sent")));
  await page.locator("h1").click();
  await page.keyboard.press("p");
  assert.equal(await page.getAttribute("#pause", "aria-pressed"), "true");
  await page.keyboard.press("p");
  await page.keyboard.press("/");
  assert.equal(await page.evaluate(() => document.activeElement.id), "input");

  // For looking at, and that nothing sticks out of a phone.
  await page.evaluate(() => {
    document.activeElement.blur();
    scrollTo(0, 0);
  });
  await page.setViewportSize({ width: 1200, height: 1350 });
  await page.locator("#bytes span", { hasText: /^temperature$/ }).hover();
  await page.screenshot({ path: join(folder, "light.png") });
  await page.emulateMedia({ colorScheme: "dark" });
  await page.screenshot({ path: join(folder, "dark.png") });
  await page.setViewportSize({ width: 375, height: 740 });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(wide <= 375, `${wide} pixels wide on a phone`);
  await page.screenshot({ path: join(folder, "phone.png"), fullPage: true });
  assert.deepEqual(problems, [], "nothing in the console");
  sensor.end();
} catch (error) {
  await page.screenshot({ path: join(folder, "failed.png"), fullPage: true });
  console.error(problems.join("\n"));
  throw error;
} finally {
  await browser.close();
  rmSync(profile, { recursive: true, force: true });
}
