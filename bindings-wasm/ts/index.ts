// Everything: `tipwire`.

export * from "./text.js";
export * from "./envelope.js";
