import fc from "fast-check";
import { cached, fixed, microBatch, pipe, reject, routeTo } from "slither-ts";
import { describe, expect, test } from "vitest";
import { explanationOf } from "../../../src/plan/explain/explain.js";
import { fusionOf } from "../../../src/plan/fusion.js";
import { scriptedTable } from "../../pipe/cache-tables.js";
import { randomPipe } from "../graph/random-pipe.js";
import { scoring } from "./pipes.js";

const python = { module: "m", function: "f" };

/** The stages of each operator, by their names. */
function grouped(made: Pick<typeof scoring, "explain">): string[][] {
  return made.explain().operators.map(({ stages }) => stages.map(({ name }) => name));
}

test("python stages that make one trip are one operator, with the taps between them", () => {
  expect(grouped(scoring)).toEqual([["enrich"], ["featurize", "remember", "predict"], ["write"]]);
});

test("all that is known of a trip", () => {
  expect(scoring.explain().operators[1]).toStrictEqual({
    stages: [
      {
        name: "featurize",
        kind: "python",
        line: "default",
        policy: "reject",
        schemas: { input: false, output: false },
        module: "scorer",
        function: "featurize",
        each: false,
        stateful: false,
        timeoutMs: 30_000,
      },
      { name: "remember", kind: "tap", line: "default", policy: "reject", picks: true },
      {
        name: "predict",
        kind: "python",
        line: "default",
        policy: "reject",
        schemas: { input: false, output: false },
        module: "scorer",
        function: "predict",
        each: true,
        stateful: false,
        timeoutMs: 300_000,
      },
    ],
    dispatch: { ordering: "preserve", buffer: { bytes: 2 ** 26 } },
    trip: {
      batching: { name: "fixed", settings: { size: 100 } },
      inFlight: { perProcess: 3, perStage: 4 },
      home: [{ stage: "featurize", tap: "remember" }, { stage: "predict" }],
    },
  });
});

describe("a node stage", () => {
  test("that takes one record after the other has nothing to say of how", () => {
    const [operator] = pipe("p").node("n", Number).explain().operators;
    expect(operator).toStrictEqual({
      stages: [
        {
          name: "n",
          kind: "node",
          line: "default",
          policy: "halt",
          schemas: { input: false, output: false },
          concurrency: 1,
        },
      ],
    });
  });

  test("that takes several says how", () => {
    const made = pipe("p").node("n", Number, {
      concurrency: 4,
      ordering: "as-completed",
      buffer: { rows: 7, bytes: "1MB" },
      rateLimit: { limit: 3, per: "1s" },
    });
    expect(made.explain().operators[0]?.dispatch).toStrictEqual({
      ordering: "as-completed",
      buffer: { rows: 7, bytes: 2 ** 20 },
      rateLimit: { limit: 3, intervalMs: 1_000, keyed: false },
    });
  });
});

describe("why a python stage is not one trip with the one before it", () => {
  const before = pipe<number>("p").python<number>("first", { ...python, batch: fixed(10) });
  const apart = (made: Pick<typeof before, "explain">) => made.explain().operators.at(-1)?.trip?.apart;

  test("is not said of the first", () => {
    expect(before.explain().operators[0]?.trip).not.toHaveProperty("apart");
  });

  test("is what fusion says", () => {
    const made = before.python("second", { ...python, batch: microBatch({ maxWait: "5ms" }) });
    expect(apart(made)).toEqual({
      from: "first",
      reason: fusionOf(made.plan).reasons.get(1),
    });
  });

  test("is the stage between them that is in Node", () => {
    const made = before.tap("look", Number).node("change", Number).python("second", python);
    expect(apart(made)).toEqual({ from: "first", reason: "change is between them, a node stage" });
  });
});

test("trips in branches are not those of the main line", () => {
  const made = pipe<number>("p")
    .python<number>("first", python)
    .route("split", [["low", (n) => n < 1]])
    .branch("low", (low) => low.python("second", python));
  expect(made.explain().trips).toBe(1);
  expect(made.explain().operators.at(-1)?.stages[0]?.line).toBe("low");
});

test("JSON does not change it, and every stage of any pipe is in it once", () => {
  fc.assert(
    fc.property(randomPipe, ({ plan }) => {
      const explanation = explanationOf(plan);
      expect(JSON.parse(JSON.stringify(explanation))).toStrictEqual(explanation);
      expect(explanation.operators.flatMap(({ stages }) => stages.map(({ name }) => name))).toEqual(
        plan.stages.map(({ name }) => name),
      );
    }),
    { numRuns: 200 },
  );
});

test("a policy is told as in the picture of the pipe", () => {
  const made = pipe("p")
    .node("n", Number)
    .onError("n", reject({ max: 5 }));
  expect(made.explain().operators[0]?.stages[0]?.policy).toBe("reject up to 5");
});

describe("of a stage with a cache", () => {
  const { table } = scriptedTable<number>();
  const keyOf = (n: number): number => n;

  test("the results come home that it did not have, where it is fused", () => {
    const made = pipe<number>("p")
      .python<number>("first", { ...python, cache: cached(table, keyOf) })
      .tap("note", () => {})
      .python<number>("second", python);
    const { operators } = made.explain();
    expect(operators[0]?.trip?.home).toEqual([
      { stage: "first", cache: true },
      { stage: "first", tap: "note" },
      { stage: "second" },
    ]);
    expect(operators[0]?.stages.map(({ cache }) => cache)).toEqual([{}, undefined, undefined]);
    expect(String(made.explain())).toContain("results of first that its cache did not have");
  });

  test("it says what happens to what is over age, and the output is one of the pipe", () => {
    const cache = cached(table, keyOf, { maxAge: "90s", overAge: routeTo("review") });
    const made = pipe<number>("p").python<number, "review">("first", { ...python, cache });
    const { operators } = made.explain();
    expect(operators[0]?.trip?.home).toEqual([{ stage: "first" }]);
    expect(operators[0]?.stages[0]?.cache).toEqual({ maxAgeMs: 90_000, overAge: "route to review" });
    expect(String(made.explain())).toContain("cached, route to review after 1.5 min");
    expect(made.graph().edges).toContainEqual({
      from: "stage:first",
      to: "output:review",
      output: "review",
      kind: "route",
    });
    expect(made.plan.outputs).toEqual(["review"]);
  });

  test("so it does of a node stage", () => {
    const cache = cached(table, keyOf, { maxAge: "500ms", overAge: "mark" });
    const made = pipe<number>("p").node("slow", (n) => n, { cache });
    expect(String(made.explain())).toContain("cached, mark after 500 ms");
  });
});
