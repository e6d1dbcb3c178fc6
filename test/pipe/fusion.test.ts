// biome-ignore-all lint/suspicious/noThenProperty: `then` is an option of retry().
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  deadLetter,
  live,
  type PipeHaltedError,
  pipe,
  type Rejection,
  type Run,
  readLetters,
  reject,
  retry,
  routeTo,
  TooManyRejectedError,
} from "slither-ts";
import { describe, expect, test } from "vitest";
import { sharedEngine } from "../helpers/engine.js";
import { temporaryFolder } from "../helpers/temporary.js";
import { Broker } from "./broker.js";
import {
  booksOf,
  type Fated,
  type Features,
  FUSED_STAGES,
  fatedUpTo,
  labelsOf,
  scoring,
  without,
} from "./fused-pipes.js";
import { upTo } from "./inputs.js";
import { consume, expectBalance, haltOf, payloadsOf } from "./runs.js";

const engine = sharedEngine();

/** The stages that batches were sent for, one for each trip. */
function tripsOf(run: Pick<Run, "on">): { stage: string; size: number }[] {
  const trips: { stage: string; size: number }[] = [];
  run.on("batch-start", ({ stage, size }) => trips.push({ stage, size }));
  return trips;
}

describe("stages that are fused", () => {
  test.each([false, true])(
    "make one trip for a batch, with a tap between them; one by one: %s",
    async (each) => {
      const seen: Features[] = [];
      const session = await engine().session();
      const run = scoring({ each, tap: (features) => seen.push(features) }).run(fatedUpTo(12), { session });
      const trips = tripsOf(run);
      const { outputs, ledger, stats } = await run.collect();
      expect(outputs.default.map(({ payload }) => payload)).toEqual(labelsOf(upTo(12)));
      expect(trips).toEqual([5, 5, 2].map((size) => ({ stage: "featurize", size })));
      expect(seen).toMatchObject(upTo(12).map((n) => ({ n, feature: n * 10 })));
      expect(booksOf(ledger)).toEqual({
        featurize: [12, 12, 0],
        remember: [12, 12, 0],
        predict: [12, 12, 0],
      });
      expectBalance(ledger);
      expect(stats.stages).toMatchObject({ featurize: { batches: 3 }, predict: { batches: 3 } });
    },
  );

  test("make a trip each where one says `fuse: false`, and come to the same", async () => {
    const session = await engine().session();
    const run = scoring({ fuse: false }).run(fatedUpTo(12), { session });
    const trips = tripsOf(run);
    expect(await payloadsOf(run)).toEqual(labelsOf(upTo(12)));
    expect(trips.filter(({ stage }) => stage === "featurize")).toHaveLength(3);
    expect(trips.filter(({ stage }) => stage === "predict")).toHaveLength(1);
  });

  test("each tell that they began and ended, with what they took and gave", async () => {
    const session = await engine().session();
    const run = scoring()
      .onError("*", "reject")
      .run(fatedUpTo(6, { 2: { second: "raise" } }), { session });
    const told: unknown[] = [];
    run.on("stage-start", ({ stage, kind }) => told.push(["start", stage, kind]));
    run.on("stage-stop", ({ stage, in: taken, out, rejected }) => told.push([stage, taken, out, rejected]));
    await run.collect();
    expect(told).toEqual([
      ["start", "featurize", "python"],
      ["start", "remember", "tap"],
      ["start", "predict", "python"],
      ["featurize", 6, 6, 0],
      ["remember", 6, 6, 0],
      ["predict", 6, 5, 1],
    ]);
  });

  test("share the replicas of a run", async () => {
    const session = await engine().session();
    const run = scoring().run(fatedUpTo(60), { session, replicas: 2 });
    expect(await payloadsOf(run)).toEqual(labelsOf(upTo(60)));
  });
});

describe.each(FUSED_STAGES)("a record that leaves in $stage", ({ stage, fate, entry }) => {
  /** What stands in the books of the three stages when one of 12 has left here. */
  const books =
    fate === "first"
      ? { featurize: [12, 11, 1], remember: [11, 11, 0], predict: [11, 11, 0] }
      : { featurize: [12, 12, 0], remember: [12, 12, 0], predict: [12, 11, 1] };
  const input = (what: string): Fated[] => fatedUpTo(12, { 7: { [fate]: what } });

  test.each([
    ["give back Rejected", false],
    ["give back Rejected", true],
    ["raise Rejected", false],
    ["raise Rejected", true],
    ["raise", false],
    ["raise", true],
  ])("because its code is to %s (each: %s) is rejected by that stage alone", async (what, each) => {
    const session = await engine().session();
    const run = scoring({ each }).onError("*", "reject").run(input(what), { session });
    const { outputs, rejected, ledger } = await run.collect();
    expect(outputs.default.map(({ payload }) => payload)).toEqual(labelsOf(without(12, 7)));
    const reason = what === "raise" ? expect.stringContaining("ValueError: 7 is bad") : "7 has no label";
    expect(rejected).toMatchObject(
      [{ id: 7, stage, reason, payload: { n: 7, [fate]: what }, error: { stage } }].map(
        ({ error, ...rest }) => (what === "raise" ? { ...rest, error } : rest),
      ),
    );
    expect(rejected[0]?.entry).toBe(entry);
    expect(booksOf(ledger)).toEqual(books);
    expectBalance(ledger);
  });

  test("halts the run in that stage under halt; the batches before are given out", async () => {
    const session = await engine().session();
    const { items, thrown } = await consume(scoring().run(input("raise"), { session }));
    expect(items.map(({ payload }) => payload)).toEqual(labelsOf(upTo(5)));
    expect(thrown).toMatchObject({ status: "halted", stage, cause: { stage, pythonType: "ValueError" } });
    expectBalance((thrown as PipeHaltedError).ledger);
  });

  test("is one more than may be rejected there: the run halts in that stage", async () => {
    const session = await engine().session();
    const records = fatedUpTo(12, { 3: { [fate]: "raise" }, 7: { [fate]: "raise Rejected" } });
    const error = await haltOf(
      scoring({ each: true })
        .onError("*", "reject")
        .onError(stage, reject({ max: 1 }))
        .run(records, { session }),
    );
    expect(error).toMatchObject({ stage, cause: { max: 1, stage, id: 7 } });
    expect(error.cause).toBeInstanceOf(TooManyRejectedError);
    expect(error.outputs.default?.map(({ id }) => id)).toEqual(without(7, 3));
    expect(error.ledger.stages[stage]?.rejected).toBe(1);
    expectBalance(error.ledger);
  });

  test.each([false, true])(
    "for a while comes through when it is tried again; one by one: %s",
    async (each) => {
      const session = await engine().session();
      const seen: number[] = [];
      const run = scoring({ each, tap: ({ n }) => seen.push(n) })
        .onError("*", retry({ on: ["ConnectionError"], backoff: 1, then: "reject" }))
        .run(input("fail once"), { session });
      const { outputs, ledger } = await run.collect();
      expect(outputs.default.map(({ payload }) => payload)).toEqual(labelsOf(upTo(12)));
      expect(ledger).toMatchObject({ out: 12, rejected: 0 });
      expectBalance(ledger);
      // One that failed by itself had been shown before, where it failed behind the tap.
      expect(seen.filter((n) => n === 7)).toHaveLength(each && fate === "second" ? 2 : 1);
    },
  );

  test("because it kills its process is found, and the others come through", async () => {
    const session = await engine().session();
    const run = scoring().onError("*", "reject").run(input("kill"), { session });
    const { outputs, rejected, ledger } = await run.collect();
    expect(outputs.default.map(({ payload }) => payload)).toEqual(labelsOf(without(12, 7)));
    expect(rejected).toMatchObject([{ id: 7, stage, error: { code: "SLITHER_WORKER_DIED" } }]);
    expect(rejected[0]?.entry).toBe(entry);
    expect(booksOf(ledger)).toEqual(books);
    expectBalance(ledger);
  });

  test("because an equal one has killed its process before, is rejected by the same stage, untried", async () => {
    const session = await engine().session();
    let tell = (): void => {};
    const known = new Promise<void>((resolve) => {
      tell = resolve;
    });
    async function* records() {
      yield* input("kill");
      yield* fatedUpTo(20, { 12: { [fate]: "kill" } }).slice(12);
      // Before that an equal one would be searched for by itself.
      await known;
      yield* input("kill");
    }
    const run = scoring({ size: 1 }).onError("*", "reject").run(records(), { session });
    const rejected: Rejection[] = [];
    const reading = (async () => {
      for await (const rejection of run.rejected) if (rejected.push(rejection) === 2) tell();
    })();
    const { ledger } = await run.collect();
    await reading;
    expect(rejected).toMatchObject([
      { id: 7, stage, error: { code: "SLITHER_WORKER_DIED" } },
      { id: 12, stage, error: { code: "SLITHER_WORKER_DIED" } },
      { id: 7, stage, error: { code: "SLITHER_POISONED_RECORD" } },
    ]);
    expectBalance(ledger);
  });

  test("because it kills its process each time halts the run in that stage under halt", async () => {
    const session = await engine().session();
    const error = await haltOf(scoring().run(input("kill"), { session }));
    expect(error).toMatchObject({ stage, cause: { code: "SLITHER_WORKER_DIED", signal: "SIGKILL" } });
    expect(error.message).toContain(`during fused.${stage}`);
    expectBalance(error.ledger);
  });

  test.each(["halt", "reject"] as const)(
    "with its process, once, comes through under %s: nothing of that is seen",
    async (policy) => {
      const session = await engine().session();
      const file = join(temporaryFolder(), "once");
      writeFileSync(file, "");
      const run = scoring()
        .onError("*", policy)
        .run(input(`kill once: ${file}`), { session });
      expect(await payloadsOf(run)).toEqual(labelsOf(upTo(12)));
      expect((await run.done).ledger).toMatchObject({ out: 12, rejected: 0, balanced: true });
    },
  );

  test("goes in again where its batch did, with the payload of that, and stage after stage", async () => {
    const file = join(temporaryFolder(), "rejected.jsonl");
    const session = await engine().session();
    await scoring()
      .onError("*", "reject")
      .run(input("raise"), { session, deadLetter: deadLetter(file) })
      .collect();
    const letters = [];
    for await (const letter of readLetters(file)) letters.push(letter);
    expect(letters).toMatchObject([{ id: 7, stage, payload: { n: 7, [fate]: "raise" } }]);
    expect(letters[0]?.entry).toBe(entry);

    await session.call("fused", "calm");
    const seen: number[] = [];
    const replay = scoring({ tap: ({ n }) => seen.push(n) }).replay(file, { session });
    const trips = tripsOf(replay);
    const { outputs, ledger } = await replay.collect();
    expect(outputs.default.map(({ payload }) => payload)).toEqual(labelsOf([7]));
    expect(trips.map((trip) => trip.stage)).toEqual(["featurize", "predict"]);
    expect(seen).toEqual([7]);
    expectBalance(ledger, { entered: { featurize: 1 } });
  });

  test("goes back to its live source where the run halts, with all of its batch", async () => {
    const session = await engine().session();
    const broker = new Broker(input("raise"));
    await haltOf(scoring().run(live(broker.deliveries), { session }));
    expect(broker.acked.map(({ n }) => n)).toEqual([]);
    expect(broker.nacked.map(({ n }) => n)).toContain(7);
    expect(new Set(broker.told.map(({ record }) => record.n)).size).toBe(broker.told.length);
  });

  test("is acknowledged to its live source when it is rejected, and so are the others, each once", async () => {
    const session = await engine().session();
    const broker = new Broker(input("raise"));
    const items = await payloadsOf(
      scoring()
        .onError("*", "reject")
        .run(live(broker.deliveries), {
          session,
          deadLetter: deadLetter(join(temporaryFolder(), "a.jsonl")),
        }),
    );
    expect(items).toEqual(labelsOf(without(12, 7)));
    expect(broker.nacked).toEqual([]);
    expect(broker.acked.map(({ n }) => n).sort((one, other) => one - other)).toEqual(upTo(12));
  });
});

test("where a later stage fails with its whole batch, the run halts there, whatever failed before by itself", async () => {
  const session = await engine().session();
  const options = { module: "fused", batch: { size: 5 } };
  const made = pipe<Fated>("p")
    .python<Features>("featurize", { ...options, function: "featurize_one", each: true })
    .python("predict", { ...options, function: "predict" });
  const records = fatedUpTo(5, { 1: { first: "raise" }, 3: { second: "raise" } });
  const { stage, ledger } = await haltOf(made.run(records, { session }));
  expect(stage).toBe("predict");
  expect(ledger.stages.featurize).toMatchObject({ unfinished: 5, rejected: 0 });
});

test("where records of a trip fail by themselves in both stages, the run halts in the first of these", async () => {
  const session = await engine().session();
  const records = fatedUpTo(5, { 1: { second: "raise" }, 3: { first: "raise" } });
  const { stage } = await haltOf(scoring({ each: true }).run(records, { session }));
  expect(stage).toBe("featurize");
});

test("what fails in the first of fused stages may go to an output, with what it was given", async () => {
  const session = await engine().session();
  const records = fatedUpTo(6, { 2: { first: "raise" }, 4: { second: "raise" } });
  const built = scoring().onError("*", "reject").onError("featurize", routeTo("late"));
  const run = built.run(records, { session });
  const trips = tripsOf(run);
  const { outputs, rejected, ledger } = await run.collect();
  expect(outputs.late).toMatchObject([
    { id: 2, payload: { n: 2, first: "raise" }, failure: { stage: "featurize" } },
  ]);
  expect(outputs.default.map(({ id }) => id)).toEqual([0, 1, 3, 5]);
  expect(rejected).toMatchObject([{ id: 4, stage: "predict" }]);
  expect(new Set(trips.map(({ stage }) => stage))).toEqual(new Set(["featurize"]));
  expectBalance(ledger);
});
