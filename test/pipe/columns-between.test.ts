import { columnsOf, type Item, pipe } from "slither-ts";
import { expect, test } from "vitest";
import { sharedSession } from "../helpers/engine.js";
import { upTo } from "./inputs.js";
import { payloadsOf } from "./runs.js";

const session = sharedSession();

/** Gives the memory of the columns of items away, as to a worker thread. */
function giveAway(items: readonly Item<{ readonly n: number }>[]): void {
  const { n } = columnsOf(items);
  if (n instanceof Float64Array) structuredClone(n, { transfer: [n.buffer as ArrayBuffer] });
}

const NUMBERS = "int8 int16 int32 int64 uint8 uint16 uint32 uint64 float32 float64 bool".split(" ");

test.each([true, false])(
  "the next function gets arrays of its own of the dtypes that were given back (fuse: %s)",
  async (fuse) => {
    const options = { module: "by_columns", columns: true, fuse } as const;
    const run = pipe<{ n: number }>("p")
      .python("made", { ...options, function: "every_dtype" })
      .python("told", { ...options, function: "described" })
      .run([{ n: 0 }, { n: 1 }], { session: session() });
    const own = "True True True";
    expect((await payloadsOf(run))[0]).toEqual({
      ...Object.fromEntries(NUMBERS.map((dtype) => [dtype, `${dtype} [] ${own}`])),
      matrix: `int32 [3] ${own}`,
      cube: `float32 [2, 2] ${own}`,
      big_endian: `float64 [] ${own}`,
      strided: `int64 [] ${own}`,
      text: `object [] ${own}`,
      objects: `object [] ${own}`,
      list: `object [] ${own}`,
      scalars: `object [] ${own}`,
      beyond: `int64 [] ${own}`,
    });
  },
);

test("items whose memory was given away say so when their payload is read", async () => {
  const { outputs } = await pipe<{ n: number }>("p")
    .python<{ n: number }>("same", { module: "by_columns", function: "same", columns: true })
    .run(
      upTo(3).map((n) => ({ n })),
      { session: session() },
    )
    .collect();
  giveAway(outputs.default);
  expect(() => outputs.default[1]?.payload).toThrow("expected payload.n to be in the memory of its column");
  expect(() => columnsOf(outputs.default)).toThrow("what columnsOf() gives is lent");
});
