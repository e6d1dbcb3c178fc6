import { deepStrictEqual } from "node:assert/strict";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { NdArray, RefError, tuple, ValueNotSupportedError } from "slither-ts";
import { describe, expect, test } from "vitest";
import { packable, packableTable, packBody } from "../../src/wire/encode.js";
import { unpack } from "../../src/wire/extensions.js";
import type { Shape } from "../../src/wire/row-builder.js";
import { rowsOf, type Table } from "../../src/wire/table.js";
import { thrown } from "../helpers/rejection.js";
import { TestHandle } from "./notation.js";
import { ENOUGH, evenRows, many, oddRows } from "./rows.js";
import { exactly } from "./values.js";

const resolve = (ref: number): TestHandle => new TestHandle(ref);

function tableOf(rows: readonly unknown[]): Table {
  return unpack(packBody(packableTable(rows, "a", "payloads"), "payloads"), resolve) as Table;
}

/** What the rows are when they are encoded and decoded again. */
function carried(rows: readonly unknown[]): unknown[] {
  return rowsOf(tableOf(rows));
}

function carriedAsRows(rows: readonly unknown[]): unknown[] {
  return unpack(packBody(packable(rows, "a", "payloads"), "payloads"), resolve) as unknown[];
}

function shapeOf(rows: readonly unknown[]): Shape | null {
  return tableOf(rows)[1];
}

/** What comes of rows that travel as they are is tested elsewhere. */
function isCarriedExactly(rows: unknown[]): void {
  const came = carried(rows);
  deepStrictEqual(came, carriedAsRows(rows));
  // Also the order of keys.
  deepStrictEqual(exactly(came), exactly(carriedAsRows(rows)));
}

test("rows that are alike come back as they were sent", () => {
  fc.assert(fc.property(evenRows, isCarriedExactly), { numRuns: 300 });
});

test("rows of any kind come back as they were sent", () => {
  fc.assert(fc.property(oddRows, isCarriedExactly), { numRuns: 200 });
});

test("rows that are alike travel in columns, those of objects in them too", () => {
  const rows = many((index) => ({ b: index, a: { z: "text", y: [index] }, c: null }));

  expect(tableOf(rows)).toEqual([
    ENOUGH,
    ["b", ["a", ["z", "y"]], "c"],
    [rows.map(({ b }) => b), rows.map(() => "text"), rows.map(({ b }) => [b]), rows.map(() => null)],
  ]);
});

test("a key may be any that an object can have", () => {
  for (const key of ["", "0", "-1", "a b", "'", '"', "\\", "\n", "\u2028", "`", "{", "класс", "toString"]) {
    const rows = many((index) => ({ [key]: index, other: { [key]: [index] } }));

    expect(shapeOf(rows)).not.toBeNull();
    isCarriedExactly(rows);
  }
});

test.each<[name: string, rows: unknown[]]>([
  ["are fewer", many(() => ({ a: 1 }), ENOUGH - 1)],
  ["are none", []],
  ["are no objects", many(() => 1)],
  ["are not all objects", [...many(() => ({ a: 1 })), [1]]],
  ["have other keys", [...many(() => ({ a: 1 })), { b: 1 }]],
  ["have their keys in another order", [...many(() => ({ a: 1, b: 2 })), { b: 1, a: 2 }]],
  ["have one key more", [...many(() => ({ a: 1 })), { a: 1, b: 2 }]],
  ["have one key less", [...many(() => ({ a: 1, b: 2 })), { a: 1 }]],
  ["have no keys", many(() => ({}))],
  ["have a key with a lone surrogate", many(() => ({ "\ud800": 1 }))],
  ["have a key constructor", many(() => ({ constructor: 1 }))],
  ["have more columns than it pays", many(() => Object.fromEntries(many((key) => [`k${key}`, 1], 501)))],
  ["are maps", many(() => new Map([["a", 1]]))],
  ["have no prototype", many(() => Object.assign(Object.create(null), { a: 1 }))],
  ["are of another realm", many(() => runInNewContext("({ a: 1, b: { c: [2] } })"))],
])("rows that %s travel as they are", (_, rows) => {
  expect(shapeOf(rows)).toBeNull();
  isCarriedExactly(rows);
});

test("objects in rows that are not all alike are values of one column", () => {
  const rows = [...many((index) => ({ a: { b: 1 }, c: { d: index } })), { a: {}, c: { d: 0 } }];

  expect(shapeOf(rows)).toEqual(["a", ["c", ["d"]]]);
  isCarriedExactly(rows);
});

test("objects in rows are values of one column where there would be too many", () => {
  const row = Object.fromEntries(many((key) => [`k${key}`, key], 499));
  const rows = many((index) => ({ ...row, last: { a: index, b: 2 } }));

  expect(shapeOf(rows)?.at(-1)).toBe("last");
  isCarriedExactly(rows);
});

test.each([1, 8, 9, 30])("objects nest %s levels deep in rows", (levels) => {
  let rows: Record<string, unknown>[] = many((index) => ({ a: index, b: -0 }));
  for (let level = 0; level < levels; level++) rows = rows.map((row) => ({ a: row }));

  expect(shapeOf(rows)).not.toBeNull();
  isCarriedExactly(rows);
});

test("values of every other kind may stand in columns", () => {
  const array = new NdArray("float64", [2], Float64Array.of(1, 2));
  const rows = many(() => ({
    array,
    ref: new TestHandle(7),
    pair: tuple(1),
    map: new Map([[1, 2]]),
    big: 2n ** 80n,
  }));

  expect(shapeOf(rows)).toEqual(["array", "ref", "pair", "map", "big"]);
  deepStrictEqual(carried(rows), carriedAsRows(rows));
});

test("a row whose fields are computed when they are read has their values", () => {
  class Source {
    count = 0;
  }
  const source = new Source();
  const rows = many((index) => ({
    index,
    get double() {
      source.count += 1;
      return index * 2;
    },
  }));

  expect(shapeOf(rows)).toEqual(["index", "double"]);
  source.count = 0;
  expect(carried(rows)).toEqual(many((index) => ({ index, double: index * 2 })));
  expect(source.count).toBe(ENOUGH);
});

test("the rows that were given stay as they are, and are others than those that come back", () => {
  const shared = { b: [-0] };
  const rows = many(() => ({ a: shared }));

  const [first, second] = carried(rows) as [(typeof rows)[0], (typeof rows)[0]];
  first.a.b.push(1);

  expect(rows.every(({ a }) => a === shared)).toBe(true);
  expect(shared).toEqual({ b: [-0] });
  expect(second).toEqual({ a: { b: [-0] } });
});

class Point {
  readonly x = 1;
}

describe("what cannot be carried is refused as in a list of rows", () => {
  const cyclic: Record<string, unknown> = {};
  cyclic.a = cyclic;

  const REFUSED: [name: string, row: object, place: string][] = [
    ["undefined", { a: undefined }, ".a"],
    ["undefined further inside", { a: { b: { c: undefined } } }, ".a.b.c"],
    ["undefined in a list", { a: [{ b: [undefined] }] }, ".a[0].b[0]"],
    ["a function", { a: () => 1 }, ".a"],
    ["a Date under a key that is no name", { "two words": { "0": new Date(0) } }, '["two words"]["0"]'],
    ["an object of a class", new Point(), ""],
    ["an object of a class further inside", { a: new Point() }, ".a"],
    [
      "an object of a class that says it is none",
      { a: Object.assign(new Point(), { constructor: Object }) },
      ".a",
    ],
    ["the key __proto__", JSON.parse('{"__proto__": 1}'), ""],
    ["the key __proto__ further inside", { a: JSON.parse('{"b": 1, "__proto__": 1}') }, ".a"],
    ["a map with a key of another kind", { a: new Map([[{}, 1]]) }, ".a"],
  ];

  test.each(REFUSED)("%s", (_, row, place) => {
    const good = many(() => ({ a: 1 }));
    for (const [rows, index] of [
      [many(() => row), 0],
      [[...good, row, ...good], ENOUGH],
      [[...many(() => structuredShape(row)), row], ENOUGH],
    ] as const) {
      const error = thrown(() => packableTable(rows, "a", "payloads"), ValueNotSupportedError);

      expect(error.path).toBe(`payloads[${index}]${place}`);
      expect(error.message).toBe(
        thrown(() => packable(rows, "a", "payloads"), ValueNotSupportedError).message,
      );
    }
  });

  test("what throws when it is read", () => {
    const rows = many((index) => ({
      get a() {
        if (index === 3) throw new Error("not now");
        return index;
      },
    }));

    const error = thrown(() => packableTable(rows, "a", "payloads"), ValueNotSupportedError);
    expect(error.message).toBe(
      "expected payloads to be a value that Python can be given, got a value that throws when it is read (not now)",
    );
  });

  test("a hole among the rows", () => {
    const rows = many(() => ({ a: 1 }));
    delete rows[5];

    expect(thrown(() => packableTable(rows, "a", "payloads"), ValueNotSupportedError).path).toBe(
      "payloads[5]",
    );
  });

  test("a ref that was released", () => {
    const rows = many(() => ({ a: { ref: new TestHandle(1, "a", true) } }));

    expect(() => packableTable(rows, "a", "payloads")).toThrow(RefError);
  });

  test("an object that has itself inside, and values that nest too deep", () => {
    let deep: unknown = 0;
    for (let level = 1; level <= 200; level++) deep = { a: deep };

    for (const row of [cyclic, { a: deep }]) {
      const rows = many(() => row);
      const error = thrown(() => packableTable(rows, "a", "payloads"), ValueNotSupportedError);
      expect(error.message).toBe(
        thrown(() => packable(rows, "a", "payloads"), ValueNotSupportedError).message,
      );
      expect(error.message).toMatch(/200 levels/);
    }
    isCarriedExactly(many(() => deep));
  });

  /** A row that is like another one as far as its keys go. */
  function structuredShape(row: object): object {
    return Object.fromEntries(
      Object.keys(row)
        .filter((key) => key !== "__proto__")
        .map((key) => [key, 1]),
    );
  }
});

test.each<[problem: string, table: unknown]>([
  ["too few rows", [2, null, [1]]],
  ["too many rows", [0, null, [1]]],
  ["a column that is too short", [2, ["a", "b"], [[1, 2], [1]]]],
  ["a column that is too long", [2, ["a"], [[1, 2, 3]]]],
  ["too few columns", [1, ["a", "b"], [[1]]]],
  ["too many columns", [1, ["a"], [[1], [2]]]],
  ["too few columns further inside", [1, ["a", ["b", ["c", "d"]]], [[1], [2]]]],
  ["the key __proto__", [1, ["__proto__"], [[{}]]]],
  ["the key __proto__ further inside", [1, [["a", ["__proto__"]]], [[{}]]]],
])("a table with %s is none", (_, table) => {
  expect(() => rowsOf(table as Table)).toThrow(RangeError);
});
