import { type ErrorPolicy, type PipeHaltedError, pipe, routeTo } from "slither-ts";
import { expect, test } from "vitest";
import { sharedSession } from "../helpers/engine.js";
import { upTo } from "./inputs.js";
import { consume, expectBalance } from "./runs.js";

const session = sharedSession();

const checking = pipe<number>("p").python<number>("check", {
  module: "sets_aside",
  function: "check",
  batch: { size: 4 },
});

test.each<ErrorPolicy>(["halt", "reject", routeTo("late")])(
  "what a Python function gives back as Rejected is rejected with its reason, in one try, whatever the policy",
  async (policy) => {
    const run = checking.onError("check", policy).run(upTo(6), { session: session() });
    const { outputs, rejected, ledger, stats } = await run.collect();
    expect(outputs.default?.map(({ id, payload }) => [id, payload])).toEqual(
      [0, 2, 4].map((n) => [n, n * 10]),
    );
    expect(rejected.map(({ id, reason, attempts }) => [id, reason, attempts])).toEqual(
      [1, 3, 5].map((n) => [n, `${n} is odd`, 1]),
    );
    expect(rejected[0]?.error).toMatchObject({ code: "SLITHER_RECORD_REJECTED" });
    expect(stats.stages.check?.batches).toBe(2);
    expectBalance(ledger);
  },
);

test("Rejected that is raised is a failure of its batch, with what it says as the reason", async () => {
  const records = [10, 13, 12];
  const { rejected } = await checking
    .onError("check", "reject")
    .run(records, { session: session() })
    .collect();
  expect(rejected).toMatchObject([{ id: 1, reason: "unlucky", error: { code: "SLITHER_PYTHON" } }]);
  const { thrown } = await consume(checking.run(records, { session: session() }));
  expect(thrown).toMatchObject({ status: "halted", stage: "check" });
  expectBalance((thrown as PipeHaltedError).ledger);
});
