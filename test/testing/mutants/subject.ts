import { type ErrorPolicy, pipe, retry } from "../../../src/index.js";
import { FaultTestError, faultTest, inline } from "../../../src/testing.js";

/** Runs `faultTest()` on small pipes, and prints which scenarios have failed, as JSON. A script, because it runs in a copy of src/. */

const engine = inline({
  modules: { model: { double: (numbers: number[]) => numbers.map((each) => 2 * each) } },
});

async function failedScenarios(policy: ErrorPolicy, count: number): Promise<string[]> {
  const doubled = pipe<number>("doubled")
    .node("prepare", (number) => number + 1)
    .python<number>("double", { module: "model", function: "double", batch: { size: 10 } })
    .node("format", (number) => `= ${number}`)
    .onError("double", policy);
  const input = Array.from({ length: count }, (_, index) => index);
  try {
    await faultTest(doubled, input, {
      session: () => engine.session({ setup: () => {} }),
      seed: 1,
      timeout: "5s",
    });
    return [];
  } catch (error) {
    if (!(error instanceof FaultTestError)) throw error;
    console.error(error.message);
    const failed = error.scenarios.filter(({ passed }) => !passed).map(({ name }) => name);
    return failed.length === 0 ? ["clean run"] : failed;
  }
}

const failed = [
  ...(await failedScenarios("reject", 200)),
  ...(await failedScenarios("halt", 200)),
  ...(await failedScenarios(retry({ then: "reject" }), 1_000)),
];
console.log(JSON.stringify([...new Set(failed)]));
await engine.close();
