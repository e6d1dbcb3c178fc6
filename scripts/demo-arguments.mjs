const USAGE = `Usage: npm run demo -- [--json]

Runs the example in examples/ml-scoring, with its proofs.

  --json      print one JSON object instead of tables
  -h, --help  print this
`;

/**
 * Answers a command line of `npm run demo` that runs nothing, before anything is set up for it.
 *
 * @param {readonly string[]} parameters
 * @returns {number | undefined} the exit code; undefined when the demo is to run
 */
export function demoAnswer(parameters) {
  if (parameters.some((each) => each === "--help" || each === "-h")) {
    process.stdout.write(USAGE);
    return 0;
  }
  const unknown = parameters.find((each) => each !== "--json");
  if (unknown === undefined) return undefined;
  process.stderr.write(`expected \`--json\` or nothing, got \`${unknown}\`\n`);
  return 2;
}
