// A PUSH that a platform is to get in its own words.

import { build } from "./build.js";
import { textOf } from "./load.js";
import type { Frame } from "./types.js";

/** A frame that was read, or one as it is written. */
export type Pushed = Frame | string | Uint8Array;

/** @internal Its text. */
export const textOfPush = (push: Pushed): string => (typeof push === "string" || push instanceof Uint8Array ? textOf(push) : build(push));
