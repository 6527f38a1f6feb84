// Frames for people.

import type { Ack, Frame, Metadata, Variable } from "../index.js";

/** The rows of a frame. */
export function* rows(frame: Frame | Ack): Generator<string> {
  const seq = frame.seq === undefined ? "" : ` !${frame.seq}`;
  yield `${frame.method}${seq} ${frame.method === "ACK" ? frame.status : frame.serial}`;
  for (const [key, value] of details(frame)) {
    if (value !== undefined) yield `  ${key}: ${value}`;
  }
  for (const variable of "variables" in frame ? (frame.variables ?? []) : []) yield row(variable);
}

type Details = [string, string | number | undefined][];

function details(frame: Frame | Ack): Details {
  switch (frame.method) {
    case "ACK":
      return [
        ["count", frame.countText ?? frame.count],
        ["command", frame.command],
        ["error", frame.error],
        ["text", frame.text],
      ];
    case "PULL":
      return [["names", frame.names.join(", ")]];
    case "PUSH":
      return [
        ["raw", frame.raw && `${frame.raw.data.length} characters of ${frame.raw.encoding}`],
        ["time", frame.timeText ?? frame.time],
        ["group", frame.group],
        ["location", frame.location?.text],
        ["metadata", frame.metadata && pairs(frame.metadata)],
      ];
    default:
      return [];
  }
}

function row({ name, type, value, text, unit, time, timeText, group, location, metadata }: Variable): string {
  const shown = type === "location" ? value.text : (text ?? String(value)).replaceAll("\n", "\\n");
  const parts = [`  ${name.padEnd(24)} ${shown.padStart(16)} ${(unit ?? "").padEnd(6)}`];
  if (time !== undefined) parts.push(`@${timeText ?? time}`);
  if (group !== undefined) parts.push(`^${group}`);
  if (location !== undefined) parts.push(`at ${location.text}`);
  if (metadata !== undefined) parts.push(pairs(metadata));
  return parts.join(" ").trimEnd();
}

function pairs(metadata: Metadata): string {
  const all = Object.entries(metadata).map(([key, text]) => `${JSON.stringify(key)}: ${JSON.stringify(text)}`);
  return `{${all.join(", ")}}`;
}
