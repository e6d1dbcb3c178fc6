import {
  BatchResultError,
  type PipeHaltedError,
  PythonError,
  pipe,
  type Session,
  TooManyRejectedError,
  ValueNotSupportedError,
} from "slither-ts";
import { expect, test } from "vitest";
import { inlineSession } from "./inline-session.js";
import { asyncNumbers, upTo } from "./inputs.js";
import { consume, expectBalance, haltOf } from "./runs.js";

const refuse =
  (bad: ReadonlySet<number>) =>
  (payloads: number[]): number[] =>
    payloads.map((n) => {
      if (bad.has(n)) throw new RangeError(`${n} is bad`);
      return n * 10;
    });

function scoring(size: number) {
  return pipe<number>("p")
    .python<number>("predict", { module: "model", function: "predict", batch: { size } })
    .onError("predict", "reject");
}

test("only the records that fail are rejected, the others are delivered in order", async () => {
  const session = await inlineSession({ predict: refuse(new Set([3, 4, 11])) });
  const { outputs, rejected, ledger, status } = await scoring(5).run(upTo(12), { session }).collect();
  const good = upTo(12).filter((n) => ![3, 4, 11].includes(n));
  expect(outputs.default.map(({ payload }) => payload)).toEqual(good.map((n) => n * 10));
  expect(rejected.map(({ id }) => id)).toEqual([3, 4, 11]);
  expect(ledger).toMatchObject({ in: 12, out: 9, rejected: 3, unfinished: 0 });
  expect(status).toBe("completed");
  expectBalance(ledger);
});

test("a rejection has the record, its stage, the reason and the traceback", async () => {
  const session = await inlineSession({ predict: refuse(new Set([20])) });
  const run = pipe<{ n: number }>("p", { id: ({ n }) => `r-${n}` })
    .node("clean", ({ n }, { meta }) => {
      meta.cleaned = true;
      return n * 10;
    })
    .python<number>("predict", { module: "model", function: "predict" })
    .onError("*", "reject")
    .run([{ n: 1 }, { n: 2 }], { session });
  const { rejected } = await run.collect();
  expect(rejected).toEqual([
    {
      id: "r-2",
      stage: "predict",
      reason: "session inline: stage predict: model.predict raised RangeError: 20 is bad",
      error: expect.any(PythonError),
      traceback: expect.stringContaining("RangeError: 20 is bad"),
      attempts: 2,
      payload: 20,
      input: { n: 2 },
      meta: { cleaned: true },
    },
  ]);
});

test("when every record fails, all are rejected and none goes to an output", async () => {
  const session = await inlineSession({ predict: refuse(new Set(upTo(10))) });
  const { outputs, rejected, ledger } = await pipe<number>("p")
    .python<number>("predict", { module: "model", function: "predict", batch: { size: 4 } })
    .route("split", [["all", () => true]])
    .onError("predict", "reject")
    .run(upTo(10), { session })
    .collect();
  expect(outputs).toEqual({ all: [], default: [] });
  expect(rejected.map(({ id }) => id)).toEqual(upTo(10));
  expectBalance(ledger);
});

test("a node function or a predicate that throws rejects its record alone", async () => {
  const { outputs, rejected, ledger } = await pipe<number>("p")
    .node("check", async (n) => {
      if (n === 1) throw new Error("one");
      return n;
    })
    .route("split", [
      [
        "all",
        (n) => {
          if (n === 2) throw new Error("two");
          return true;
        },
      ],
    ])
    .onError("*", "reject")
    .run(upTo(4))
    .collect();
  expect(outputs.all.map(({ payload }) => payload)).toEqual([0, 3]);
  expect(rejected).toMatchObject([
    { id: 1, stage: "check", reason: "one" },
    { id: 2, stage: "split", reason: "two" },
  ]);
  expectBalance(ledger);
});

test("a rejected record reaches no later stage", async () => {
  const session = await inlineSession({ predict: refuse(new Set([2])) });
  const seen: number[] = [];
  await scoring(2)
    .node("after", (n) => {
      seen.push(n);
    })
    .run(upTo(4), { session })
    .collect();
  expect(seen).toEqual([0, 10, 30]);
});

test("each stage goes by its own policy", async () => {
  const session = await inlineSession({ predict: refuse(new Set([2])) });
  const run = scoring(2)
    .node("strict", (n) => {
      if (n === 30) throw new Error("thirty");
      return n;
    })
    .run(upTo(6), { session });
  const { stage, rejected, ledger } = await haltOf(run);
  expect({ stage, rejected: rejected.map(({ id }) => id) }).toEqual({ stage: "strict", rejected: [2] });
  expectBalance(ledger);
});

test("a batch with a bad record is searched by halves, not record by record", async () => {
  const sizes: number[] = [];
  const refuseNine = refuse(new Set([9]));
  const session = await inlineSession({
    predict: (payloads: number[]) => {
      sizes.push(payloads.length);
      return refuseNine(payloads);
    },
  });
  await scoring(16).run(upTo(16), { session }).collect();
  expect(sizes).toEqual([16, 8, 8, 4, 2, 1, 1, 2, 4]);
});

test("a function that gives back too few results for one record rejects that record with both counts", async () => {
  const session = await inlineSession({ predict: (payloads: number[]) => payloads.filter((n) => n !== 2) });
  const { outputs, rejected } = await scoring(4).run(upTo(4), { session }).collect();
  expect(outputs.default.map(({ payload }) => payload)).toEqual([0, 1, 3]);
  expect(rejected).toMatchObject([{ id: 2, error: { expected: 1, got: 0, stage: "predict" } }]);
  expect(rejected[0]?.error).toBeInstanceOf(BatchResultError);
});

test("a function that never gives back a list has every record rejected", async () => {
  const session = await inlineSession({ predict: () => null });
  const { rejected, ledger } = await scoring(4).run(upTo(6), { session }).collect();
  expect(rejected.map(({ error }) => error instanceof BatchResultError)).toEqual(Array(6).fill(true));
  expectBalance(ledger);
});

test("a payload that cannot be sent to Python rejects that record alone, with the path in it", async () => {
  const session = await inlineSession({ predict: (payloads: unknown[]) => payloads.map(() => "scored") });
  const records = [{ at: 1 }, { at: new Date(0) }, { at: 3 }];
  const { outputs, rejected } = await pipe<{ at: unknown }>("p")
    .python<string>("predict", { module: "model", function: "predict" })
    .onError("predict", "reject")
    .run(records, { session })
    .collect();
  expect(outputs.default.map(({ id }) => id)).toEqual([0, 2]);
  expect(rejected).toMatchObject([
    { id: 1, error: { typeName: "Date", direction: "argument", path: "payloads[0].at" } },
  ]);
  expect(rejected[0]?.error).toBeInstanceOf(ValueNotSupportedError);
});

test("a payload whose getter throws rejects that record alone", async () => {
  const session = await inlineSession({ predict: (payloads: unknown[]) => payloads.map(() => "scored") });
  const broken = {
    get at(): number {
      throw new Error("no reading");
    },
  };
  const { outputs, rejected } = await pipe<{ at: number }>("p")
    .python<string>("predict", { module: "model", function: "predict" })
    .onError("predict", "reject")
    .run([{ at: 1 }, broken, { at: 3 }], { session })
    .collect();
  expect(outputs.default.map(({ id }) => id)).toEqual([0, 2]);
  expect(rejected.map(({ id, reason }) => [id, reason.includes("no reading")])).toEqual([[1, true]]);
});

test("a result that cannot be sent back rejects that record alone, with the path in it", async () => {
  const session = await inlineSession({
    predict: (payloads: number[]) => payloads.map((n) => (n === 1 ? { score: Symbol("no") } : { score: n })),
  });
  const { outputs, rejected } = await scoring(3).run(upTo(3), { session }).collect();
  expect(outputs.default.map(({ id }) => id)).toEqual([0, 2]);
  expect(rejected).toMatchObject([
    { id: 1, error: { typeName: "symbol", direction: "result", path: "result[0].score" } },
  ]);
});

test("under halt, a payload that cannot be sent ends the run by the path of the record in its batch", async () => {
  const session = await inlineSession({ predict: (payloads: unknown[]) => payloads });
  const run = pipe<unknown>("p")
    .python<unknown>("predict", { module: "model", function: "predict" })
    .run([1, 2, { when: new Date(0) }], { session });
  expect((await haltOf(run)).message).toContain("payloads[2].when");
});

const manyBad = upTo(12_000);

/** Ways to more rejected records than a run keeps: by a python stage, by a node stage, with good records between the bad. */
const ways: readonly [
  string,
  (session: Session) => { collect(): Promise<unknown>; done: Promise<unknown> },
][] = [
  ["a node stage", () => pipe<number>("p").node("check", fails).onError("*", "reject").run(manyBad)],
  [
    "a python stage",
    (session) =>
      pipe<number>("p")
        .node("first", (n) => (n < 9_900 ? fails(n) : n))
        .python<number>("check", { module: "model", function: "fails", batch: { size: 60 } })
        .onError("*", "reject")
        .run(manyBad, { session }),
  ],
  [
    "a route stage",
    () =>
      pipe<number>("p")
        .route("check", [["all", fails]])
        .onError("*", "reject")
        .run(manyBad),
  ],
];

function fails(n: number): never {
  throw new Error(`${n}`);
}

test.each(ways)("more than 10,000 records rejected by %s end the run by name", async (_, start) => {
  const session = await inlineSession({ fails: (payloads: number[]) => payloads.map(fails) });
  const error = await haltOf(start(session));
  expect(error.cause).toBeInstanceOf(TooManyRejectedError);
  expect(error).toMatchObject({ status: "halted", stage: "check" });
  expect(error.message).toContain("expected at most 10000 rejected records");
  expectBalance(error.ledger);
});

test("what was good before the record that goes over the limit is delivered, and what came after it is unfinished", async () => {
  const session = await inlineSession({
    failsBefore: (payloads: number[]) => payloads.map((n) => (n < 9_999 || n % 2 === 0 ? fails(n) : n)),
  });
  const run = pipe<number>("p")
    .node("first", (n) => (n < 9_999 ? fails(n) : n))
    .python<number>("check", { module: "model", function: "failsBefore", batch: { size: 10 } })
    .onError("*", "reject")
    .run(upTo(10_040), { session });
  const { items, thrown } = await consume(run);
  expect(items.map(({ id }) => id)).toEqual([9_999, 10_001]);
  expect((thrown as Error).cause).toBeInstanceOf(TooManyRejectedError);
  const { ledger, stage } = thrown as PipeHaltedError;
  expectBalance(ledger);
  expect({ stage, rejected: ledger.rejected }).toEqual({ stage: "check", rejected: 10_000 });
});

test("a run that has rejected too many ends although its input is stuck", async () => {
  const session = await inlineSession({ fails: (payloads: number[]) => payloads.map(fails) });
  const watched = asyncNumbers({ stuckAt: 10_001 });
  const run = pipe<number>("p")
    .node("first", (n) => (n < 9_999 ? fails(n) : n))
    .python<number>("check", { module: "model", function: "fails", batch: { size: 1 } })
    .onError("*", "reject")
    .run(watched.input, { session });
  const { cause } = await haltOf(run);
  expect(cause).toBeInstanceOf(TooManyRejectedError);
  expect(watched.returned).toBe(1);
});

test("exactly 10,000 rejected records are no reason to end", async () => {
  const { rejected, status } = await pipe<number>("p")
    .node("check", fails)
    .onError("*", "reject")
    .run(upTo(10_000))
    .collect();
  expect({ rejected: rejected.length, status }).toEqual({ rejected: 10_000, status: "completed" });
});
