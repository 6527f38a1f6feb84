// What was freed, or given away.

/** Stands where something of the module was: freeing it again does nothing, and any use of it says so. */
export const FREED = new Proxy(
  {},
  {
    get: (_, name) => (name === "free" ? () => {} : refuse()),
    // Asked for by whatever wants to know its class.
    getPrototypeOf: () => refuse(),
  },
) as never;

function refuse(): never {
  throw new TypeError("it was freed or given away, and cannot be used any more");
}
