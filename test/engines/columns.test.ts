import { columnsOf, type Engine, local, NdArray, pipe, reject } from "slither-ts";
import { type InlineModule, inline, shortResult } from "slither-ts/testing";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { FIXTURES } from "../helpers/engine.js";
import { upTo } from "../pipe/inputs.js";
import { expectBalance, haltOf, payloadsOf } from "../pipe/runs.js";

interface Sale {
  readonly id: bigint;
  readonly amount: number;
}

interface Given {
  readonly id: NdArray<"int64">;
  readonly amount: NdArray<"float64">;
}

const WRONG: Readonly<Record<string, (rows: number) => unknown>> = {
  "a list": (rows) => upTo(rows),
  "too short": (rows) => ({ x: new Float64Array(rows - 1) }),
  "too long a list": (rows) => ({ x: upTo(rows + 1) }),
  "one value": () => ({ x: new NdArray("float64", [], Float64Array.of(1)) }),
  "a number": () => ({ x: 1 }),
  "no rows set aside": (rows) => [{ x: new Float64Array(rows) }, [0]],
  "an index beyond": (rows) => [{ x: new Float64Array(rows) }, { [rows]: reject("no") }],
  "no reason": (rows) => [{ x: new Float64Array(rows) }, { 0: "no" }],
};

/** The functions of fixtures/python/by_columns.py. */
const by_columns: InlineModule = {
  same: (columns: object) => columns,
  scored: ({ id, amount }: Given) => ({
    id,
    score: amount.data.map((each) => each * 2),
    large: new NdArray(
      "bool",
      amount.shape,
      Uint8Array.from(amount.data, (each) => Number(each > 50)),
    ),
  }),
  doubled: (columns: { score: NdArray<"float64"> }) => ({
    ...columns,
    score: columns.score.data.map((each) => each * 2),
  }),
  fills: (columns: Given) => {
    columns.amount.data.fill(7);
    return columns;
  },
  without_negatives: (columns: Given) => [
    columns,
    Object.fromEntries(
      [...columns.amount.data.entries()]
        .filter(([, amount]) => amount < 0)
        .map(([place, amount]) => [place, reject(`negative: ${amount}`)]),
    ),
  ],
  given: ({ what }: { what: string[] }) => WRONG[what[0] as string]?.(what.length),
};

const scoring = pipe<Sale>("scoring").python<{ id: number; score: number; large: boolean }>("score", {
  module: "by_columns",
  function: "scored",
  columns: true,
  batch: { size: 10 },
});

const sales = upTo(25).map((n): Sale => ({ id: BigInt(n), amount: n * 4 }));

describe.each<[string, () => Promise<Engine>]>([
  ["local", () => local({ pythonPath: [FIXTURES] })],
  ["inline", async () => inline({ modules: { by_columns } })],
])("columns on the %s engine", (_, open) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await open();
  });
  afterAll(() => engine.close({ timeout: 1 }));

  test("give rows, and columns again", async () => {
    const session = await engine.session();
    expect((await payloadsOf(scoring.run(sales, { session })))[13]).toStrictEqual({
      id: 13,
      score: 104,
      large: true,
    });
    for await (const items of scoring.run(sales.slice(0, 5), { session }).batches()) {
      expect(columnsOf(items)).toStrictEqual({
        id: BigInt64Array.from(upTo(5), BigInt),
        score: Float64Array.of(0, 8, 16, 24, 32),
        large: new Uint8Array(5),
      });
    }
  });

  test("are copies: what a function writes to them changes no record", async () => {
    const session = await engine.session();
    const filling = pipe<Sale>("p").python<Sale>("fill", {
      module: "by_columns",
      function: "fills",
      columns: true,
    });
    const rows = sales.map((each) => ({ ...each }));
    expect((await payloadsOf(filling.run(rows, { session })))[2]?.amount).toBe(7);
    expect(rows).toEqual(sales);
  });

  test("pass from stage to stage, and taps see rows", async () => {
    const session = await engine.session();
    const seen: unknown[] = [];
    const doubled = scoring
      .tap("see", (payload) => void seen.push(payload))
      .python<{ score: number }>("double", { module: "by_columns", function: "doubled", columns: true });
    const run = doubled.run(sales.slice(0, 2), { session });
    expect(await payloadsOf(run)).toStrictEqual([
      { id: 0, score: 0, large: false },
      { id: 1, score: 16, large: false },
    ]);
    expect(seen).toStrictEqual([
      { id: 0, score: 0, large: false },
      { id: 1, score: 8, large: false },
    ]);
  });

  test("refuse a record that does not fit, and no other", async () => {
    const session = await engine.session({ id: "refusing" });
    const rows = [...sales, { id: 7n, amount: null as unknown as number }];
    const { rejected, ledger } = await scoring.onError("score", "reject").run(rows, { session }).collect();
    expect(rejected.map(({ id, reason }) => [id, reason])).toEqual([
      [
        25,
        "session refusing: stage score: by_columns.scored: expected payloads[0].amount to be a number (column float64, fixed by the first batch), got null (use NaN)",
      ],
    ]);
    expectBalance(ledger);
    await session.close();
  });

  test("leave out the rows that are set aside", async () => {
    const session = await engine.session();
    const cleaning = pipe<Sale>("p").python<Sale>("clean", {
      module: "by_columns",
      function: "without_negatives",
      columns: true,
    });
    const rows = [-1, 2, -3, 4].map((amount, n) => ({ id: BigInt(n), amount }));
    const { outputs, rejected, ledger } = await cleaning.run(rows, { session }).collect();
    expect(outputs.default.map(({ payload }) => payload)).toStrictEqual([
      { id: 1, amount: 2 },
      { id: 3, amount: 4 },
    ]);
    expect(rejected.map(({ id, reason }) => [id, reason])).toEqual([
      [0, "negative: -1"],
      [2, "negative: -3"],
    ]);
    expectBalance(ledger);
  });

  test.each(Object.keys(WRONG))("are not what a function gives back that is %s", async (what) => {
    const session = await engine.session();
    const wrong = pipe<{ what: string }>("p").python("x", {
      module: "by_columns",
      function: "given",
      columns: true,
    });
    const halt = await haltOf(wrong.run([{ what }, { what }], { session }));
    expect(halt.cause).toMatchObject({ code: "SLITHER_BATCH_RESULT", expected: 2 });
  });
});

test("a fake's result that is short by one row fails its batch", async () => {
  const engine = inline({ modules: { by_columns }, faults: () => shortResult() });
  onTestFinished(() => engine.close({ timeout: 1 }));
  const halt = await haltOf(scoring.run(sales, { session: await engine.session() }));
  expect(halt.cause).toMatchObject({ code: "SLITHER_BATCH_RESULT", expected: 10, got: 9 });
});
