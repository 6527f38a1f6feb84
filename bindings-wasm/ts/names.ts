// Made by `cargo xtask gen` from the names that the core has.

/** What a part of a message is. */
export type PartName =
  | "mark"
  | "line_ending"
  | "method"
  | "seq"
  | "auth"
  | "serial"
  | "location"
  | "lat"
  | "lng"
  | "alt"
  | "time"
  | "group"
  | "metadata"
  | "key"
  | "text"
  | "variable"
  | "name"
  | "operator"
  | "number"
  | "string"
  | "boolean"
  | "unit"
  | "encoding"
  | "data"
  | "status"
  | "count"
  | "command"
  | "error"
  | "detail"
  | "flags"
  | "counter"
  | "device"
  | "ciphertext"
  | "tag";

/** @internal The same by number. */
export const PARTS: readonly PartName[] = ["mark", "line_ending", "method", "seq", "auth", "serial", "location", "lat", "lng", "alt", "time", "group", "metadata", "key", "text", "variable", "name", "operator", "number", "string", "boolean", "unit", "encoding", "data", "status", "count", "command", "error", "detail", "flags", "counter", "device", "ciphertext", "tag"];

/** A cipher of envelopes. */
export type Cipher =
  | "aes-128-ccm"
  | "aes-128-gcm"
  | "aes-256-ccm"
  | "aes-256-gcm"
  | "chacha20-poly1305";

/** @internal The same by number. */
export const CIPHERS: readonly Cipher[] = ["aes-128-ccm", "aes-128-gcm", "aes-256-ccm", "aes-256-gcm", "chacha20-poly1305"];

/** How the header of an envelope is laid out. */
export type Layout =
  | "current"
  | "short";

/** @internal The same by number. */
export const LAYOUTS: readonly Layout[] = ["current", "short"];

/** What the text of an envelope is. */
export type InnerMethod =
  | "PUSH"
  | "PULL"
  | "PING"
  | "ACK";

/** @internal The same by number. */
export const METHODS: readonly InnerMethod[] = ["PUSH", "PULL", "PING", "ACK"];

/** How a stream is cut. */
export type SplitterName =
  | "lines"
  | "delimiter"
  | "length_field"
  | "length_prefixed"
  | "json"
  | "packets"
  | "tagotip";

/** A converter that the core has. */
export type ConverterName =
  | "text"
  | "json"
  | "binary";

/** What is wrong, as a short name that never changes. */
export type ErrorKind =
  | "too_large"
  | "nul"
  | "utf8"
  | "method"
  | "answer"
  | "seq"
  | "seq_range"
  | "seq_end"
  | "auth"
  | "auth_end"
  | "serial"
  | "serial_length"
  | "serial_end"
  | "trailing"
  | "status"
  | "detail"
  | "count"
  | "body"
  | "modifier"
  | "raw"
  | "hex"
  | "base64"
  | "list"
  | "list_end"
  | "name"
  | "name_length"
  | "operator"
  | "number"
  | "leading_zero"
  | "boolean"
  | "text"
  | "escape"
  | "location"
  | "suffix"
  | "too_many_variables"
  | "unit"
  | "unit_length"
  | "time"
  | "time_range"
  | "group"
  | "group_length"
  | "key"
  | "key_length"
  | "pair"
  | "metadata"
  | "too_many_pairs"
  | "buffer"
  | "not_finite"
  | "digits"
  | "repeated"
  | "misplaced"
  | "revision"
  | "empty"
  | "missing"
  | "type"
  | "json"
  | "token"
  | "too_short"
  | "plaintext"
  | "unsupported_version"
  | "unsupported_cipher"
  | "envelope_method"
  | "invalid_key"
  | "envelope_too_large"
  | "auth_failed"
  | "counter_exhausted"
  | "counter_unreserved"
  | "forbidden_flags"
  | "other_serial"
  | "too_long"
  | "corrupt"
  | "invalid_settings"
  | "trailing_bytes"
  | "full"
  | "closed"
  | "turn"
  | "path"
  | "topic";

/** The type of packets with a payload. */
export const DATA = 0;

/** The type of packets that keep a connection alive. */
export const HEARTBEAT = 1;

/** The command whose payload is an access token. */
export const AUTH = 0;

/** The command whose payload is a JSON object of values. */
export const ATTRIBUTES = 1;

/** The command whose payload is a JSON event. */
export const EVENTS = 2;

/** What a server says to a token it does not know, before it closes the connection. */
export const DEVICE_NOT_FOUND = "RPC:device not found";

/** What a server says to data that come before a token, before it closes the connection. */
export const NOT_AUTHORIZED = "MQTT: device auth failed";

/** What a server says to what is no packet, before it closes the connection. */
export const NOT_A_PACKET = "error";

/** What a server says to a token it does not know, of raw messages, before it closes the connection. */
export const REGISTER_FAILED = "register failed";
