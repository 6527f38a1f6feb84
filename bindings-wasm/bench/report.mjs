/** Writes a result: as a line of JSON, or of a table. */
export function reporter(isJSON) {
  if (isJSON) return (result) => console.log(JSON.stringify(result));
  const row = (name, ours, against, theirs, ratio) =>
    console.log(`${name.padEnd(26)} ${ours.padStart(10)}   ${against.padEnd(16)} ${theirs.padStart(10)} ${ratio.padStart(8)}`);
  row("", "ours, ns", "against", "theirs, ns", "ratio");
  return ({ name, ours_ns, against, their_ns, ratio }) => row(name, ours_ns.toFixed(1), against, their_ns.toFixed(1), `${ratio.toFixed(2)}x`);
}
