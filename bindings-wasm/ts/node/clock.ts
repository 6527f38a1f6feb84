/** Milliseconds that never go backwards. */
export const now = (): number => Math.floor(performance.now());

/** The longest delay that there is. */
export const LONGEST = 2 ** 31 - 1;

/** Calls when something is due, which may change. */
export class Alarm {
  readonly #ring: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(ring: () => void) {
    this.#ring = ring;
  }

  set(deadline: number | undefined): void {
    clearTimeout(this.#timer);
    if (deadline === undefined) return;
    const delay = Math.min(Math.max(deadline - now(), 0), LONGEST);
    this.#timer = setTimeout(this.#ring, delay);
  }
}
