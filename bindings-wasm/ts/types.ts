// What is read, and what can be built.

/** A place. `text` is as the frame has it; ranges are not checked. */
export interface Location {
  lat: number;
  lng: number;
  alt: number | undefined;
  /** The exact digits: `39.740,-104.99`. */
  text: string;
}

/** Keys and texts, in the order of the frame. */
export type Metadata = Record<string, string>;

interface Common {
  location: Location | undefined;
  /** UNIX milliseconds. Above 2^53 this is rounded, and `timeText` is exact. */
  time: number | undefined;
  timeText: string | undefined;
  group: string | undefined;
  metadata: Metadata | undefined;
}

interface Named extends Common {
  name: string;
  unit: string | undefined;
}

/** A number, as `:=` has it. */
export interface NumberVariable extends Named {
  type: "number";
  value: number;
  /** The exact digits: `32.50`. */
  text: string;
}
/** A text, as `=` has it. */
export interface StringVariable extends Named {
  type: "string";
  value: string;
  text: undefined;
}
/** `true` or `false`, as `?=` has it. */
export interface BooleanVariable extends Named {
  type: "boolean";
  value: boolean;
  text: undefined;
}
/** A place, as `@=` has it. */
export interface LocationVariable extends Named {
  type: "location";
  value: Location;
  text: undefined;
}
/** A variable: `type` says what its `value` is. */
export type Variable = NumberVariable | StringVariable | BooleanVariable | LocationVariable;

interface Uplink {
  seq: number | undefined;
  auth: string;
  serial: string;
}
/** A PUSH: variables and what holds for all of them, or `raw` passthrough data. */
export interface PushFrame extends Uplink, Common {
  method: "PUSH";
  variables: Variable[];
  raw: Raw | undefined;
}
/** Passthrough data, as they are encoded. */
export interface Raw {
  encoding: "hex" | "base64";
  data: string;
}
/** A PULL: the variables whose last values are asked for. */
export interface PullFrame extends Uplink {
  method: "PULL";
  names: string[];
}
/** A PING. */
export interface PingFrame extends Uplink {
  method: "PING";
}
/** An uplink: `method` says which. */
export type Frame = PushFrame | PullFrame | PingFrame;

/** What an answer says first. */
export type Status = "OK" | "PONG" | "CMD" | "ERR";

/** An answer. */
export interface Ack {
  method: "ACK";
  seq: number | undefined;
  status: Status;
  /** How many data points were stored. Above 2^53 this is rounded, and `countText` is exact. */
  count: number | undefined;
  countText: string | undefined;
  variables: Variable[] | undefined;
  command: string | undefined;
  error: string | undefined;
  text: string | undefined;
}

/** A variable with the defaults of its block applied, as TagoIO knows it. */
export interface Point {
  variable: string;
  /** Of a location its text. */
  value: number | string | boolean;
  /** The exact digits of a number. */
  text: string | undefined;
  unit: string | undefined;
  time: number | undefined;
  timeText: string | undefined;
  group: string | undefined;
  location: Location | undefined;
  metadata: Metadata | undefined;
}

/** A number to be written: text is taken digit by digit, and so is a `bigint`. */
export type Digits = number | bigint | string;

/** A place to be written. */
export interface LocationInput {
  lat: number;
  lng: number;
  alt?: number | undefined;
  /** The exact digits; they count as long as they say the same as the numbers. */
  text?: string | undefined;
}

interface CommonInput {
  location?: LocationInput | undefined;
  /** UNIX milliseconds: above 2^53 only as text or `bigint`. */
  time?: Digits | Date | undefined;
  /** The exact digits; they count as long as they say the same as the number. */
  timeText?: string | undefined;
  group?: string | undefined;
  metadata?: Readonly<Record<string, string>> | undefined;
}

/** A variable to be written. `type` is needed only for a number that is given as text. */
export interface VariableInput extends CommonInput {
  name: string;
  value: number | bigint | string | boolean | LocationInput;
  type?: "number" | "string" | "boolean" | "location" | undefined;
  text?: string | undefined;
  unit?: string | undefined;
}

/** A data point to be written, as TagoIO shapes it. */
export interface PointInput {
  variable: string;
  value: number | string | boolean;
  unit?: string | undefined;
  time?: number | string | Date | undefined;
  group?: string | undefined;
  location?: { lat: number; lng: number; alt?: number | undefined } | undefined;
  metadata?: Readonly<Record<string, string | number | boolean>> | undefined;
}

/** Who sends a frame. Without `seq` it has no counter. */
export interface HeadInput {
  auth: string;
  serial: string;
  seq?: number | undefined;
}

/** A PUSH to be written: variables, passthrough data, or data points. */
export type PushInput = HeadInput &
  (
    | (CommonInput & { variables: readonly VariableInput[]; raw?: undefined; points?: undefined })
    | { raw: Raw; variables?: readonly VariableInput[] | undefined; points?: undefined }
    | { points: readonly PointInput[] | string; variables?: undefined; raw?: undefined }
  );
/** A PULL to be written. */
export type PullInput = HeadInput & { names: readonly string[] };
/** A PING to be written. */
export type PingInput = HeadInput;

/** An answer to be written. */
export interface AckInput {
  seq?: number | undefined;
  /** Needed where nothing else says it: `OK` goes without saying for a count and for variables. */
  status?: Status | undefined;
  count?: Digits | undefined;
  /** The exact digits; they count as long as they say the same as the number. */
  countText?: string | undefined;
  variables?: readonly VariableInput[] | undefined;
  command?: string | undefined;
  error?: string | undefined;
  text?: string | undefined;
}

/** Of each kind of input what is not its head. */
export type WithoutHead<T> = T extends unknown ? Omit<T, keyof HeadInput> : never;
