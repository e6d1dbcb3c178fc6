import { isDeepStrictEqual } from "node:util";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { type Dtype, NdArray, tuple, ValueNotSupportedError } from "slither-ts";
import { describe, expect, test } from "vitest";
import type { Column, Columns } from "../../src/wire/columns.js";
import { ColumnBlock } from "../../src/wire/columns-block.js";
import { fitted, kindsOf } from "../../src/wire/columns-fit.js";
import { looped as loopedGatherer, RowGatherer } from "../../src/wire/columns-gather.js";
import { type DeclaredColumns, inferKinds } from "../../src/wire/columns-infer.js";
import { joined } from "../../src/wire/columns-join.js";
import { COLUMN_DTYPES, type ColumnDtype } from "../../src/wire/columns-kind.js";
import { openColumn } from "../../src/wire/columns-put.js";
import { looped, valueAt } from "../../src/wire/columns-row.js";
import { columnsOfTable, packableColumns } from "../../src/wire/columns-table.js";
import { packable, packBody } from "../../src/wire/encode.js";
import { unpack } from "../../src/wire/extensions.js";
import { DTYPES } from "../../src/wire/ndarray.js";
import { SharedArray } from "../../src/wire/shared-array.js";
import { thrown } from "../helpers/rejection.js";
import { scalars } from "./values.js";

function gathered(rows: readonly unknown[], declared?: DeclaredColumns): Columns {
  return new RowGatherer(inferKinds(rows, declared)).columnsOf(rows, "rows");
}

/** The rows that arrive where columns are sent. */
function arrived(columns: Columns): object[] {
  const body = packBody(packableColumns(columns, "a", "rows"), "rows");
  return columnsOfTable(unpack(body) as never).allRows;
}

function expectExactly(given: unknown, expected: unknown): void {
  // Rows are asked for no `constructor`, which may be a column.
  if (!isDeepStrictEqual(given, expected)) expect(given).toStrictEqual(expected);
}

const number = fc.oneof(
  fc.double(),
  fc.constantFrom(0, -0, Number.NaN, Infinity, -Infinity, 5e-324, 2 ** 53, 2 ** 60, -1),
);

/** Values that a column of a dtype takes, where they come home as they are. */
const VALUES: Readonly<Record<ColumnDtype, fc.Arbitrary<unknown>>> = {
  float64: number,
  float32: fc.float({ noNaN: false }),
  bool: fc.boolean(),
  int8: fc.integer({ min: -128, max: 127 }),
  int16: fc.integer({ min: -32_768, max: 32_767 }),
  int32: fc.integer(),
  int64: fc.oneof(
    fc.maxSafeInteger(),
    fc.bigInt({ min: 2n ** 53n + 1n, max: 2n ** 63n - 1n }),
    fc.bigInt({ min: -(2n ** 63n), max: -(2n ** 53n) - 1n }),
  ),
  uint8: fc.nat({ max: 255 }),
  uint16: fc.nat({ max: 65_535 }),
  uint32: fc.nat({ max: 0xffff_ffff }),
  uint64: fc.oneof(fc.maxSafeNat(), fc.bigInt({ min: 2n ** 53n + 1n, max: 2n ** 64n - 1n })),
  str: fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("", "\ud800")),
  object: scalars.filter((value) => typeof value !== "bigint" || value > 2n ** 53n || value < -(2n ** 53n)),
};

const keys = fc.oneof(
  fc.string({ unit: "binary", maxLength: 6 }).filter((key) => key !== "__proto__"),
  fc.constantFrom("constructor", "0", "a b", "toString", "valueOf", "length", "\ud800"),
);

const declaredRows = fc
  .dictionary(keys, fc.constantFrom(...COLUMN_DTYPES), { minKeys: 1, maxKeys: 5, noNullPrototype: true })
  .chain((declared) =>
    fc.record({
      declared: fc.constant(declared),
      rows: fc.array(
        fc.record(
          Object.fromEntries(Object.entries(declared).map(([key, dtype]) => [key, VALUES[dtype]] as const)),
          { noNullPrototype: true },
        ),
        { minLength: 1, maxLength: 30 },
      ),
    }),
  );

describe("rows that become columns", () => {
  test("arrive as the same rows, exactly, whatever their keys and dtypes", () => {
    fc.assert(
      fc.property(declaredRows, ({ declared, rows }) => {
        expectExactly(arrived(gathered(rows, declared)), rows);
      }),
    );
  });

  test("are gathered and made alike where no code may be made of text", () => {
    fc.assert(
      fc.property(declaredRows, ({ declared, rows }) => {
        const kinds = inferKinds(rows, declared);
        const open = kinds.kinds.map((kind) => openColumn(kind as never, rows.length));
        expect(loopedGatherer(kinds.keys)(rows, open)).toBe(rows.length);
        const rowAt = looped(
          kinds.keys,
          open.map(({ column }) => valueAt(column)),
        );
        expectExactly(
          rows.map((_, index) => rowAt(index)),
          rows,
        );
      }),
    );
  });

  test("may be of another realm, without a prototype, and have their keys in any order", () => {
    const rows = [
      { a: 1, b: "x" },
      runInNewContext("({ b: 'y', a: 2 })"),
      Object.assign(Object.create(null), { a: 3, b: "z" }),
    ];
    expect(arrived(gathered(rows))).toEqual([
      { a: 1, b: "x" },
      { a: 2, b: "y" },
      { a: 3, b: "z" },
    ]);
  });

  test.each<[ColumnDtype, unknown, string]>([
    ["int8", 128, "an integer that int8 holds (column int8, declared in `columns`), got 128"],
    ["uint8", -1, "an integer that uint8 holds (column uint8, declared in `columns`), got -1"],
    ["int32", 1.5, "an integer that int32 holds (column int32, declared in `columns`), got 1.5"],
    ["int32", -0, "an integer that int32 holds (column int32, declared in `columns`), got -0"],
    [
      "int64",
      2 ** 60,
      "an integer that int64 holds (column int64, declared in `columns`), got 1152921504606847000",
    ],
    ["uint64", -1n, "an integer that uint64 holds (column uint64, declared in `columns`), got -1n"],
    [
      "float32",
      0.1,
      "a number that float32 holds exactly (column float32, declared in `columns`), got 0.1 (use Math.fround(value), or float64)",
    ],
    ["bool", 1, "a boolean (column bool, declared in `columns`), got 1"],
    [
      "str",
      null,
      'a string (column str, declared in `columns`), got null (a column that is declared as "object" takes any value)',
    ],
    ["float64", undefined, "a number (column float64, declared in `columns`), got undefined (use NaN)"],
    [
      "float64",
      new Date(0),
      "a number (column float64, declared in `columns`), got Date (use date.toISOString() or date.getTime())",
    ],
  ])("of %s take no %s", (dtype, value, message) => {
    const error = thrown(() => gathered([{ a: value }], { a: dtype }), ValueNotSupportedError);
    expect(error.message).toContain(`expected rows[0].a to be ${message}`);
    expect(error).toMatchObject({ path: "rows[0].a", direction: "argument" });
  });

  test.each<[unknown[], string]>([
    [
      [
        [1, 2],
        [1, 2, 3],
        [3, 4],
      ],
      "rows[1].a to be an array of 2, each a number (column float64, fixed by the first batch), got an array of 3",
    ],
    [
      [[1], ["1"], [1]],
      "rows[1].a to be an array of 1, each a number (column float64, fixed by the first batch), got an array with a string in it",
    ],
    [
      [[1], tuple(1), [1]],
      "rows[1].a to be an array of 1, each a number (column float64, fixed by the first batch), got Tuple",
    ],
    [
      [new NdArray("int8", [1, 1], Int8Array.of(1)), new NdArray("int8", [1], Int8Array.of(1))],
      "rows[1].a to be an NdArray of int8 with the shape 1x1 (column int8, fixed by the first batch), got an array of int8 with the shape 1",
    ],
    [
      [[1], Float32Array.of(1), [1]],
      "rows[1].a to be an array of 1, each a number (column float64, fixed by the first batch), got an array of float32 with the shape 1",
    ],
    [
      [null, null],
      "rows[0].a to be a number, bigint, boolean, string, or an array of numbers, as columns are made of, got null",
    ],
    [
      [new Uint8Array(1)],
      "rows[0].a to be a number, bigint, boolean, string, or an array of numbers, as columns are made of, got Uint8Array",
    ],
  ])("are refused by their path where an array does not fit: %#", (values, message) => {
    const error = thrown(() => gathered(values.map((a) => ({ a }))), ValueNotSupportedError);
    expect(error.message).toContain(`expected ${message}`);
  });

  test("are refused by name where a key is one that no object can have", () => {
    const error = thrown(() => gathered([JSON.parse('{ "a": 1, "__proto__": 2 }')]), ValueNotSupportedError);
    expect(error.message).toContain("expected rows[0] to be a plain object, got the key __proto__");
  });

  test("are refused with their path where a getter throws", () => {
    const broken = {
      get a() {
        throw new Error("broken");
      },
    };
    const error = thrown(() => gathered([{ a: 1 }, broken, { a: 2 }]), ValueNotSupportedError);
    expect(error.message).toContain(
      "expected rows[1].a to be a number (column float64, fixed by the first batch), got a value that throws when it is read (broken)",
    );
  });

  test.each([2 ** 53, -(2 ** 53)])("of int64 take %d, which is as far as numbers are integers", (n) => {
    expect(arrived(gathered([{ n }], { n: "int64" }))).toEqual([{ n }]);
  });

  test("of uint64 take 2^53", () => {
    expect(arrived(gathered([{ n: 2 ** 53 }], { n: "uint64" }))).toEqual([{ n: 2 ** 53 }]);
  });

  test.each<[string, unknown]>([
    ["bytes", Buffer.from("a")],
    [
      "a shared array",
      new SharedArray({ forget: () => {} }, 1, new NdArray("int8", [1], Int8Array.of(1)), undefined),
    ],
    ["a map", new Map([[1, 2]])],
    ["a plain object", { deep: 1 }],
  ])('that have %s are told to declare the column as "object", which takes it', (_, value) => {
    const error = thrown(() => gathered([{ a: value }]), ValueNotSupportedError);
    expect(error.message).toMatch(/\(a column that is declared as "object" takes any value\)$/);
    expect(() => packableColumns(gathered([{ a: value }], { a: "object" }), "s", "rows")).not.toThrow();
  });

  test("of a class are not told so", () => {
    class Own {}
    const error = thrown(() => gathered([{ a: new Own() }]), ValueNotSupportedError);
    expect(error.message).toMatch(/\(use a plain object with the fields that Python needs\)$/);
  });

  test("may nest in a column of objects as deep as in a row that travels alone", () => {
    const nested = (levels: number): unknown => (levels === 0 ? 0 : [nested(levels - 1)]);
    const packed = (levels: number) =>
      packableColumns(gathered([{ a: nested(levels) }], { a: "object" }), "s", "rows");
    expect(() => packed(199)).not.toThrow();
    const error = thrown(() => packed(200), ValueNotSupportedError);
    expect(error.message).toContain("values may nest 200 levels deep");
    expect(() => packable([{ a: nested(199) }], "s", "rows")).not.toThrow();
    expect(() => packable([{ a: nested(200) }], "s", "rows")).toThrow(ValueNotSupportedError);
  });

  test("are refused with their path where a value of a list cannot be carried", () => {
    const columns = gathered([{ a: 1 }, { a: { when: new Date(0) } }], { a: "object" });
    const error = thrown(() => packableColumns(columns, "s", "rows"), ValueNotSupportedError);
    expect(error.path).toBe("rows[1].a.when");
  });

  test.each([
    ["a number", { n: 2 }],
    ["an element of an array", { matrix: new NdArray("int8", [1], Int8Array.of(2)) }],
    ["the shape of an array", { matrix: new NdArray("int8", [1, 1], Int8Array.of(1)) }],
    ["the sign of zero", { zero: 0 }],
    ["a key", { more: 1 }],
  ])("know an object of a row in which %s was changed", (_, change) => {
    const values = [
      new NdArray("float64", [1], Float64Array.of(1)),
      new NdArray("int8", [1, 1], Int8Array.of(1)),
      new NdArray("float64", [1], Float64Array.of(-0)),
      new NdArray("float64", [1], Float64Array.of(Number.NaN)),
      [{ deep: 1 }],
    ];
    const block = new ColumnBlock(1, ["n", "matrix", "zero", "nothing", "list"], values);
    const row = block.rowAt(0);
    expect(block.isUnchanged(row, 0)).toBe(true);
    expect(block.isUnchanged({ ...row, ...change }, 0)).toBe(false);
  });

  test("of typed arrays and NdArrays have one axis more", () => {
    const rows = [1, 2].map((n) => ({
      typed: Int16Array.of(n, n),
      matrix: new NdArray("bool", [1, 2], Uint8Array.of(1, 0)),
    }));
    const { values } = gathered(rows);
    expect(values).toStrictEqual([
      new NdArray("int16", [2, 2], Int16Array.of(1, 1, 2, 2)),
      new NdArray("bool", [2, 1, 2], Uint8Array.of(1, 0, 1, 0)),
    ]);
  });
});

describe("a block of columns", () => {
  const block = new ColumnBlock(
    3,
    ["n", "list", "matrix"],
    [
      new NdArray("float64", [3], Float64Array.of(1, -0, Number.NaN)),
      ["a", null, { deep: 1 }],
      new NdArray("int32", [3, 2], Int32Array.of(1, 2, 3, 4, 5, 6)),
    ],
  );

  test("gives rows, with arrays of their own", () => {
    const rows = block.allRows as { matrix: NdArray<"int32"> }[];
    expect(rows).toStrictEqual([
      { n: 1, list: "a", matrix: new NdArray("int32", [2], Int32Array.of(1, 2)) },
      { n: -0, list: null, matrix: new NdArray("int32", [2], Int32Array.of(3, 4)) },
      { n: Number.NaN, list: { deep: 1 }, matrix: new NdArray("int32", [2], Int32Array.of(5, 6)) },
    ]);
    expect(rows[0]?.matrix.data.buffer).not.toBe((block.values[2] as NdArray).data.buffer);
  });

  test.each<[string, readonly string[], readonly Column[]]>([
    ["too short", ["a"], [[1, 2]]],
    ["a single value", ["a"], [new NdArray("int8", [], Int8Array.of(1))]],
    ["not there", ["a", "b"], [[1, 2, 3]]],
    ["one that no object can have", ["__proto__"], [[1, 2, 3]]],
  ])("has no column that is %s", (_, names, values) => {
    expect(() => new ColumnBlock(3, names, values)).toThrow(RangeError);
  });
});

describe("rows that are put together again", () => {
  const elements = (dtype: Dtype, count: number) => openColumn({ dtype, inner: [] }, count).column as NdArray;

  const blockOf = (first: number, rows: number, dtype: Dtype = "float64") => {
    const column = elements(dtype, rows);
    for (let index = 0; index < rows; index += 1) (column.data as Float64Array)[index] = first + index;
    return new ColumnBlock(
      rows,
      ["n", "text"],
      [column, Array.from({ length: rows }, (_, n) => `${first + n}`)],
    );
  };

  test("are the rows that they were, from whatever places", () => {
    const place = fc.record({
      block: fc.nat({ max: 2 }),
      start: fc.nat({ max: 9 }),
      length: fc.integer({ min: 1, max: 5 }),
    });
    fc.assert(
      fc.property(fc.array(place, { minLength: 1, maxLength: 6 }), (places) => {
        const blocks = [blockOf(0, 20), blockOf(100, 20), blockOf(200, 20)];
        const stretches = places.map(({ block, start, length }) => ({
          block: blocks[block] as ColumnBlock,
          start,
          end: start + length,
        }));
        const expected = stretches.flatMap(({ block, start, end }) => block.allRows.slice(start, end));
        const { rows, keys: names, values } = joined(stretches) as Columns;
        expect(new ColumnBlock(rows, names, values).allRows).toStrictEqual(expected);
      }),
    );
  });

  test("share the memory of their block when they are neighbours", () => {
    const block = blockOf(0, 10);
    const { values } = joined([{ block, start: 2, end: 7 }]) as Columns;
    expect((values[0] as NdArray).data.buffer).toBe((block.values[0] as NdArray).data.buffer);
  });

  test("find their keys in another order", () => {
    const [first, second] = [blockOf(0, 2), blockOf(2, 2)];
    const turned = new ColumnBlock(2, ["text", "n"], [...second.values].reverse());
    const { values } = joined([
      { block: first, start: 0, end: 2 },
      { block: turned, start: 0, end: 2 },
    ]) as Columns;
    expect(values[0]).toStrictEqual(new NdArray("float64", [4], Float64Array.of(0, 1, 2, 3)));
  });

  test.each([
    [
      "keys",
      new ColumnBlock(
        2,
        ["n", "other"],
        [
          [1, 2],
          [1, 2],
        ],
      ),
    ],
    ["dtypes", blockOf(0, 2, "float32")],
    [
      "kinds of columns",
      new ColumnBlock(
        2,
        ["n", "text"],
        [
          [1, 2],
          ["a", "b"],
        ],
      ),
    ],
  ])("are not where their %s differ", (_, other) => {
    expect(
      joined([
        { block: blockOf(0, 2), start: 0, end: 2 },
        { block: other, start: 0, end: 2 },
      ]),
    ).toBeUndefined();
  });
});

describe("columns that are there already", () => {
  const columns = (values: readonly Column[]): Columns => ({ rows: 2, keys: ["a"], values });

  test("stay what they are where they fit", () => {
    const column = new NdArray("int32", [2], Int32Array.of(1, 2));
    const there = columns([column]);
    expect(fitted(there, kindsOf(there, undefined))?.values[0]).toBe(column);
  });

  test("become what was fixed where every value fits exactly, and are refused where not", () => {
    const { kinds } = { kinds: kindsOf(columns([new NdArray("int8", [2], Int8Array.of(1, 2))]), undefined) };
    const wide = columns([new NdArray("float64", [2], Float64Array.of(1, 127))]);
    expect(fitted(wide, kinds)?.values).toStrictEqual([new NdArray("int8", [2], Int8Array.of(1, 127))]);
    expect(fitted(columns([new NdArray("float64", [2], Float64Array.of(1, 128))]), kinds)).toBeUndefined();
    expect(fitted({ ...wide, keys: ["b"] }, kinds)).toBeUndefined();
  });

  test.each<[string, readonly unknown[]]>([
    ["numbers", [1, 2]],
    ["text", ["a", "b"]],
    ["text and nothing", ["a", null]],
    ["objects", [{ k: 1 }, { k: 1 }]],
    ["integers beyond those of numbers", [1, 2n ** 60n]],
  ])("stay lists where they came as such, of %s", (_, list) => {
    const there = columns([list]);
    const kinds = kindsOf(there, undefined);
    expect(kinds.kinds).toEqual([{ dtype: "object", inner: [] }]);
    expect(fitted(there, kinds)?.values).toEqual([list]);
  });

  test("become what a stage declares also where they came as lists", () => {
    const there = columns([[1, 2]]);
    expect(fitted(there, kindsOf(there, { a: "int32" }))?.values).toStrictEqual([
      new NdArray("int32", [2], Int32Array.of(1, 2)),
    ]);
  });

  test("of every dtype are what that dtype declares", () => {
    for (const dtype of DTYPES) {
      const { column } = openColumn({ dtype, inner: [] }, 2);
      expect(fitted(columns([column]), kindsOf(columns([column]), { a: dtype }))?.values[0]).toBe(column);
    }
  });
});
