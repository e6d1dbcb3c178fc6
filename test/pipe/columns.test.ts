import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import {
  columnsOf,
  deadLetter,
  type Item,
  NdArray,
  type Pipe,
  pipe,
  type Rejection,
  reject,
  routeTo,
} from "slither-ts";
import { expect, test } from "vitest";
import { sharedEngine, sharedSession } from "../helpers/engine.js";
import { temporaryFolder } from "../helpers/temporary.js";
import { upTo } from "./inputs.js";
import { expectBalance, payloadsOf } from "./runs.js";

const engine = sharedEngine();
const session = sharedSession();

type Columns = boolean | Record<string, never>;

function through(name: string, columns: unknown = true, size = 250) {
  return pipe<object>("p").python<Record<string, unknown>>("x", {
    module: "by_columns",
    function: name,
    columns: columns as Columns,
    batch: { size },
  });
}

interface Sale {
  readonly id: bigint;
  readonly amount: number;
}

const sale = (n: number): Sale => ({ id: BigInt(n), amount: n });

/** Exactly equal, -0 and NaN included. */
function same(rows: readonly unknown[]): Promise<unknown[]> {
  return payloadsOf(through("same").run(rows as object[], { session: session() }));
}

const numbersOfOneKind = fc
  .constantFrom("number", "bigint", "boolean", "string", "vector", "matrix")
  .chain((kind): fc.Arbitrary<() => fc.Arbitrary<unknown>> => {
    const number = fc.oneof(fc.double(), fc.constantFrom(0, -0, Number.NaN, Infinity, 5e-324, 2 ** 60));
    switch (kind) {
      case "number":
        return fc.constant(() => number);
      case "bigint":
        return fc.constant(() => fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }));
      case "boolean":
        return fc.constant(() => fc.boolean());
      case "string":
        return fc.constant(() => fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("", "\ud800", "0")));
      case "vector":
        return fc
          .nat({ max: 4 })
          .map((length) => () => fc.array(number, { minLength: length, maxLength: length }));
      default:
        return fc
          .nat({ max: 3 })
          .map(
            (length) => () =>
              fc
                .array(fc.integer({ min: -128, max: 127 }), { minLength: 2 * length, maxLength: 2 * length })
                .map((elements) => new NdArray("int8", [length, 2], Int8Array.from(elements))),
          );
    }
  });

const keys = fc.oneof(
  fc.string({ unit: "binary", maxLength: 6 }).filter((key) => key !== "__proto__"),
  fc.constantFrom("constructor", "0", "a b", "toString", "\ud800"),
);

/** Rows that fit, of any keys and kinds of columns. */
const fitting = fc
  .dictionary(keys, numbersOfOneKind, { minKeys: 1, maxKeys: 5, noNullPrototype: true })
  .chain((kinds) =>
    fc.array(fc.record(Object.fromEntries(Object.entries(kinds).map(([key, make]) => [key, make()]))), {
      minLength: 1,
      maxLength: 60,
    }),
  );

/** What is given back in place of what went in: see docs/guides/values.md. */
function arrived(value: unknown): unknown {
  if (typeof value === "bigint") return value >= -(2n ** 53n) && value <= 2n ** 53n ? Number(value) : value;
  return Array.isArray(value) ? new NdArray("float64", [value.length], Float64Array.from(value)) : value;
}

test("whatever rows fit come back bit by bit, in batches of any size", async () => {
  await fc.assert(
    fc.asyncProperty(fitting, fc.integer({ min: 1, max: 70 }), async (rows, size) => {
      const run = through("same", true, size).run(rows, { session: session() });
      const expected = rows.map((row) =>
        Object.fromEntries(Object.entries(row).map(([key, value]) => [key, arrived(value)])),
      );
      const given = await payloadsOf(run);
      // Asks no row for its `constructor`, which may be a column.
      if (!isDeepStrictEqual(given, expected)) expect(given).toStrictEqual(expected);
      expect(given).toHaveLength(rows.length);
    }),
    { numRuns: 60 },
  );
});

test("the function gets arrays of its own, which it may write to", async () => {
  const rows = upTo(3).map((n) => ({
    number: n,
    integer: BigInt(n),
    flag: true,
    text: "a",
    vector: [n, 1],
    matrix: new NdArray("float32", [1, 2], Float32Array.of(1, 2)),
    typed: Int16Array.of(1, 2, 3),
  }));
  const [first] = await payloadsOf(through("described").run(rows, { session: session() }));
  expect(first).toEqual({
    number: "float64 [] True True True",
    integer: "int64 [] True True True",
    flag: "bool [] True True True",
    text: "object [] True True True",
    vector: "float64 [2] True True True",
    matrix: "float32 [1, 2] True True True",
    typed: "int16 [3] True True True",
  });
});

test("declared columns have the dtypes that were declared, and lists of any values", async () => {
  const declared = { n: "int32", f: "float32", any: "object", wide: "uint64", v: "float32" };
  const rows = [
    { n: 1, f: 0.5, any: null, wide: 2n ** 64n - 1n, v: [0.5] },
    { n: -1, f: -0, any: { deep: [1, "a"] }, wide: 3, v: [-0] },
  ];
  const given = await payloadsOf(through("described", declared).run(rows, { session: session() }));
  expect(given[0]).toMatchObject({
    n: expect.stringMatching("^int32"),
    f: expect.stringMatching("^float32"),
    any: expect.stringMatching("^object"),
    wide: expect.stringMatching("^uint64"),
    v: expect.stringMatching(/^float32 \[1\]/),
  });
  expect(await payloadsOf(through("same", declared).run(rows, { session: session() }))).toStrictEqual(
    rows.map((row) => ({ ...row, v: new NdArray("float32", [1], Float32Array.from(row.v)) })),
  );
});

test("lists of one length in a column of objects stay lists", async () => {
  const rows = [{ a: [1, 2] }, { a: [3, 4] }];
  const run = through("types", { a: "object" }).run(rows, { session: session() });
  expect(await payloadsOf(run)).toEqual([{ a: "list" }, { a: "list" }]);
});

test("every dtype comes home as rows of values that travel alone", async () => {
  const rows = await payloadsOf(through("every_dtype").run([{ n: 0 }, { n: 1 }], { session: session() }));
  expect(rows[1]).toStrictEqual({
    ...Object.fromEntries(
      ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64"].map(
        (name) => [name, 1],
      ),
    ),
    bool: true,
    matrix: new NdArray("int32", [3], Int32Array.of(1, 1, 1)),
    cube: new NdArray("float32", [2, 2], new Float32Array(4)),
    big_endian: 1,
    strided: 2,
    text: "1",
    objects: null,
    list: [1, 1],
    scalars: 1,
    beyond: 2n ** 62n + 1n,
  });
});

const WRONG: readonly (readonly [what: string, message: string])[] = [
  ["a list", "expected a dict of numpy arrays, one for each column, got a list"],
  [
    "a frame",
    "expected a dict of numpy arrays, one for each column, got a pandas.core.frame.DataFrame (use {name: frame[name].to_numpy() for name in frame})",
  ],
  [
    "a series",
    "expected column 'x' to be a numpy array or a list, got a pandas.core.series.Series (use .to_numpy())",
  ],
  ["a key of another type", "expected the names of its columns to be text, got a int"],
  ["a forbidden key", "expected no column '__proto__', which no JavaScript object can have; rename it"],
  ["too short", "expected column 'x' to have 3 rows, got 2"],
  ["too long a list", "expected column 'x' to have 3 rows, got 4"],
  [
    "one value",
    "expected column 'x' to have 3 rows, got a single value (use numpy.full for one value in all rows)",
  ],
  [
    "a number",
    "expected column 'x' to be a numpy array or a list, got a float (use numpy.full for one value in all rows)",
  ],
  ["a tuple", "expected column 'x' to be a numpy array or a list, got a tuple (use list(value))"],
  [
    "a masked array",
    "expected column 'x' to be a numpy array or a list, got a numpy.ma.MaskedArray (convert it with value.filled(...))",
  ],
  [
    "float16",
    "expected column 'x' to have elements that can be carried, got numpy.ndarray[float16] (convert it with value.astype('float32') or value.astype('float64'))",
  ],
  [
    "dates",
    "expected column 'x' to have elements that can be carried, got numpy.ndarray[datetime64[s]] (convert it with value.astype(str).tolist())",
  ],
  [
    "text of two axes",
    "expected column 'x' to have elements that can be carried, got numpy.ndarray[<U1] (convert it with value.tolist())",
  ],
  [
    "no rows set aside",
    "expected the rows that are set aside as {index: Rejected(reason)}, got a list (give back the columns, or the columns and that)",
  ],
  [
    "an index beyond",
    "expected the rows that are set aside as {index: Rejected(reason)}, from 0 to 2, got 3",
  ],
  [
    "an index of another type",
    "expected the rows that are set aside as {index: Rejected(reason)}, from 0 to 2, got '0'",
  ],
  ["no reason", "expected the rows that are set aside as {index: Rejected(reason)}, got a str"],
];

test.each(WRONG)("a function that gives back %s fails its batch, which says so", async (what, message) => {
  const failing = through("given").run([{ what }, { what }, { what }], { session: session() });
  await expect(failing.collect()).rejects.toMatchObject({
    cause: {
      code: "SLITHER_BATCH_RESULT",
      expected: 3,
      message: `session shared: stage x: by_columns.given: ${message}`,
    },
  });
});

const REFUSED: readonly (readonly [unknown, string])[] = [
  [
    { id: 1n, amount: null },
    ".amount to be a number (column float64, fixed by the first batch), got null (use NaN)",
  ],
  [
    { id: 1n, amount: "1" },
    '.amount to be a number (column float64, fixed by the first batch), got string (a column that is declared as "object" takes any value)',
  ],
  [
    { id: 1n, amount: 1n },
    ".amount to be a number (column float64, fixed by the first batch), got 1n (use Number(value))",
  ],
  [
    { id: 1.5, amount: 1 },
    '.id to be an integer that int64 holds (column int64, fixed by the first batch), got 1.5 (a column that is declared as "object" takes any value)',
  ],
  [
    { id: -0, amount: 1 },
    '.id to be an integer that int64 holds (column int64, fixed by the first batch), got -0 (a column that is declared as "object" takes any value)',
  ],
  [
    { id: 2n ** 63n, amount: 1 },
    '.id to be an integer that int64 holds (column int64, fixed by the first batch), got 9223372036854775808n (a column that is declared as "object" takes any value)',
  ],
  [{ id: 1n }, ".amount to be a number (column float64, fixed by the first batch), got nothing (use NaN)"],
  [
    { id: 1n, amount: 1, note: "a" },
    " to have only the keys id, amount (fixed by the first batch), got also note (leave it out, or give it to all rows)",
  ],
  [
    [1n, 1],
    " to be a plain object, whose keys are the columns, got Array (use a plain object with the fields that Python needs)",
  ],
  [7, " to be a plain object, whose keys are the columns, got number"],
];

test.each(REFUSED.map(([row, message]) => ({ row, message })))(
  "a record that does not fit fails alone: payloads[0]$message",
  async ({ row, message }) => {
    const rows = [...upTo(30).map(sale), row as Sale, ...upTo(30).map(sale)];
    const run = through("same", true, 50).onError("x", "reject").run(rows, { session: session() });
    const { outputs, rejected, ledger } = await run.collect();
    expect(outputs.default).toHaveLength(60);
    expect(rejected).toMatchObject([
      {
        id: 30,
        reason: `session shared: stage x: by_columns.same: expected payloads[0]${message}`,
        error: { code: "SLITHER_VALUE_NOT_SUPPORTED" },
        payload: row,
      },
    ]);
    expectBalance(ledger);
  },
);

test("the first record does not make the rule for the others when it is unlike them", async () => {
  const rows = [{ id: 0n, amount: "none", extra: 1 }, ...upTo(20).map(sale)];
  const run = through("same").onError("x", "reject").run(rows, { session: session() });
  const { outputs, rejected } = await run.collect();
  expect(outputs.default).toHaveLength(20);
  expect(rejected.map(({ id }) => id)).toEqual([0]);
});

test("later batches are held to what the first one fixed", async () => {
  const rows = [...upTo(10).map(sale), ...upTo(10).map((n) => ({ id: `${n}`, amount: n }))];
  const run = through("same", true, 10).onError("x", "reject").run(rows, { session: session() });
  const { rejected } = await run.collect();
  expect(rejected.map(({ id }) => id)).toEqual(upTo(10).map((n) => n + 10));
});

test("keys may come in another order, and are the same columns", async () => {
  const rows = [
    { a: 1, b: true },
    { b: false, a: 2 },
  ];
  expect(await same(rows)).toEqual([
    { a: 1, b: true },
    { a: 2, b: false },
  ]);
});

test("rows that are set aside are rejected with their reasons, and the others keep their places", async () => {
  const rows = [-1, 2, -3, 4].map((amount, n) => ({ id: BigInt(n), amount }));
  const run = through("without_negatives").run(rows, { session: session() });
  const { outputs, rejected, ledger } = await run.collect();
  expect(outputs.default.map(({ id, payload }) => [id, payload.amount])).toEqual([
    [1, 2],
    [3, 4],
  ]);
  expect(rejected.map(({ id, reason, payload }) => [id, reason, payload])).toEqual([
    [0, "negative: -1", rows[0]],
    [2, "negative: -3", rows[2]],
  ]);
  expectBalance(ledger);
});

test("all rows of a batch may be set aside", async () => {
  const run = through("without_any").run(upTo(4).map(sale), { session: session() });
  const { outputs, ledger } = await run.collect();
  expect(outputs.default).toEqual([]);
  expect(ledger.rejected).toBe(4);
});

test.each([
  ["raises_at_13", "ValueError: 13"],
  [
    "not_carried_at_13",
    "expected result.made[0] to be a value that can be sent to JavaScript, got decimal.Decimal",
  ],
])("the record that %s is to blame for is found", async (name, reason) => {
  const run = through(name, true, 40)
    .onError("x", reject({ max: 1 }))
    .run(upTo(40).map(sale), { session: session() });
  const { outputs, rejected } = await run.collect();
  expect(rejected).toMatchObject([{ id: 13, reason: expect.stringContaining(reason) }]);
  expect(outputs.default).toHaveLength(39);
});

test("a record that kills its process is found, and an equal one is not tried again", async () => {
  const killed = await engine().session();
  const rows = [...upTo(15), 13].map(sale);
  const run = through("dies_at_13", true, 16).onError("x", "reject").run(rows, { session: killed });
  const { outputs, rejected } = await run.collect();
  expect(rejected.map(({ id, error }) => [id, (error as { code: string }).code])).toEqual([
    [13, "SLITHER_WORKER_DIED"],
    [15, "SLITHER_POISONED_RECORD"],
  ]);
  expect(outputs.default).toHaveLength(14);
});

const scoring: Pipe<
  Sale,
  { id: number; score: number; large: boolean },
  object,
  Record<string, unknown>
> = pipe<Sale>("scoring").python("score", {
  module: "by_columns",
  function: "scored",
  columns: true,
  batch: { size: 10 },
});

async function chunks(
  records: number,
): Promise<(readonly Item<{ id: number; score: number; large: boolean }>[])[]> {
  const all = [];
  for await (const items of scoring.run(upTo(records).map(sale), { session: session() }).batches())
    all.push(items);
  return all;
}

test("columnsOf() gives a chunk of a run as typed arrays, on the memory of the answer", async () => {
  const [items = []] = await chunks(10);
  const { id, score, large } = columnsOf(items);
  expect(id).toEqual(BigInt64Array.from(upTo(10), BigInt));
  expect(score).toEqual(Float64Array.from(upTo(10), (n) => n * 2));
  expect(large).toEqual(new Uint8Array(10));
  const part = columnsOf(items.slice(3, 5)).score as Float64Array;
  expect([...part]).toEqual([6, 8]);
  expect(part.buffer).toBe((score as Float64Array).buffer);
});

test("columnsOf() gathers what is left of a chunk, or comes of several", async () => {
  const items = (await chunks(30)).flat().filter(({ id }) => Number(id) % 7 === 0);
  expect(columnsOf(items).score).toEqual(Float64Array.of(0, 14, 28, 42, 56));
});

test("a payload is an ordinary object, the same one each time, and part of its item", async () => {
  const [items = []] = await chunks(10);
  const item = items[3] as Item<object>;
  expect(item.payload).toStrictEqual({ id: 3, score: 6, large: false });
  expect(item.payload).toBe(item.payload);
  expect({ ...item }).toStrictEqual({
    id: 3,
    payload: { id: 3, score: 6, large: false },
    meta: {},
    route: "default",
    input: sale(3),
  });
  expect(Object.keys(item)).toEqual(["id", "payload", "meta", "route", "input"]);
});

test("stages behind one see its rows, also in branches, and columnsOf() still has its columns", async () => {
  const routed = scoring
    .node("kept", (payload) => payload)
    .route("by", [["odd", ({ id }) => id % 2 === 1]])
    .branch("odd", (odd) => odd.node("again", (payload) => payload));
  const { outputs } = await routed.run(upTo(20).map(sale), { session: session() }).collect();
  expect(outputs.odd.map(({ payload }) => payload.id)).toEqual(upTo(10).map((n) => 2 * n + 1));
  const direct = scoring.route("by", [["odd", ({ id }) => id % 2 === 1]]);
  const { outputs: columns } = await direct.run(upTo(20).map(sale), { session: session() }).collect();
  expect(columnsOf(columns.odd).score).toEqual(Float64Array.from(upTo(10), (n) => 4 * n + 2));
});

/** Two stages, fused or not, with a tap between them. */
function twoStages(fuse: boolean, seen: unknown[] = []) {
  const options = { module: "by_columns", columns: true, batch: { size: 8 }, fuse } as const;
  return pipe<Sale>("two")
    .python<Sale>("clean", { ...options, function: "without_negatives" })
    .tap("see", (payload) => void seen.push(payload))
    .python<{ id: number; score: number; large: boolean }>("score", { ...options, function: "scored" })
    .python<{ id: number; score: number; large: boolean }>("double", { ...options, function: "doubled" });
}

test.each([true, false])("stages pass columns on, taps see rows (fuse: %s)", async (fuse) => {
  const seen: unknown[] = [];
  const rows = [-1, 2, -3, 4, 60].map((amount, n) => ({ id: BigInt(n), amount }));
  const run = twoStages(fuse, seen).run(rows, { session: session() });
  let trips = 0;
  run.on("batch-stop", () => {
    trips += 1;
  });
  const { outputs, rejected, ledger } = await run.collect();
  expect(trips).toBe(fuse ? 1 : 3);
  expect(outputs.default.map(({ payload }) => payload)).toStrictEqual([
    { id: 1, score: 8, large: false },
    { id: 3, score: 16, large: false },
    { id: 4, score: 240, large: true },
  ]);
  expect(seen).toStrictEqual([
    { id: 1, amount: 2 },
    { id: 3, amount: 4 },
    { id: 4, amount: 60 },
  ]);
  expect(rejected.map(({ id, stage }: Rejection) => [id, stage])).toEqual([
    [0, "clean"],
    [2, "clean"],
  ]);
  expectBalance(ledger);
});

test("what is changed in the object of a row goes on changed", async () => {
  const options = { module: "by_columns", function: "same", columns: true, batch: { size: 8 } } as const;
  const made = pipe<Sale>("p")
    .python<Sale>("same", options)
    .tap("change", (payload) => {
      if (Number(payload.id) === 1) Object.assign(payload, { amount: 100 });
    })
    .python<Sale>("again", { ...options, fuse: false });
  const payloads = await payloadsOf(made.run(upTo(3).map(sale), { session: session() }));
  expect(payloads.map(({ amount }) => amount)).toEqual([sale(0).amount, 100, sale(2).amount]);
});

test("columnsOf() has what was changed in the objects of items", async () => {
  const { outputs } = await scoring.run(upTo(4).map(sale), { session: session() }).collect();
  const before = columnsOf(outputs.default).score;
  expect(before).toBeInstanceOf(Float64Array);
  for (const { payload } of outputs.default) payload.score += 1;
  expect(columnsOf(outputs.default).score).toEqual(Array.from(before as Float64Array, (score) => score + 1));
});

test("looking at the objects of items changes nothing of their columns", async () => {
  const { outputs } = await scoring.run(upTo(4).map(sale), { session: session() }).collect();
  expect(outputs.default.map(({ payload }) => payload.score)).toHaveLength(4);
  expect(columnsOf(outputs.default).score).toBeInstanceOf(Float64Array);
});

test("a stage that is not fused gets the dtypes of the columns before it, not those of rows", async () => {
  const options = { module: "by_columns", columns: true, fuse: false } as const;
  const run = pipe<Sale>("p")
    .python("same", { ...options, function: "same" })
    .python<Record<string, string>>("told", { ...options, function: "described" })
    .run(upTo(3).map(sale), { session: session() });
  expect((await payloadsOf(run))[0]?.id).toMatch("int64");
});

test("what goes to an output by a policy has the payload that the stage was given", async () => {
  const run = through("raises_at_13")
    .onError("x", routeTo("bad"))
    .run(upTo(20).map(sale), { session: session() });
  const { outputs } = await run.collect();
  expect(outputs.bad.map(({ payload }) => payload)).toEqual([sale(13)]);
});

test("replicas share the batches, in order", async () => {
  const own = await engine().session();
  const run = scoring.run(upTo(200).map(sale), { session: own, replicas: 2 });
  expect((await payloadsOf(run)).map(({ id }) => id)).toEqual(upTo(200));
});

test("what a function writes to its columns changes no record", async () => {
  const rows = upTo(3).map(sale);
  const { outputs } = await through("fills").run(rows, { session: session() }).collect();
  expect(outputs.default.map(({ payload }) => payload.amount)).toEqual([7, 7, 7]);
  expect(rows).toEqual(upTo(3).map(sale));
});

test("a record from a dead-letter file goes into its columns again", async () => {
  const file = join(temporaryFolder(), "rejected.jsonl");
  const rows = upTo(20).map(sale);
  const failing = through("raises_at_13").onError("x", "reject");
  await failing.run(rows, { session: session(), deadLetter: deadLetter(file) }).collect();
  const again = await through("same").replay(file, { session: session() }).collect();
  expect(again.outputs.default.map(({ id, payload }) => [id, payload])).toEqual([
    [13, { id: 13, amount: 13 }],
  ]);
});
