// The page of the black box in a worker.

const worker = new Worker(new URL("./inside.mjs", import.meta.url), { type: "module" });
globalThis.answers = (lines) =>
  new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
    worker.postMessage(lines);
  });
