import { setImmediate as nextRound } from "node:timers/promises";
import { pipe } from "slither-ts";
import { faultTest } from "slither-ts/testing";
import { expect, test } from "vitest";
import { upTo } from "../pipe/inputs.js";

const scenarios = ["slow consumer"] as const;

async function later(number: number, rounds: number): Promise<number> {
  for (let round = 0; round < rounds; round++) await nextRound();
  return number;
}

test.each(["preserve", "as-completed"] as const)(
  "a node stage may work ahead on as many records at once as it says: %s",
  async (ordering) => {
    const busy = pipe<number>("busy").node("wait", (number) => later(number, 5), {
      concurrency: 400,
      ordering,
    });

    expect(await faultTest(busy, upTo(2_000), { scenarios })).toMatchObject({ passed: true });
  },
);

test("and where one record takes its time, on those behind it, as far as its buffer goes", async () => {
  const uneven = pipe<number>("uneven").node(
    "wait",
    (number) => later(number, number % 1_000 === 0 ? 60 : 1),
    {
      concurrency: 100,
    },
  );

  expect(await faultTest(uneven, upTo(3_000), { scenarios })).toMatchObject({ passed: true });
});

test("and as far as its own buffer goes, where it has one, with another such stage behind it", async () => {
  const twice = pipe<number>("twice")
    .node("first", (number) => later(number, number % 1_000 === 0 ? 60 : 1), {
      concurrency: 100,
      buffer: { rows: 1_000 },
    })
    .node("second", (number) => later(number, 1), { concurrency: 50, buffer: { rows: 50 } });

  expect(await faultTest(twice, upTo(4_000), { scenarios })).toMatchObject({ passed: true });
});
