// Two pieces of work in turn, many rounds, medians: the same in Node and in a browser.

/**
 * How long a round of one side takes, in milliseconds: shorter than a busy machine leaves a program
 * alone, so that most rounds are not interrupted; longer than the clock of an isolated page is coarse.
 */
const ROUND = 0.4;
const ROUNDS = 151;

/** Whatever was computed last, so that no engine leaves the work out. */
export let kept;

/** Milliseconds that this process was given where that can be told, else those that went by. */
const now =
  globalThis.process === undefined
    ? () => performance.now()
    : () => {
        const { user, system } = process.cpuUsage();
        return (user + system) / 1000;
      };

/** A copy of a function with a history of its own: what an engine learns from one it does not use for the other. */
export const copy = (work) => new Function(`return (${work})`)();

function time(work, calls) {
  const start = now();
  for (let n = 0; n < calls; n++) kept = work();
  return ((now() - start) * 1e6) / calls;
}

/** How many calls fill a round; the engine has seen enough of the work then to have made it fast. */
function calibrate(work) {
  const warm = now();
  while (now() - warm < 20) for (let n = 0; n < 10; n++) kept = work();
  let calls = 1;
  while (time(work, calls) * calls < (ROUND / 2) * 1e6) calls *= 2;
  return calls;
}

export const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];

/** Measures both sides in turn, so that a machine that slows down slows both. */
export function compare(name, against, ours, theirs) {
  const [many, few] = [calibrate(ours), calibrate(theirs)];
  const samples = Array.from({ length: ROUNDS }, () => [time(ours, many), time(theirs, few)]);
  return {
    name,
    ours_ns: Number(median(samples.map(([us]) => us)).toFixed(1)),
    against,
    their_ns: Number(median(samples.map(([, them]) => them)).toFixed(1)),
    ratio: Number(median(samples.map(([us, them]) => them / us)).toFixed(2)),
  };
}
