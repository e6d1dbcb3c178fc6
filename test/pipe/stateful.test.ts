import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type PipeHaltedError, pipe, SessionRolledBackError, WorkerDiedError } from "slither-ts";
import { expect, test } from "vitest";
import { sharedEngine } from "../helpers/engine.js";
import { nextEvent } from "../helpers/events.js";
import { rejection } from "../helpers/rejection.js";
import { temporaryFolder } from "../helpers/temporary.js";
import { upTo } from "./inputs.js";
import { killed } from "./killed.js";
import { consume, expectBalance, payloadsOf } from "./runs.js";

const engine = sharedEngine();

type Fated = number | readonly [number: number, fate: string, switchFile: string];

/** Gives each record the number of records before it, which it counts in a global. */
const counting = pipe<Fated>("counting").python<number>("count", {
  module: "fated_model",
  function: "count",
  batch: { size: 5 },
  stateful: true,
});

/** As many records, of which one kills its worker. */
function withDeathAt(position: number, count: number): Fated[] {
  const switchFile = join(temporaryFolder(), "switch");
  writeFileSync(switchFile, "");
  return upTo(count).map((n) => (n === position ? [n, "SIGKILL", switchFile] : n));
}

test("batches of a stateful stage are each sent once, in order, to one process", async () => {
  const session = await engine().session();
  expect(await payloadsOf(counting.run(upTo(103), { session }))).toEqual(upTo(103));
  expect(await session.call("fated_model", "scored")).toBe(103);
});

test("a worker that dies ends the run in its stage, and what is not finished is accounted for", async () => {
  const session = await engine().session();
  const { items, thrown } = await consume(counting.run(withDeathAt(22, 60), { session }));
  expect(items.map(({ payload }) => payload)).toEqual(upTo(20));
  const { cause, stage, ledger } = thrown as PipeHaltedError;
  expect(cause).toBeInstanceOf(WorkerDiedError);
  expect({ stage, out: ledger.out, rejected: ledger.rejected }).toEqual({
    stage: "count",
    out: 20,
    rejected: 0,
  });
  expectBalance(ledger);
});

test("a worker that dies ends the run under reject too, and rejects no record", async () => {
  const session = await engine().session();
  const run = counting.onError("*", "reject").run(withDeathAt(22, 60), { session });
  const { thrown } = await consume(run);
  expect(thrown).toMatchObject({ status: "halted", stage: "count", ledger: { out: 20, rejected: 0 } });
});

test("the next call is told that the session went back to its state before the run, once", async () => {
  const session = await engine().session();
  await consume(counting.run(withDeathAt(22, 60), { session }));
  const told = await rejection(session.call("fated_model", "scored"), SessionRolledBackError);
  expect(told).toMatchObject({ from: "checkpoint", lostCount: 4 });
  expect(told.lostCalls).toEqual(Array(4).fill("fated_model.count"));
  expect(await session.call("fated_model", "scored")).toBe(0);
});

test("a batch that raises is not searched under reject: all its records are rejected, and the run goes on", async () => {
  const session = await engine().session();
  const failing = pipe<number>("failing")
    .python<number>("predict", {
      module: "batch_fate",
      function: "raise_at_seven",
      batch: { size: 5 },
      stateful: true,
    })
    .onError("*", "reject");
  const run = failing.run(upTo(20), { session });
  const sizes: number[] = [];
  run.on("batch-start", ({ size }) => sizes.push(size));
  const { outputs, rejected, ledger } = await run.collect();
  expect(rejected.map(({ id }) => id)).toEqual([5, 6, 7, 8, 9]);
  expect(outputs.default).toHaveLength(15);
  expect(sizes).toEqual([5, 5, 5, 5]);
  expectBalance(ledger);
});

test.each(["report", "accept-rollback"] as const)(
  "a session that goes back to an earlier state between two batches ends the run, under recovery %j",
  async (recovery) => {
    const session = await engine().session({ recovery });
    async function* input(): AsyncGenerator<number> {
      const answered = nextEvent(engine(), "batch-stop", (event) => event.session === session.id);
      yield* upTo(5);
      await answered;
      await killed(engine(), session);
      yield* upTo(10).slice(5);
    }
    const { items, thrown } = await consume(counting.run(input(), { session }));
    expect(items.map(({ payload }) => payload)).toEqual(upTo(5));
    const { cause, stage, ledger } = thrown as PipeHaltedError;
    expect(cause).toBeInstanceOf(SessionRolledBackError);
    expect(cause).toMatchObject({ lostCalls: ["fated_model.count"] });
    expect(stage).toBe("count");
    expectBalance(ledger);
  },
);

test("a session that goes back to an earlier state ends the run, also when another call was told of it first", async () => {
  const session = await engine().session();
  async function* input(): AsyncGenerator<number> {
    const answered = nextEvent(engine(), "batch-stop", (event) => event.session === session.id);
    yield* upTo(5);
    await answered;
    await killed(engine(), session);
    await rejection(session.call("fated_model", "scored"), SessionRolledBackError);
    yield* upTo(10).slice(5);
  }
  const { items, thrown } = await consume(counting.run(input(), { session }));
  expect(items).toHaveLength(5);
  expect((thrown as PipeHaltedError).cause).toBeInstanceOf(SessionRolledBackError);
});

test("a session that comes back with nothing lost goes on with the run", async () => {
  const session = await engine().session();
  async function* input(): AsyncGenerator<number> {
    const answered = nextEvent(engine(), "batch-stop", (event) => event.session === session.id);
    yield* upTo(5);
    await answered;
    await session.checkpoint();
    await killed(engine(), session);
    yield* upTo(10).slice(5);
  }
  expect(await payloadsOf(counting.run(input(), { session }))).toEqual(upTo(10));
});

test("a run with a stateful stage makes its session one that has changed: it is told, should that be lost later", async () => {
  const session = await engine().session({ checkpoint: "manual" });
  await session.checkpoint();
  await payloadsOf(counting.run(upTo(5), { session }));
  const back = nextEvent(engine(), "session-recovery", (event) => event.session === session.id);
  process.kill(session.pid as number, "SIGKILL");
  expect(await back).toMatchObject({ lostCalls: ["fated_model.count"], lostCount: 1 });
});
