import { setImmediate as nextRound } from "node:timers/promises";
import { filter, pipe, reject, routeTo } from "slither-ts";
import { FaultTestError, faultTest, inline, type ScenarioName } from "slither-ts/testing";
import { describe, expect, onTestFinished, test } from "vitest";
import { rejection } from "../helpers/rejection.js";
import { upTo } from "../pipe/inputs.js";

/** Each call takes another number of rounds, so that no two runs give out their results in the same order. */
function unevenly<Result>(work: (number: number) => Result): (number: number) => Promise<Result> {
  let calls = 0;
  return async (number) => {
    const rounds = (calls++ * 7919) % 13;
    for (let round = 0; round < rounds; round++) await nextRound();
    return work(number);
  };
}

function sessions(): () => ReturnType<ReturnType<typeof inline>["session"]> {
  const one = unevenly((number) => 2 * number);
  const engine = inline({
    modules: {
      model: {
        double: async (numbers: number[]) => {
          await one(0);
          return numbers.map((each) => 2 * each);
        },
      },
    },
  });
  onTestFinished(() => engine.close());
  return () => engine.session({ setup: () => {} });
}

const double = { module: "model", function: "double", batch: { size: 5 } } as const;

describe("a pipe that is right, and gives out records as they are done, passes", () => {
  const pipes = {
    "where the pipe says so": pipe<number>("unordered", { ordering: "as-completed" })
      .node(
        "prepare",
        unevenly((number) => number),
        { concurrency: 7 },
      )
      .python<number>("double", double)
      .python<number>("again", { ...double, fuse: false, batch: { size: 3 } })
      .onError("*", "reject"),
    "where one stage says so": pipe<number>("unordered")
      .node(
        "prepare",
        unevenly((number) => number),
        { concurrency: 7, ordering: "as-completed" },
      )
      .python<number>("double", double)
      .onError("double", routeTo("aside")),
    "under halt": pipe<number>("unordered", { ordering: "as-completed" })
      .node(
        "prepare",
        unevenly((number) => number),
        { concurrency: 7 },
      )
      .python<number>("double", double),
    "where records are rejected and filtered": pipe<number>("unordered", { ordering: "as-completed" })
      .node(
        "prepare",
        unevenly((number) => {
          if (number % 7 === 1) return reject("one");
          return number % 7 === 2 ? filter("two") : number;
        }),
        { concurrency: 7 },
      )
      .python<number>("double", { ...double, batch: { size: 1 } })
      .onError("double", "reject"),
  };

  test.each(Object.entries(pipes))("%s", async (_, tested) => {
    const session = sessions();
    for (const seed of [1, 2, 3]) {
      const report = await faultTest(tested, upTo(60), { session, seed });
      expect(report.scenarios.filter(({ skipped }) => skipped !== undefined)).toEqual([]);
    }
  });
});

describe("of a pipe that gives out records as they are done it is still found out", () => {
  test("that a record comes out different", async () => {
    const counter = () => {
      let calls = 0;
      // Two runs without a fault are 24 batches.
      return { double: (numbers: number[]) => (++calls > 24 ? numbers.map(() => -1) : numbers) };
    };
    const engine = inline({ modules: { model: counter() } });
    onTestFinished(() => engine.close());
    const tested = pipe<number>("unordered", { ordering: "as-completed" }).python<number>("double", double);

    const scenarios: ScenarioName[] = ["consumer leaves", "aborted run"];
    const error = await rejection(
      faultTest(tested, upTo(60), { session: () => engine.session({ setup: () => {} }), scenarios }),
      FaultTestError,
    );

    expect(error.scenarios.map(({ passed }) => passed)).toEqual([false, false]);
    expect(error.message).toContain("record 0 came out as -1; in the clean run as 0");
  });
});

test("of a pipe that keeps its order, the order is compared as before", async () => {
  const ordered = pipe<number>("ordered", { id: (number) => number }).node("same", (number) => number);
  let runs = 0;
  const input = (): number[] => (++runs === 1 ? [1, 2] : [2, 1]);

  const error = await rejection(faultTest(ordered, input), FaultTestError);

  expect(error.message).toContain("the order differs: record 2 came out where record 1 came");
});
