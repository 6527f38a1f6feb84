// What all parts of the page use.

export const $ = (id) => document.getElementById(id);

export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

export const utf8 = (text) => new TextEncoder().encode(text);
export const textOf = (bytes) => new TextDecoder().decode(bytes);
export const isText = (bytes) => bytes.length > 0 && bytes.every((byte) => byte >= 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d);
export const hexOf = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");

/** The bytes that a text is the hex digits of, with or without spaces; `undefined` if it is not that. */
export function bytesOf(text) {
  const digits = text.replace(/\s/g, "");
  return /^([0-9a-f]{2})+$/i.test(digits) ? Uint8Array.from(digits.match(/../g), (pair) => parseInt(pair, 16)) : undefined;
}

/** What `JSON.parse` gives, but for numbers: each is `{digits}`, as it stands. */
export const readJSON = (json) => JSON.parse(json.replace(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g, (token) => (token.startsWith('"') ? token : `{"digits":"${token}"}`)));
/** The JSON of what `readJSON` gave. */
export const writeJSON = (value) => JSON.stringify(value).replace(/\{"digits":"([\d.eE+-]+)"\}/g, "$1");
/** A value that `readJSON` gave, as one would say it. */
export const spoken = (value) => value?.digits ?? (typeof value === "object" ? writeJSON(value) : String(value));

export function say(element, text, kind) {
  element.textContent = text;
  element.className = kind;
}

export const count = (number, one) => `${number.toLocaleString()} ${one}${number === 1 ? "" : "s"}`;
export const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
