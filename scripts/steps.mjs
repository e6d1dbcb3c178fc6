/**
 * @typedef {object} Step
 * @property {string} name one word: what is typed to run this step alone
 * @property {() => Promise<boolean | Outcome>} run whether it passed
 */

/**
 * @typedef {object} Outcome
 * @property {boolean} passed
 * @property {readonly string[]} failures what failed, a line each
 */

/**
 * Runs every step, also after one has failed, and says at the end how each went.
 *
 * @param {readonly Step[]} steps
 * @param {readonly string[]} names of the steps to run; none: all
 * @returns {Promise<number>} exit code: 0 when all passed
 */
export async function runSteps(steps, names) {
  const known = steps.map((step) => step.name);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    process.stderr.write(`expected steps out of ${known.join(", ")}, got ${unknown.join(", ")}\n`);
    return 2;
  }
  const results = [];
  for (const step of steps) {
    if (names.length === 0 || names.includes(step.name)) results.push(await runStep(step));
  }
  return summarise(results);
}

/** @param {Step} step */
async function runStep(step) {
  process.stdout.write(`\n--- ${step.name}\n`);
  const start = performance.now();
  const outcome = await step.run();
  const { passed, failures } = typeof outcome === "boolean" ? { passed: outcome, failures: [] } : outcome;
  return { name: step.name, passed, failures, seconds: (performance.now() - start) / 1000 };
}

/** @param {readonly ({ name: string, seconds: number } & Outcome)[]} results */
function summarise(results) {
  process.stdout.write("\n");
  for (const { name, passed, failures, seconds } of results) {
    process.stdout.write(
      `${passed ? "passed" : "FAILED"}  ${name.padEnd(8)} ${seconds.toFixed(1).padStart(6)} s\n`,
    );
    for (const failure of failures) process.stdout.write(`        ${failure}\n`);
  }
  const failed = results.filter((result) => !result.passed).length;
  process.stdout.write(`steps: ${results.length - failed} passed, ${failed} failed\n`);
  return failed === 0 ? 0 : 1;
}
