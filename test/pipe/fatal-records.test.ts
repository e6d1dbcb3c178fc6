// biome-ignore-all lint/suspicious/noThenProperty: `then` is an option of retry().

import { join } from "node:path";
import {
  deadLetter,
  type PipeHaltedError,
  pipe,
  type Rejection,
  readLetters,
  retry,
  routeTo,
} from "slither-ts";
import { expect, test } from "vitest";
import { deferred } from "../dispatch/deferred.js";
import { sharedEngine } from "../helpers/engine.js";
import { temporaryFolder } from "../helpers/temporary.js";
import { upTo } from "./inputs.js";
import { consume, expectBalance } from "./runs.js";

const engine = sharedEngine();

type Fate = "abort" | "leave" | "hang" | "memory" | "raise";
type Payload = number | readonly [number, Fate];

const scoring = pipe<Payload>("p", { id: (payload) => (typeof payload === "number" ? payload : payload[0]) })
  .python<number>("predict", {
    module: "fatal_records",
    function: "predict",
    batch: { size: 10 },
    timeout: "400ms",
  })
  .onError("predict", "reject");

/** The numbers up to 60, some of which meet a fate. */
function withFates(fates: Readonly<Record<number, Fate>>): Payload[] {
  return upTo(60).map((n) => (fates[n] === undefined ? n : [n, fates[n]]));
}

function summed({ id, error, attempts }: Rejection): unknown {
  const { code, signal, exitCode, pythonType } = error as unknown as Record<string, unknown>;
  return { id, code, signal, exitCode, pythonType, tried: attempts > 0 };
}

const EXPECTED: Readonly<Record<Fate, object>> = {
  abort: { code: "SLITHER_WORKER_DIED", signal: "SIGABRT", exitCode: null },
  leave: { code: "SLITHER_WORKER_DIED", signal: null, exitCode: 7 },
  hang: { code: "SLITHER_CALL_TIMEOUT" },
  memory: { code: "SLITHER_PYTHON", pythonType: "MemoryError" },
  raise: { code: "SLITHER_PYTHON", pythonType: "ValueError" },
};

const ALL: Readonly<Record<number, Fate>> = {
  3: "abort",
  14: "raise",
  17: "leave",
  25: "hang",
  41: "memory",
  59: "abort",
};

test.each([undefined, 2])(
  "records that abort, leave, hang, raise and need too much memory are rejected alone, each with its own error (replicas: %s)",
  async (replicas) => {
    const session = await engine().session();
    const run = scoring.run(withFates(ALL), { session, replicas });
    const { items, thrown } = await consume(run);
    expect(thrown).toBeUndefined();
    const { rejected, ledger } = await run.done;
    expect(items.map(({ id, payload }) => [id, payload])).toEqual(
      upTo(60).flatMap((n) => (n in ALL ? [] : [[n, n * 10]])),
    );
    expect(rejected.map(summed)).toMatchObject(
      Object.entries(ALL).map(([n, fate]) => ({ id: Number(n), tried: true, ...EXPECTED[fate] })),
    );
    expectBalance(ledger);
    expect(await session.call("fatal_records", "pid")).toBe(session.pid);
    expect(await session.call("fatal_records", "predict", [[4]])).toEqual([40]);
  },
);

test.each(["abort", "leave", "hang", "raise"] as const)(
  "several that %s in one batch are each found",
  async (fate) => {
    const session = await engine().session();
    const fates = Object.fromEntries([20, 21, 26, 29].map((n) => [n, fate]));
    const { outputs, rejected, ledger } = await scoring.run(withFates(fates), { session }).collect();
    expect(outputs.default).toHaveLength(56);
    expect(rejected.map(summed)).toMatchObject([20, 21, 26, 29].map((id) => ({ id, ...EXPECTED[fate] })));
    expectBalance(ledger);
  },
);

test("what has killed its process once is not tried again in the run, and says so", async () => {
  const session = await engine().session();
  const fatal: Payload = [5, "abort"];
  const found = deferred();
  async function* records(): AsyncGenerator<Payload> {
    for (const n of upTo(40)) {
      if (n === 20) await found.promise;
      yield n === 5 || n === 25 || n === 26 ? fatal : n;
    }
  }
  const run = pipe<Payload>("p")
    .python<number>("predict", { module: "fatal_records", function: "predict", batch: { size: 5 } })
    .onError("predict", "reject")
    .run(records(), { session });
  const rejected: Rejection[] = [];
  const reading = (async () => {
    for await (const each of run.rejected) {
      rejected.push(each);
      found.resolve();
    }
  })();
  const { ledger } = await run.collect();
  await reading;
  expect(rejected.map(({ id }) => id)).toEqual([5, 25, 26]);
  expect(rejected.map(({ error }) => (error as { code?: string }).code)).toEqual([
    "SLITHER_WORKER_DIED",
    "SLITHER_POISONED_RECORD",
    "SLITHER_POISONED_RECORD",
  ]);
  expect(rejected.slice(1).map(({ attempts }) => attempts)).toEqual([0, 0]);
  expectBalance(ledger);
});

test("the search takes place in probes, and the session's own process dies once at the most for each batch", async () => {
  const session = await engine().session();
  const run = scoring.run(withFates({ 12: "abort" }), { session });
  const failures: boolean[] = [];
  run.on("batch-failure", ({ probe }) => failures.push(probe));
  await run.collect();
  expect(failures.filter((probe) => !probe)).toHaveLength(1);
  expect(failures.filter((probe) => probe).length).toBeGreaterThan(0);
});

test("what kills its process goes to an output where the policy says so, past the stages behind", async () => {
  const session = await engine().session();
  const run = pipe<Payload>("p")
    .python<number>("predict", { module: "fatal_records", function: "predict", batch: { size: 10 } })
    .python<number>("again", { module: "fatal_records", function: "predict", batch: { size: 7 } })
    .onError("predict", retry({ attempts: 2, backoff: 1, then: routeTo("fatal") }))
    .run(withFates({ 30: "leave" }), { session });
  const { outputs, ledger } = await run.collect();
  expect(outputs.fatal).toMatchObject([
    { id: 30, payload: [30, "leave"], failure: { stage: "predict", error: { exitCode: 7 } } },
  ]);
  expect(outputs.default.map(({ payload }) => payload)).toEqual(
    upTo(60).flatMap((n) => (n === 30 ? [] : [n * 100])),
  );
  expectBalance(ledger);
});

test("under halt, a record that aborts ends the run, and the session comes back", async () => {
  const session = await engine().session();
  const run = scoring.onError("predict", "halt").run(withFates({ 25: "abort" }), { session });
  const { items, thrown } = await consume(run);
  expect(items).toHaveLength(20);
  expect((thrown as PipeHaltedError).cause).toMatchObject({ signal: "SIGABRT" });
  expectBalance((thrown as PipeHaltedError).ledger);
  expect(await session.call("fatal_records", "predict", [[4]])).toEqual([40]);
});

test("a dead-letter file has the signal and the exit code, and its records can be replayed", async () => {
  const session = await engine().session();
  const file = join(temporaryFolder(), "rejected.jsonl");
  await scoring
    .run(withFates({ 3: "abort", 17: "leave" }), { session, deadLetter: deadLetter(file) })
    .collect();
  const letters = [];
  for await (const { id, signal, exitCode, errorClass } of readLetters(file))
    letters.push({ id, signal, exitCode, errorClass });
  expect(letters).toEqual([
    { id: 3, signal: "SIGABRT", exitCode: undefined, errorClass: "WorkerDiedError" },
    { id: 17, signal: undefined, exitCode: 7, errorClass: "WorkerDiedError" },
  ]);
  const again = await scoring.replay(file, { session }).collect();
  expect(again.rejected.map(({ id }) => id)).toEqual([3, 17]);
});
