import { pipe, type Session } from "slither-ts";
import { beforeAll, expect, test } from "vitest";
import { sharedEngine } from "../helpers/engine.js";
import { expectBalance, haltOf } from "./runs.js";

interface Applicant {
  readonly features?: readonly unknown[];
}

const engine = sharedEngine();
let session: Session;

beforeAll(async () => {
  session = await engine().session({ setup: (opened) => opened.call("batch_model", "train") });
});

const scoring = pipe<Applicant>("scoring")
  .python<number>("predict", { module: "batch_model", function: "predict", batch: { size: 5 } })
  .route("split", [
    ["high", (probability) => probability >= 0.5],
    ["low", (probability) => probability < 0.5],
  ]);

const young: Applicant = { features: [22, 1.2] };
const old: Applicant = { features: [58, 9] };

test("good records are scored by the model, and routed", async () => {
  const { outputs, ledger } = await scoring.run([young, old, young], { session }).collect();
  expect({ low: outputs.low.map(({ id }) => id), high: outputs.high.map(({ id }) => id) }).toEqual({
    low: [0, 2],
    high: [1],
  });
  expectBalance(ledger);
});

const bad: readonly (readonly [string, Applicant, string])[] = [
  ["without the field", {}, "KeyError: 'features'"],
  ["with NaN", { features: [30, Number.NaN] }, "Input X contains NaN"],
  ["with infinity", { features: [30, Number.POSITIVE_INFINITY] }, "infinity"],
  [
    "with a text where a number belongs",
    { features: [30, "much"] },
    "could not convert string to float: 'much'",
  ],
  ["with another number of features than the model", { features: [30, 1, 2] }, "X has 3 features"],
  ["with nothing where a number belongs", { features: [30, null] }, "NaN"],
];

test.each(bad)(
  "a record %s is rejected alone, with the traceback; the others keep their order",
  async (_, record, said) => {
    const records = [young, old, record, old, young, old, young];
    const { outputs, rejected, ledger } = await scoring
      .onError("predict", "reject")
      .run(records, { session })
      .collect();
    expect(outputs.low.map(({ id }) => id)).toEqual([0, 4, 6]);
    expect(outputs.high.map(({ id }) => id)).toEqual([1, 3, 5]);
    expect(outputs.default).toEqual([]);
    expect(rejected).toMatchObject([{ id: 2, stage: "predict", input: record }]);
    expect(rejected[0]?.traceback).toContain("batch_model.py");
    expect(rejected[0]?.traceback).toContain(said);
    expectBalance(ledger);
  },
);

test("records that are bad in different ways are each rejected for their own reason", async () => {
  const records = bad.flatMap(([, record]) => [young, record]);
  const { outputs, rejected, ledger } = await scoring
    .onError("predict", "reject")
    .run(records, { session })
    .collect();
  expect(outputs.low.map(({ id }) => id)).toEqual([0, 2, 4, 6, 8, 10]);
  expect(rejected.map(({ id, reason }) => [id, reason])).toEqual(
    bad.map(([, , said], index) => [index * 2 + 1, expect.stringContaining(said)]),
  );
  expectBalance(ledger);
});

test("when all records are bad, all are rejected and none is routed", async () => {
  const records = Array.from({ length: 12 }, () => ({}));
  const { outputs, rejected, ledger } = await scoring
    .onError("predict", "reject")
    .run(records, { session })
    .collect();
  expect(outputs).toEqual({ high: [], low: [], default: [] });
  expect(rejected).toHaveLength(12);
  expectBalance(ledger);
});

test("under halt, a bad record ends the run with what scikit-learn said; the batches before it are given out", async () => {
  const records = [...Array.from({ length: 7 }, () => young), { features: [30, Number.NaN] }];
  const { message, outputs, ledger } = await haltOf(scoring.run(records, { session }));
  expect(message).toContain("batch_model.predict raised ValueError: Input X contains NaN");
  expect(outputs.low).toHaveLength(5);
  expectBalance(ledger);
});
