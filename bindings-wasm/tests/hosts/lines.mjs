// Requests on standard input, one JSON answer a line on standard output.

/** Answers parts of the input that end with LF, which `answer` gets as lines, until there is no more. */
export async function answerAll(answer) {
  const say = async (lines) => {
    const answers = await answer(lines);
    process.stdout.write(answers.map((text) => `${text}\n`).join(""));
  };
  let rest = Buffer.alloc(0);
  for await (const chunk of process.stdin) {
    rest = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
    const lines = [];
    let from = 0;
    for (let end; (end = rest.indexOf(10, from)) >= 0; from = end + 1) lines.push(rest.subarray(from, end));
    rest = rest.subarray(from);
    if (lines.length > 0) await say(lines);
  }
  if (rest.length > 0) await say([rest]);
}
