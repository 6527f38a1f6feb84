// Commands and their options: read from what was typed, and told by `--help`.

import { parseArgs, type ParseArgsConfig } from "node:util";

export interface Option {
  /** What it is for; the word behind it in the help, where it takes a value. */
  help?: string;
  value?: string;
  /** The only ones that it may be. */
  choices?: readonly string[];
  default?: string;
  required?: boolean;
  /** What the value has to be. */
  is?: "integer" | "number";
}

export interface Positional {
  name: string;
  help: string;
  least: number;
  most: number;
  /** The only ones that it may be. */
  choices?: readonly string[];
}

export interface Command<Name extends string = string> {
  help: string;
  /** What stands without a dash, in this order. */
  positionals: readonly Positional[];
  options: Record<Name, Option>;
  run: (options: Options<Name>) => Promise<number>;
}

/** What was typed. A flag is an empty text. */
export interface Options<Name extends string = string> {
  positionals: string[];
  values: Readonly<Partial<Record<Name, string>>>;
}

/** A command that makes no sense. */
export class UsageError extends Error {}

const HELP: Option = { help: "show this help message and exit" };
export const HELP_ROW = ["-h, --help", HELP.help ?? ""] as const;
export const VERSION_ROW = ["--version", "show program's version number and exit"] as const;

/** Reads options, or throws a `UsageError`; `undefined` if help is wanted. */
export function readOptions<Name extends string>(command: Command<Name>, words: readonly string[]): Options<Name> | undefined {
  const known: Record<string, Option> = { ...command.options, help: HELP };
  const config: NonNullable<ParseArgsConfig["options"]> = {};
  for (const [name, { value }] of Object.entries(known)) config[name] = { type: value === undefined ? "boolean" : "string" };
  config.help = { type: "boolean", short: "h" };
  let parsed;
  try {
    parsed = parseArgs({ args: joined(words, known), allowPositionals: true, options: config });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  if (parsed.values.help) return undefined;
  const values: Partial<Record<string, string>> = {};
  for (const [name, option] of Object.entries(known)) {
    const given = parsed.values[name] as string | boolean | undefined;
    const value = given === true ? "" : (given as string | undefined) ?? option.default;
    if (value === undefined) {
      if (option.required) throw new UsageError(`the following arguments are required: --${name}`);
      continue;
    }
    values[name] = checked(name, option, value);
  }
  const { positionals } = parsed;
  let most = 0;
  for (const place of command.positionals) {
    if (positionals.length < most + place.least) throw new UsageError(`the following arguments are required: ${place.name}`);
    positionals.slice(most, most + place.most).forEach((word) => oneOf(place.name, place.choices, word));
    most += place.most;
  }
  if (positionals.length > most) throw new UsageError(`unrecognized arguments: ${positionals.slice(most).join(" ")}`);
  return { positionals, values: values as Options<Name>["values"] };
}

/** A number below zero is no option, but the value of the one before it. */
function joined(words: readonly string[], known: Record<string, Option>): string[] {
  const all: string[] = [];
  for (const word of words) {
    const before = all.at(-1);
    const wants = before?.startsWith("--") && known[before.slice(2)]?.value !== undefined;
    if (wants && /^-[0-9.]/.test(word)) all.push(`${all.pop()}=${word}`);
    else all.push(word);
  }
  return all;
}

function oneOf(name: string, choices: readonly string[] | undefined, value: string): void {
  if (choices === undefined || choices.includes(value)) return;
  throw new UsageError(`argument ${name}: invalid choice: '${value}' (choose from ${choices.join(", ")})`);
}

function checked(name: string, { choices, is }: Option, value: string): string {
  oneOf(`--${name}`, choices, value);
  const isNumber = is === "integer" ? /^\s*[-+]?[0-9]+\s*$/.test(value) : is === undefined || (value.trim() !== "" && Number.isFinite(Number(value)));
  if (!isNumber) throw new UsageError(`argument --${name}: invalid ${is} value: '${value}'`);
  return value;
}

const shown = ([name, { value }]: readonly [string, Option]): string => (value === undefined ? `--${name}` : `--${name} ${value}`);

/** The line that says how a command is called. */
export function usage(program: string, command: Command): string {
  const places = command.positionals.map(({ name, least, most }) => {
    const place = most > 1 ? `${name} ...` : name;
    return least > 0 ? place : `[${place}]`;
  });
  const options = Object.entries(command.options).map((entry) => (entry[1].required ? shown(entry) : `[${shown(entry)}]`));
  return `usage: ${[program, "[-h]", ...options, ...places].join(" ")}`;
}

export function help(program: string, command: Command): string {
  const places = command.positionals.map(({ name, help, choices }) => [name, listed(help, choices)] as const);
  const options = Object.entries(command.options).map((entry): [string, string] => {
    const { help = "", choices, default: preset } = entry[1];
    return [shown(entry), listed(help, choices, preset === undefined ? "" : `${preset} if it is not given`)];
  });
  const lines = ["positional arguments:", ...table(places), "", "options:", ...table([HELP_ROW, ...options])];
  return [usage(program, command), "", command.help, "", ...lines].join("\n");
}

function listed(help: string, choices: readonly string[] | undefined, more = ""): string {
  return [help, choices === undefined ? "" : `one of ${choices.join(", ")}`, more].filter((part) => part !== "").join("; ");
}

export function table(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`.trimEnd());
}
