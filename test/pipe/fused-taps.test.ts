// biome-ignore-all lint/suspicious/noThenProperty: `then` is an option of retry().
import { filter, pipe, reject, retry } from "slither-ts";
import { describe, expect, test } from "vitest";
import { sharedEngine } from "../helpers/engine.js";
import { booksOf, type Fated, type Features, fatedUpTo, labelsOf, scoring, without } from "./fused-pipes.js";
import { upTo } from "./inputs.js";
import { expectBalance, haltOf, payloadsOf } from "./runs.js";

const engine = sharedEngine();

describe("a tap between fused stages", () => {
  const broken = new RangeError("the cache is full");
  const failing: [string, (features: Features) => unknown, unknown][] = [
    [
      "throws",
      ({ n }) => {
        if (n === 7) throw broken;
      },
      broken,
    ],
    [
      "gives a promise that is rejected",
      async ({ n }) => (n === 7 ? Promise.reject(broken) : undefined),
      broken,
    ],
    [
      "throws what is no Error",
      ({ n }) => {
        if (n === 7) throw "full";
      },
      expect.objectContaining({ message: "full", cause: "full" }),
    ],
    [
      "gives back filter(), as a node stage could",
      ({ n }) => (n === 7 ? filter("seven") : undefined),
      expect.objectContaining({
        name: "TypeError",
        message: "expected tap remember to give nothing back, got a Filter; use node() to decide on records",
      }),
    ],
    [
      "gives back a promise of reject()",
      async ({ n }) => (n === 7 ? reject("seven") : undefined),
      expect.objectContaining({
        name: "TypeError",
        message: "expected tap remember to give nothing back, got a Reject; use node() to decide on records",
      }),
    ],
  ];

  test.each(failing)("that %s: the record fails there, and nobody else", async (_, tap, error) => {
    const session = await engine().session();
    const { outputs, rejected, ledger } = await scoring({ tap })
      .onError("*", "reject")
      .run(fatedUpTo(12), { session })
      .collect();
    expect(outputs.default.map(({ payload }) => payload)).toEqual(labelsOf(without(12, 7)));
    expect(rejected).toMatchObject([{ id: 7, stage: "remember", entry: "featurize", payload: { n: 7 } }]);
    expect(rejected[0]?.error).toEqual(error);
    expect(booksOf(ledger)).toEqual({ featurize: [12, 12, 0], remember: [12, 11, 1], predict: [11, 11, 0] });
    expectBalance(ledger);
  });

  test.each(failing)("that %s ends the run under halt, by its name", async (_, tap, error) => {
    const session = await engine().session();
    const halted = await haltOf(scoring({ tap }).run(fatedUpTo(12), { session }));
    expect(halted.stage).toBe("remember");
    expect(halted.cause).toEqual(error);
    expect(halted.outputs.default?.map(({ payload }) => payload)).toEqual(labelsOf(upTo(5)));
    expectBalance(halted.ledger);
  });

  test("that throws once is shown the record again under retry, of its own policy", async () => {
    const session = await engine().session();
    const seen: number[] = [];
    const tap = ({ n }: Features): void => {
      if (seen.push(n) && n === 7 && seen.filter((each) => each === 7).length < 3) throw broken;
    };
    const policy = retry({ attempts: 3, on: [RangeError], backoff: 1, then: "reject" });
    const run = scoring({ tap }).onError("*", "reject").onError("remember", policy);
    const { ledger } = await run.run(fatedUpTo(12), { session }).collect();
    expect(ledger).toMatchObject({ out: 12, rejected: 0 });
    expect(seen.filter((n) => n === 7)).toHaveLength(3);
    expect(seen).toHaveLength(14);
    expectBalance(ledger);
  });

  test("that throws the same object as another is judged by its class all the same", async () => {
    const session = await engine().session();
    const failsOnceAt = (place: number) => {
      let hasFailed = false;
      return ({ n }: Features): void => {
        if (n !== place || hasFailed) return;
        hasFailed = true;
        throw broken;
      };
    };
    const run = pipe<Fated>("p")
      .python<Features>("featurize", { module: "fused", function: "featurize" })
      .tap("one", failsOnceAt(1))
      .tap("other", failsOnceAt(2))
      .python("predict", { module: "fused", function: "predict" })
      .onError("*", retry({ attempts: 3, on: [RangeError], backoff: 1, then: "reject" }));
    const { rejected } = await run.run(fatedUpTo(4), { session }).collect();
    expect(rejected).toEqual([]);
  });

  test("that throws the same object as another gives that object as the error of its record", async () => {
    const session = await engine().session();
    const failsAt =
      (place: number) =>
      (features: Features): void => {
        if (features.n === place) throw broken;
      };
    const run = pipe<Fated>("p")
      .python<Features>("featurize", { module: "fused", function: "featurize" })
      .tap("one", failsAt(1))
      .tap("other", failsAt(2))
      .python("predict", { module: "fused", function: "predict" })
      .onError("*", "reject");
    const { rejected } = await run.run(fatedUpTo(4), { session }).collect();
    expect(rejected.map(({ stage, error }) => [stage, error === broken])).toEqual([
      ["one", true],
      ["other", true],
    ]);
  });

  test("whose `when` throws what is no Error: the record fails there", async () => {
    const session = await engine().session();
    const when = (): boolean => {
      throw "no record";
    };
    const run = scoring({ when }).onError("*", "reject").run(fatedUpTo(1), { session });
    const { rejected } = await run.collect();
    expect(rejected.map(({ stage, reason }) => [stage, reason])).toEqual([["remember", "no record"]]);
  });

  test("is asked which records it wants, and only those come home", async () => {
    const session = await engine().session();
    const seen: number[] = [];
    const run = scoring({ tap: ({ n }) => seen.push(n), when: ({ id }) => (id as number) % 4 === 0 });
    expect(await payloadsOf(run.run(fatedUpTo(12), { session }))).toEqual(labelsOf(upTo(12)));
    expect(seen).toEqual([0, 4, 8]);
  });

  test.each<[string, () => boolean, string]>([
    [
      "throws",
      () => {
        throw broken;
      },
      "the cache is full",
    ],
    [
      "gives no boolean",
      () => "yes" as unknown as boolean,
      "expected `when` of tap remember to return true or false, got string",
    ],
  ])("whose `when` %s: the records fail there that come there", async (_, when, reason) => {
    const session = await engine().session();
    const records = fatedUpTo(4, { 1: { first: "raise Rejected" }, 2: { second: "raise Rejected" } });
    const { rejected, ledger } = await scoring({ when, each: true })
      .onError("*", "reject")
      .run(records, { session })
      .collect();
    expect(rejected.map((each) => [each.id, each.stage, each.reason])).toEqual([
      [0, "remember", reason],
      [1, "featurize", "1 has no label"],
      [2, "remember", reason],
      [3, "remember", reason],
    ]);
    expectBalance(ledger);
  });
});
