// Drives the page in a headless Chromium: node page.mjs FOLDER PAGE TAGOTIP THINGSBOARD THINGSPANEL,
// the last four addresses of a gateway.
//
// Whatever is wrong ends it with an error; screenshots for looking at are left in FOLDER.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, address, tagotip, thingsboard, thingspanel] = process.argv.slice(2);
const require = createRequire(join(process.env.NPM_FOLDER, "package.json"));
const { chromium } = require("playwright-core");

const AUTH = "4deedd7bab8817ec";
const TOKEN = "ate2bd319014b24e0a8aca9f00aea4c0d0";
const ENVELOPE = "000000002a4deedd7bab8817ecab7788d22eb7372fc8c5aa56d755582bacea13bb572493bb8cb10803cf826fdb833b79c6";

/** Of another device, under the key that its token gives, with its length before it. */
const { Sealer } = await import(pathToFileURL("target/js/package/index.js"));
const sealer = new Sealer({ cipher: "chacha20-poly1305", token: TOKEN, serial: "boiler-7", counter: 7 });
const sealed = Buffer.from(sealer.seal("PUSH", "boiler-7|[pressure:=1.50#bar]"));
const SEALED_BY_TOKEN = Buffer.concat([Buffer.from([sealed.length >> 8, sealed.length & 255]), sealed]).toString("hex");

function dial(address) {
  const [host, port] = address.split(":");
  return connect(Number(port), host);
}

/** A device that stays connected. */
function device() {
  const socket = dial(tagotip).setEncoding("utf8");
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
const DESK = { width: 1280, height: 1400 };
const PHONE = { width: 390, height: 844 };
/** What the page looks like now, to be looked at: light and dark, and on a phone. */
const shot = async (name) => {
  await page.setViewportSize(DESK);
  await page.screenshot({ path: join(folder, `${name}-light.png`) });
  await page.emulateMedia({ colorScheme: "dark" });
  await page.screenshot({ path: join(folder, `${name}-dark.png`) });
  await page.setViewportSize(PHONE);
  await page.screenshot({ path: join(folder, `${name}-phone-dark.png`), fullPage: true });
  await page.emulateMedia({ colorScheme: "light" });
  await page.screenshot({ path: join(folder, `${name}-phone.png`), fullPage: true });
};
const fields = () => page.locator("#bytes span").evaluateAll((spans) => spans.map(({ textContent, field }) => [textContent, [field.name, ...field.of].join(" of ")]));

try {
  await page.goto(`http://${address}/`);
  await until("the first frame", async () => (await text("#verdict")).startsWith("PUSH"));

  // Decode: every byte has a name, and hovering shows the bytes.
  const frame = `PUSH|!7|${AUTH}|sensor-01|@1694567890000^b1{fw=2.1,note=a\\,b}[t:=32.50#C;s=on\\;off;a?=true;p@=39.74,-104.99@5{k=v}]`;
  await page.fill("#input", frame);
  const named = await fields();
  assert.equal(named.map(([part]) => part).join(""), frame, "no byte is left out");
  const nameOf = (part) => named.find(([text]) => text === part)?.[1];
  const expected = {
    7: "seq",
    [AUTH]: "auth",
    1694567890000: "time",
    b1: "group",
    fw: "key of metadata",
    "a\\,b": "text of metadata",
    "32.50": "number of variable t",
    C: "unit of variable t",
    "on\\;off": "string of variable s",
    true: "boolean of variable a",
    39.74: "lat of location of variable p",
    "-104.99": "lng of location of variable p",
    5: "time of variable p",
    v: "text of metadata of variable p",
  };
  for (const [part, name] of Object.entries(expected)) assert.equal(nameOf(part), name, part);
  await page.locator("#bytes span", { hasText: /^32\.50$/ }).hover();
  const at = frame.indexOf("32.50");
  assert.equal(await text("#field"), `number of variable t, bytes ${at} to ${at + 4}\n33 32 2e 35 30`);
  assert.match(await text("#json"), /"value": 32\.50/);
  await page.locator("#bytes span", { hasText: "off" }).hover();
  assert.match(await text("#field"), /^string of variable s, bytes .*\nsays on;off\n6f 6e 5c 3b/);

  // By keyboard.
  await page.keyboard.press("Escape");
  await page.locator("#bytes span").first().focus();
  await page.keyboard.press("ArrowRight");
  assert.match(await text("#field"), /mark of the grammar/);

  // The offset of an error.
  await page.fill("#input", `PUSH|${AUTH}|sensor-01|[temperature:=032.5]`);
  assert.match(await text("#verdict"), /^invalid_payload: .* at byte 47$/);
  assert.equal(await text("#bytes .wrong"), "3");
  await page.fill("#input", `PUSH|${AUTH}|sensor-01|[é=1;temperature]`);
  assert.equal(await text("#bytes .wrong"), "é");
  await page.fill("#input", `PUSH|${AUTH}|sensor-01|[a:=1]\n`);
  assert.equal((await fields()).at(-1)[1], "line_ending");
  await page.fill("#input", "");
  assert.match(await text("#verdict"), /at byte 0/);

  // An answer, and an envelope with and without its key.
  await page.fill("#input", "ACK|!7|OK|2");
  assert.deepEqual((await fields()).filter(([, name]) => name !== "mark").map(([, name]) => name), ["method", "seq", "status", "count"]);
  await page.fill("#input", ENVELOPE);
  assert.match(await text("#verdict"), /An envelope: PUSH, aes-128-ccm, counter 42/);
  const outside = ["flags", "counter", "auth", "device", "ciphertext", "tag"];
  assert.deepEqual((await fields()).map(([, name]) => name), outside);
  const inside = async () => (await fields()).slice(outside.length);
  const opens = async (secret, serial = "") => {
    await page.fill("#key", secret);
    await page.fill("#key-serial", serial);
    return (await page.locator("#bytes small").count()) === 1;
  };
  assert.ok(await opens("fe09da81bc4400ee12ab56cd78ef9012"));
  assert.match(await text("#verdict"), /PUSH in an envelope: 1 variable of sensor-01/);
  assert.match(await text("#json"), /"serial": "sensor-01"/);
  const parts = (await fields()).slice(0, outside.length).map(([part]) => part.replace(/ /g, ""));
  assert.equal(parts.join(""), ENVELOPE, "no byte is left out");
  assert.equal((await inside()).map(([part]) => part).join(""), "sensor-01|[temp:=32]");
  assert.equal((await inside()).find(([part]) => part === "32")[1], "number of variable temp");
  assert.ok(!(await opens("00".repeat(16))), "a wrong key does not open it");
  assert.equal(await page.locator("#verdict.bad").count(), 1);
  assert.ok(!(await opens("nonsense")));
  // As it comes on a connection, under a key that is derived from the token, of a device that is named.
  await page.fill("#input", SEALED_BY_TOKEN);
  assert.ok(!(await opens(TOKEN)), "nobody has named it yet");
  assert.ok(!(await opens(TOKEN, "sensor-01")), "it is another device's");
  assert.ok(await opens(TOKEN, "boiler-7"));
  assert.deepEqual((await fields()).slice(0, 2).map(([, name]) => name), ["length", "flags"]);
  assert.match(await text("#verdict"), /PUSH in an envelope: 1 variable of boiler-7/);
  await shot("envelope");
  await page.setViewportSize(DESK);
  await page.fill("#key", "");

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

  // Devices of other platforms, and one that seals: a click on a row shows what the message is.
  const board = dial(thingsboard);
  board.write("SN-002,default,temperature,25.70,humidity,69\nSN-002,default,temperature\n");
  const panel = dial(thingspanel);
  const packet = (command, payload) => panel.write(Buffer.concat([Buffer.from([0x54, 0x50, 0, command, 0, 0, 0, payload.length]), Buffer.from(payload)]));
  packet(0, "b79f6640-8c11-b7ca-608a-f943bb1e2183");
  packet(1, '{"light": 98, "sub-1": {"status": "on"}}');
  const secure = dial(tagotip);
  secure.write(Buffer.concat([Buffer.from([0, ENVELOPE.length / 2]), Buffer.from(ENVELOPE, "hex")]));
  const row = (text) => page.locator("#rows tr", { hasText: text }).first();
  await until("their rows", async () => (await page.locator("#rows tr:not(.empty)").count()) === 29);
  assert.match(await row("temperature,25.70").innerText(), /temperature = 25\.70, humidity = 69/, "digits are kept");
  await row("SN-002,default,temperature,25.70").click();
  assert.equal(await text("#verdict"), "thingsboard: 2 points");
  assert.deepEqual(await fields(), [["SN-002,default,temperature,25.70,humidity,69", "message of thingsboard"]]);
  assert.match(await text("#json"), /"value": 25\.70\s+\},\s+\{\s+"variable": "humidity",\s+"value": 69/);
  assert.equal(await page.inputValue("#input"), "SN-002,default,temperature,25.70,humidity,69");
  await page.locator("#rows tr", { has: page.locator("code", { hasText: /^SN-002,default,temperature$/ }) }).click();
  assert.match(await text("#verdict"), /^thingsboard: ./);
  assert.equal(await page.locator("#verdict.bad").count(), 1);
  assert.equal(await text("#json"), "");
  await row("sub-1/status = on").click();
  assert.equal(await text("#verdict"), "thingspanel: 2 points");
  assert.match(await page.inputValue("#input"), /^54 50 00 01 00 00 00 28 7b/);
  await row("sealed PUSH: temp = 32").click();
  assert.match(await text("#verdict"), /An envelope: PUSH, aes-128-ccm, counter 42/);
  assert.ok(await opens("fe09da81bc4400ee12ab56cd78ef9012"));
  await row("humidity = 37 %").focus();
  await page.keyboard.press("Enter");
  assert.match(await text("#verdict"), /PUSH: 2 variables/);

  // One value alone has an axis too.
  await page.selectOption("#device", "SN-002");
  await until("its chart", async () => (await page.locator("#chart circle").count()) === 1);
  await page.selectOption("#variable", "temperature");
  await until("that of its temperature", async () => (await page.locator("#chart").textContent()).endsWith("temperature = 25.70"));
  const labels = await page.locator("#chart text[text-anchor=end]").evaluateAll((labels) => labels.map(({ textContent }) => textContent));
  assert.deepEqual(labels.slice(0, -1), ["24.5", "25", "25.5", "26", "26.5", "27"]);
  await page.selectOption("#device", "sensor-01");
  await until("the first chart", async () => (await page.locator("#chart circle").count()) === 24);
  await page.selectOption("#variable", "temperature");

  // For looking at, and that nothing sticks out of a phone.
  await page.evaluate(() => {
    document.activeElement.blur();
    document.querySelector(".table").scrollTop = 0;
    scrollTo(0, 0);
  });
  await page.setViewportSize(DESK);
  await page.locator("#bytes span", { hasText: /^temperature$/ }).hover();
  await shot("frame");
  await page.fill("#input", `PUSH|${AUTH}|sensor-01|@1694567890000[temperature:=32.5#C;humidity:=065#%]`);
  await page.mouse.move(0, 0);
  assert.match(await text("#field"), /^a number has no leading zeros, found 6 at byte 78\n36$/);
  await shot("error");
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(wide <= PHONE.width, `${wide} pixels wide on a phone`);
  assert.deepEqual(problems, [], "nothing in the console");
  sensor.end();
  for (const socket of [board, panel, secure]) socket.destroy();
} catch (error) {
  await page.screenshot({ path: join(folder, "failed.png"), fullPage: true });
  console.error(problems.join("\n"));
  throw error;
} finally {
  await browser.close();
  rmSync(profile, { recursive: true, force: true });
}
