import { pipe } from "slither-ts";
import { expect, test } from "vitest";
import { testEngine } from "../helpers/engine.js";
import { expectBalance } from "../pipe/runs.js";
import { printedRandom } from "./random.js";

const RUNS = 60;
const RECORDS = 5_000;
const EVERY = 997;
const SIGNALS = ["SIGKILL", "SIGSEGV", "SIGTERM", "SIGABRT"] as const;

const squares = pipe<number>("squares")
  .python<{ value: number; square: number }>("square", {
    module: "soak_work",
    function: "square",
    batch: { size: 50 },
  })
  .python<{ value: number; square: number; even: boolean }>("keep_even", {
    module: "soak_work",
    function: "keep_even",
    batch: { size: 70 },
  })
  .onError("*", "reject");

const values = Array.from({ length: RECORDS }, (_, value) => value);
const isBad = (value: number): boolean => value % EVERY === EVERY - 1;

test(`${RUNS} runs of two python stages whose worker dies at a random batch: complete, in order, the bad records rejected once`, async () => {
  const random = printedRandom();
  const engine = await testEngine();
  let recoveries = 0;
  engine.on("session-recovery", () => {
    recoveries += 1;
  });
  for (let index = 0; index < RUNS; index++) {
    const session = await engine.session();
    const signal = SIGNALS[index % SIGNALS.length] ?? "SIGKILL";
    const atBatch = 1 + random.below(150);
    const run = squares.run(values, { session });
    let batches = 0;
    run.on("batch-start", () => {
      batches += 1;
      if (batches === atBatch) process.kill(session.pid as number, signal);
    });
    const { outputs, rejected, ledger, status } = await run.collect();
    expect(outputs.default.map(({ payload }) => payload)).toEqual(
      values
        .filter((value) => !isBad(value))
        .map((value) => ({ value, square: value ** 2, even: value % 2 === 0 })),
    );
    expect(rejected.map(({ id }) => id)).toEqual(values.filter(isBad));
    expect({ status, unfinished: ledger.unfinished }).toEqual({ status: "completed", unfinished: 0 });
    expectBalance(ledger);
    expect(session.state).toBe("ready");
    await session.close();
  }
  expect(recoveries).toBe(RUNS);
});

test(`${RUNS} runs on three replicas, of which a random one dies at a random batch: complete, in order, the bad records rejected once`, async () => {
  const random = printedRandom();
  const engine = await testEngine();
  let recoveries = 0;
  engine.on("session-recovery", () => {
    recoveries += 1;
  });
  const session = await engine.session();
  for (let index = 0; index < RUNS; index++) {
    const atOutput = random.below(RECORDS - 1_000);
    const pids = pipe<number>("pids").python<number>("pids", {
      module: "batch_fate",
      function: "pids",
      batch: { size: 1 + random.below(40) },
    });
    const run = pids.run(values, { session, replicas: 3 });
    const signal = random.of(SIGNALS);
    const ids: unknown[] = [];
    for await (const { id, payload } of run) {
      ids.push(id);
      if (ids.length - 1 === atOutput) killIfAlive(payload, signal);
    }
    expect(ids).toEqual(values);
    const { status, ledger } = await run.done;
    expect({ status, unfinished: ledger.unfinished }).toEqual({ status: "completed", unfinished: 0 });
    expectBalance(ledger);
  }
  expect(recoveries).toBeGreaterThan(RUNS / 2);
});

/** One that was killed when it had nothing more to do may be gone with its run already. */
function killIfAlive(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    expect((error as NodeJS.ErrnoException).code).toBe("ESRCH");
  }
}
