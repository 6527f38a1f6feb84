// What is measured, for Node and for browsers alike.
//
// read/    parse, and touch every field: beside JSON.parse of the same data points, touched too, and
//          beside a reader by hand
// chunk/   the same for lines in a chunk of 64 KiB, as a socket gives it, of bytes
// build/   from names and values as a program has them, all checked: beside JSON.stringify
// write/   from what was read: beside JSON.stringify of what JSON.parse gave

import { compare, copy } from "./harness.mjs";
import * as byHand from "./reader.mjs";

const CHUNK = 64 << 10;
/** How long everything runs before it is measured, in milliseconds. */
const WARM = 1500;

/** Runs everything whose name has the word in it, and gives each result to `report`. */
export function run(tipwire, corpus, { prefix, filter, report }) {
  const measure = (name, against, ours, theirs) => {
    const full = `${prefix}/${name}`;
    if (full.includes(filter)) report(compare(full, against, ours, theirs));
  };
  const cases = Object.entries(corpus).map(([name, frame]) => prepare(tipwire, name, frame));
  for (const { name, ours, hand, json, read } of cases) {
    same(name, ours(), hand());
    if (json !== undefined) same(name, touchesJSON(JSON.parse(json)), touchesPoints(tipwire.points(read)));
  }
  // Everything is seen before anything is measured: programs read more than one kind of frame, and
  // engines compile while they run.
  const start = performance.now();
  while (performance.now() - start < WARM) {
    for (const { ours, hand, read } of cases) {
      for (let n = 0; n < 20; n++) ours(), hand(), tipwire.build(read);
    }
  }
  for (const { name, ours, hand, json } of cases) {
    if (json !== undefined) measure(`read/${name}`, "JSON.parse", ours, () => touchesJSON(JSON.parse(json)));
    measure(`read/${name}`, "by hand", ours, hand);
  }
  for (const one of cases) if (one.json !== undefined && !one.isAnswer) chunk(tipwire, one, measure);
  for (const { name, read, frame, json, isAnswer } of cases) {
    const points = json === undefined ? undefined : JSON.parse(json);
    const plain = withoutNothing(read);
    const make = isAnswer ? tipwire.ack : { PUSH: tipwire.push, PULL: tipwire.pull, PING: tipwire.ping }[read.method];
    const readBack = isAnswer ? tipwire.parseAck : tipwire.parse;
    same(name, touchesOurs(readBack(make(plain))), touchesOurs(read));
    same(name, tipwire.build(read), frame);
    if (points === undefined) continue;
    measure(`build/${name}`, "JSON.stringify", () => make(plain), () => JSON.stringify(points));
    measure(`write/${name}`, "JSON.stringify", () => tipwire.build(read), () => JSON.stringify(points));
  }
}

function prepare(tipwire, name, frame) {
  const isAnswer = frame.startsWith("ACK");
  const [ours, hand] = isAnswer ? [tipwire.parseAck, byHand.parseAck] : [tipwire.parse, byHand.parse];
  const read = ours(frame);
  same(name, JSON.stringify(hand(frame)), JSON.stringify(read));
  return {
    name,
    frame,
    isAnswer,
    read,
    json: read.variables?.length > 0 ? tipwire.toPointsJSON(read) : undefined,
    ours: () => touchesOurs(ours(frame)),
    hand: () => touchesByHand(hand(frame)),
  };
}

/** Lines out of bytes, and frames out of lines: everyone decodes, cuts and reads. */
function chunk(tipwire, { name, frame, json }, measure) {
  // What fits, and the front of one more, as it is in life.
  const count = Math.floor(CHUNK / (frame.length + 1));
  const ours = encoder.encode(`${`${frame}\n`.repeat(count)}${frame.slice(0, frame.length >> 1)}`);
  const theirs = encoder.encode(`${json}\n`.repeat(count));
  const reader = new tipwire.Frames();
  const whole = () => {
    reader.reset();
    let sum = 0;
    for (const frame of reader.push(ours)) sum += touchesOurs(frame);
    return sum;
  };
  const byLine = () => lines(ours, (line) => touchesByHand(byHand.parse(line)));
  same(name, whole(), byLine());
  measure(`chunk/${name}`, "JSON.parse", whole, () => lines(theirs, (line) => touchesJSON(JSON.parse(line))));
  measure(`chunk/${name}`, "by hand", whole, byLine);
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function lines(bytes, read) {
  let sum = 0;
  const text = decoder.decode(bytes);
  for (let from = 0, end; (end = text.indexOf("\n", from)) >= 0; from = end + 1) sum += read(text.slice(from, end));
  return sum;
}

function same(name, a, b) {
  if (a !== b) throw new Error(`${name}: ${a} is not ${b}`);
}

/** As a program would write it: keys that are there, and no exact text beside a number. */
function withoutNothing(read) {
  const { method, ...rest } = JSON.parse(JSON.stringify(read));
  for (const variable of rest.variables ?? []) {
    delete variable.text;
    if (variable.type === "number" || variable.type === "boolean") delete variable.type;
  }
  // Once more: engines keep what was deleted from in another, slower way.
  return JSON.parse(JSON.stringify(rest));
}

/** Every field of a frame, in one number. */
function touches(frame) {
  let sum = (frame.auth?.length ?? 0) + (frame.serial?.length ?? 0) + (frame.seq ?? 0) + (frame.time ?? 0);
  if (frame.group !== undefined) sum += frame.group.length;
  if (frame.location !== undefined) sum += frame.location.lat + frame.location.lng + (frame.location.alt ?? 0);
  if (frame.raw !== undefined) sum += frame.raw.data.length;
  if (frame.names !== undefined) for (const name of frame.names) sum += name.length;
  if (frame.metadata !== undefined) for (const key in frame.metadata) sum += key.length + frame.metadata[key].length;
  if (frame.variables === undefined) return sum;
  for (const { name, type, value, unit, location, time, group, metadata } of frame.variables) {
    sum += name.length;
    switch (type) {
      case "number":
        sum += value;
        break;
      case "string":
        sum += value.length;
        break;
      case "boolean":
        sum += value ? 1 : 0;
        break;
      default:
        sum += value.lat + value.lng + (value.alt ?? 0);
    }
    if (unit !== undefined) sum += unit.length;
    if (location !== undefined) sum += location.lat + location.lng + (location.alt ?? 0);
    if (time !== undefined) sum += time;
    if (group !== undefined) sum += group.length;
    if (metadata !== undefined) for (const key in metadata) sum += key.length + metadata[key].length;
  }
  return sum;
}

/** Every field of data points, in one number. */
function touchesPoints(points) {
  let sum = 0;
  for (const { variable, value, unit, location, time, group, metadata } of points) {
    sum += variable.length;
    sum += typeof value === "number" ? value : typeof value === "string" ? value.length : value ? 1 : 0;
    if (unit !== undefined) sum += unit.length;
    if (location !== undefined) sum += location.lat + location.lng + (location.alt ?? 0);
    if (time !== undefined) sum += time;
    if (group !== undefined) sum += group.length;
    if (metadata !== undefined) for (const key in metadata) sum += key.length + metadata[key].length;
  }
  return sum;
}

const touchesOurs = copy(touches);
const touchesByHand = copy(touches);
const touchesJSON = copy(touchesPoints);
