// What the build puts in the place of these names.

declare module "#module" {
  /** The WebAssembly module, or its bytes. */
  export function bytes(): WebAssembly.Module | BufferSource;
}
