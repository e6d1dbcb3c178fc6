import { setImmediate as nextRound } from "node:timers/promises";
import { type ErrorPolicy, pipe, retry } from "../../../src/index.js";
import { FaultTestError, type FaultTestOptions, faultTest, inline } from "../../../src/testing.js";

/** Runs `faultTest()` on small pipes, and prints which scenarios have failed, as JSON. A script, because it runs in a copy of src/. */

async function double(numbers: number[]): Promise<number[]> {
  // As Python does, it takes longer than reading the input, which may take a turn of the event loop for each chunk.
  for (let turns = 0; turns < 30; turns++) await nextRound();
  return numbers.map((each) => 2 * each);
}

const engine = inline({ modules: { model: { double } } });

async function failedScenarios(
  policy: ErrorPolicy,
  count: number,
  options?: FaultTestOptions,
): Promise<string[]> {
  const doubled = pipe<number>("doubled")
    .node("prepare", (number) => number + 1)
    .python<number>("double", { module: "model", function: "double", batch: { size: 10 } })
    .node("format", (number) => `= ${number}`)
    .onError("double", policy);
  const input = Array.from({ length: count }, (_, index) => index);
  try {
    const session = () => engine.session({ setup: () => {} });
    await faultTest(doubled, input, { session, seed: 1, timeout: "5s", ...options });
    return [];
  } catch (error) {
    if (!(error instanceof FaultTestError)) throw error;
    console.error(error.message);
    const failed = error.scenarios.filter(({ passed }) => !passed).map(({ name }) => name);
    return failed.length === 0 ? ["clean run"] : failed;
  }
}

// biome-ignore lint/suspicious/noThenProperty: that is what the option of retry() is called.
const retries = retry({ then: "reject" });
const failed = [
  ...(await failedScenarios("reject", 120)),
  ...(await failedScenarios("halt", 120)),
  ...(await failedScenarios(retries, 120)),
  ...(await failedScenarios("halt", 1_000, { scenarios: ["slow consumer"] })),
];
console.log(JSON.stringify([...new Set(failed)]));
await engine.close();
