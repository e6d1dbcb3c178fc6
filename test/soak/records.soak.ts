import { pipe } from "slither-ts";
import { expect, test } from "vitest";
import { testEngine } from "../helpers/engine.js";
import { collectGarbage } from "../helpers/garbage.js";

const RECORDS = 200_000;
const EVERY = 997;

interface Square {
  value: number;
  square: number;
}

const squares = pipe<number>("squares")
  .python<Square>("square", { module: "soak_work", function: "square", batch: { size: 100 } })
  .python<Square & { even: boolean }>("keep_even", {
    module: "soak_work",
    function: "keep_even",
    batch: { size: 1_000 },
  })
  .route("parity", [["even", (item) => item.even]])
  .onError("*", "reject");

function* numbers(count: number): Generator<number> {
  for (let value = 0; value < count; value++) yield value;
}

test(`${RECORDS} records through each of two sessions at once: right, in order, the bad ones rejected`, async () => {
  const engine = await testEngine();
  const check = async (): Promise<void> => {
    const session = await engine.session();
    const run = squares.run(numbers(RECORDS), { session });
    let expected = 0;
    for await (const { id, payload } of run) {
      if (expected % EVERY === EVERY - 1) expected += 1;
      if (payload.value !== expected || payload.square !== expected ** 2 || id !== expected) {
        expect.fail(`expected record ${expected}, got ${JSON.stringify({ id, payload })}`);
      }
      expected += 1;
    }
    const { ledger, rejected } = await run.done;
    const bad = Math.floor(RECORDS / EVERY);
    expect(rejected.map((rejection) => rejection.id)).toEqual(
      Array.from({ length: bad }, (_, index) => (index + 1) * EVERY - 1),
    );
    expect(ledger).toMatchObject({
      in: RECORDS,
      out: RECORDS - bad,
      rejected: bad,
      unfinished: 0,
      balanced: true,
    });
  };
  await Promise.all([check(), check()]);
});

test("the memory of Node does not grow with the length of the input", async () => {
  const engine = await testEngine();
  const session = await engine.session();
  const heapAfter = async (count: number): Promise<number> => {
    for await (const _ of squares.run(numbers(count), { session }).batches());
    collectGarbage();
    return process.memoryUsage().heapUsed / 2 ** 20;
  };
  const few = await heapAfter(50_000);
  const many = await heapAfter(1_000_000);
  // The rejections of a run are kept; a million of 150-byte records would be far more.
  expect(many - few).toBeLessThan(20);
});
