import { deepStrictEqual } from "node:assert/strict";
import fc from "fast-check";
import { type PythonStageOptions, pipe } from "slither-ts";
import { expect, test } from "vitest";
import { sharedSession } from "../helpers/engine.js";
import { evenRows, oddRows } from "./rows.js";
import { asReturned, exactly, values } from "./values.js";

const session = sharedSession();

test("Python is given exactly the value that was sent, of exactly the right type", async () => {
  await fc.assert(
    fc.asyncProperty(values, async (value) => {
      deepStrictEqual(await session().call("exactly", "exactly", [value]), exactly(value));
    }),
    { numRuns: 400 },
  );
});

test("a value comes back from Python as it was sent", async () => {
  await fc.assert(
    fc.asyncProperty(values, async (value) => {
      deepStrictEqual(await session().call("echo", "echo", [value]), asReturned(value));
    }),
    { numRuns: 400 },
  );
});

/** What comes of rows that go through a function of Python in batches. */
async function throughBatches(rows: readonly unknown[], options: PythonStageOptions): Promise<unknown[]> {
  const stage = pipe<unknown>("rows").python<unknown>("function", options);
  const { outputs } = await stage.run(rows, { session: session() }).collect();
  return outputs.default.map(({ payload }) => payload);
}

test("a row of a batch comes to Python, and back, as it was sent, whatever the others are", async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(evenRows, oddRows), async (rows) => {
      const echo = { module: "echo", function: "echo", batch: { size: 64 } };
      deepStrictEqual(await throughBatches(rows, echo), rows.map(asReturned));
      const each = { module: "exactly", function: "exactly", batch: { size: 64 }, each: true } as const;
      deepStrictEqual(await throughBatches(rows, each), rows.map(exactly));
    }),
    { numRuns: 100 },
  );
});

test("keyword arguments are carried as arguments are", async () => {
  await fc.assert(
    fc.asyncProperty(values, async (value) => {
      const [args, kwargs] = await session().call<[unknown[], Record<string, unknown>]>(
        "echo",
        "echo_all",
        [value],
        { kwargs: { constructor: value } },
      );
      deepStrictEqual(kwargs, { constructor: args[0] });
    }),
    { numRuns: 50 },
  );
});

test("arrays of a megabyte and objects of 100,000 keys come back as they were sent", async () => {
  const large = {
    bytes: Buffer.alloc(1_000_000, 7),
    text: "ü".repeat(500_000),
    object: Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`key ${index}`, index])),
  };
  deepStrictEqual(await session().call("echo", "echo", [large]), large);
});

test("values nest 200 levels deep, both ways", async () => {
  let value: unknown = [];
  for (let level = 2; level <= 200; level++) value = [value];
  expect(await session().call("echo", "echo", [value])).toEqual(value);
});
