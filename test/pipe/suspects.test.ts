import { pipe } from "slither-ts";
import { expect, test } from "vitest";
import { z } from "zod";
import { sharedEngine } from "../helpers/engine.js";
import { upTo } from "./inputs.js";
import { expectBalance } from "./runs.js";

const engine = sharedEngine();

type Payload = number | readonly [number, "abort" | "hang"];

const MODULE = "fatal_records";

const withOne = (id: number, fate: "abort" | "hang"): Payload[] =>
  upTo(64).map((n) => (n === id ? [n, fate] : n));

const idOf = (payload: Payload): number => (typeof payload === "number" ? payload : payload[0]);

test.each([
  ["abort", "SLITHER_WORKER_DIED", 3, "no schema", {}],
  ["abort", "SLITHER_WORKER_DIED", 3, "a schema", { output: z.number() }],
  ["hang", "SLITHER_CALL_TIMEOUT", 2, "no schema", {}],
] as const)(
  "where the function takes one record, the one that makes it %s (%s, %i tries, %s behind it) is known at once, and not searched for in halves",
  async (fate, code, tries, _, options) => {
    const session = await engine().session();
    const run = pipe<Payload>("p", { id: idOf })
      .python<number>("predict", {
        module: MODULE,
        function: "predict_one",
        each: true,
        batch: { size: 64 },
        timeout: "3s",
        ...options,
      })
      .onError("predict", "reject")
      .run(withOne(41, fate), { session });
    let failures = 0;
    run.on("batch-failure", () => {
      failures += 1;
    });
    const { outputs, rejected, ledger } = await run.collect();
    expect(outputs.default.map(({ payload }) => payload)).toEqual(
      upTo(64).flatMap((n) => (n === 41 ? [] : [n * 10])),
    );
    expect(rejected).toMatchObject([{ id: 41, stage: "predict", error: { code } }]);
    expect(failures).toBe(tries);
    expectBalance(ledger);
  },
);

test("a deadline holds also where user code has replaced the clock of Python", async () => {
  const session = await engine().session();
  const { outputs, rejected } = await pipe<number>("p")
    .python<number>("predict", {
      module: "replaced_clock",
      function: "hangs_at_7",
      batch: { size: 1 },
      timeout: "2s",
    })
    .onError("predict", "reject")
    .run(upTo(9), { session })
    .collect();
  expect(outputs.default).toHaveLength(8);
  expect(rejected).toMatchObject([{ id: 7, error: { code: "SLITHER_CALL_TIMEOUT" } }]);
});

const fused = (deadlines: readonly [string, string]) =>
  pipe<Payload>("p", { id: idOf })
    .python<Payload>("pass", {
      module: MODULE,
      function: "pass_on",
      batch: { size: 8 },
      timeout: deadlines[0] as "1s",
    })
    .python<number>("predict", { module: MODULE, function: "predict", timeout: deadlines[1] as "1s" })
    .onError("*", "reject");

test.each(["abort", "hang"] as const)(
  "of fused stages the one that a record makes %s is named, with what was given to the first of them",
  async (fate) => {
    const session = await engine().session();
    const { rejected, ledger } = await fused(["5m", "2s"]).run(withOne(9, fate), { session }).collect();
    const called = { abort: { during: "fatal_records.predict" }, hang: { target: "fatal_records.predict" } }[
      fate
    ];
    expect(rejected).toMatchObject([
      { id: 9, stage: "predict", entry: "pass", payload: [9, fate], error: called },
    ]);
    expect(ledger.stages).toMatchObject({
      pass: { in: 64, out: 64, rejected: 0 },
      predict: { in: 64, out: 63, rejected: 1 },
    });
    expectBalance(ledger);
  },
);

test("a stage that is fused has its own deadline, from when it begins", async () => {
  const session = await engine().session();
  const { ledger } = await pipe<number>("p")
    .python<number>("slow", {
      module: "paced",
      function: "slow",
      batch: { size: 1 },
      timeout: "10s",
    })
    .python<number>("quick", { module: "paced", function: "quick", timeout: "1s" })
    .onError("*", "reject")
    .run([1.5], { session })
    .collect();
  expect(ledger).toMatchObject({ out: 1, rejected: 0 });
});
