import { deepStrictEqual } from "node:assert/strict";
import fc from "fast-check";
import { afterEach, expect, test, vi } from "vitest";
import type { Shape } from "../../src/wire/row-builder.js";
import { looped, rowBuilder } from "../../src/wire/row-builder.js";
import { keys } from "./values.js";

afterEach(() => {
  vi.unstubAllGlobals();
});

/** Shapes whose keys are all different, as those of objects are. */
const shapes: fc.Arbitrary<Shape> = fc.letrec<{ shape: Shape }>((tie) => ({
  shape: fc.uniqueArray(fc.oneof({ depthSize: "small" }, keys, fc.tuple(keys, tie("shape"))), {
    minLength: 1,
    maxLength: 5,
    selector: (key) => (typeof key === "string" ? key : key[0]),
  }) as fc.Arbitrary<Shape>,
})).shape;

function leavesOf(shape: Shape): number {
  return shape.reduce((sum, key) => sum + (typeof key === "string" ? 1 : leavesOf(key[1])), 0);
}

/** Columns whose values tell where they stand. */
function columnsFor(shape: Shape, rows: number): string[][] {
  const names = Array.from({ length: leavesOf(shape) }, (_, column) => `column ${column}`);
  return names.map((name) => Array.from({ length: rows }, (_, row) => `${name}, row ${row}`));
}

/** With the order of keys, which equality does not look at. */
function written(rows: readonly unknown[]): string {
  return JSON.stringify(rows);
}

test("rows are the same whether code is made of text for them or not", () => {
  fc.assert(
    fc.property(shapes, fc.nat({ max: 5 }), (shape, count) => {
      const columns = columnsFor(shape, count);
      const rows = rowBuilder(shape)(columns, count);

      deepStrictEqual(rows, looped(shape)(columns, count));
      expect(written(rows)).toBe(written(looped(shape)(columns, count)));
    }),
  );
});

test.each(["compiled", "looped"])(
  "rows have their keys as their own, with nothing else in them (%s)",
  (way) => {
    const shape: Shape = ["constructor", "toString", ["hasOwnProperty", ["valueOf", "0"]], '"]: evil, ["'];
    const build = way === "looped" ? looped(shape) : rowBuilder(shape);

    const rows = build(
      [
        [1, 2],
        [3, 4],
        [5, 6],
        [7, 8],
        [9, 10],
      ],
      2,
    );

    expect(rows).toStrictEqual([
      { constructor: 1, toString: 3, hasOwnProperty: { valueOf: 5, 0: 7 }, '"]: evil, ["': 9 },
      { constructor: 2, toString: 4, hasOwnProperty: { valueOf: 6, 0: 8 }, '"]: evil, ["': 10 },
    ]);
    expect(rows.map((row) => Object.getPrototypeOf(row))).toEqual([Object.prototype, Object.prototype]);
  },
);

test("where code may not be made of text, rows are made all the same", () => {
  const refused = vi.fn(function refuse() {
    throw new EvalError("Code generation from strings disallowed for this context");
  });
  vi.stubGlobal("Function", refused);

  const rows = rowBuilder(["refused", ["inside", ["here"]]])([[1], [2]], 1);

  expect(refused).toHaveBeenCalledOnce();
  expect(rows).toEqual([{ refused: 1, inside: { here: 2 } }]);
});

test.each<[Shape]>([[["__proto__"]], [["a", ["__proto__", ["b"]]]], [[["a", ["b", "__proto__"]]]]])(
  "the shape %j is refused",
  (shape) => {
    expect(() => rowBuilder(shape)).toThrow(new RangeError("a row has the key __proto__"));
  },
);

test("what makes rows of a shape is made once, and forgotten when many others were asked for since", () => {
  const [kept, other]: Shape[] = [
    ["kept", ["a", ["b"]]],
    ["kept", "a", "b"],
  ];
  const builder = rowBuilder(kept as Shape);
  const old = rowBuilder(other as Shape);

  for (let shape = 0; shape < 300; shape++) {
    rowBuilder([`other ${shape}`]);
    expect(rowBuilder(["kept", ["a", ["b"]]])).toBe(builder);
  }

  expect(old).not.toBe(builder);
  expect(rowBuilder(other as Shape)).not.toBe(old);
});
