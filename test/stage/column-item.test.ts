import { inspect } from "node:util";
import { NdArray } from "slither-ts";
import { expect, test, vi } from "vitest";
import { ColumnItem } from "../../src/stage/column-item.js";
import { columnsOf } from "../../src/stage/columns-of.js";
import type { Item } from "../../src/stage/item.js";
import { PassingItem } from "../../src/stage/passing-item.js";
import { PayloadSizes } from "../../src/stage/payload-sizes.js";
import { withRoute } from "../../src/stage/routed-item.js";
import { ColumnBlock } from "../../src/wire/columns-block.js";
import { item } from "./context.js";

/** Items of a block of numbers, and how often one of its rows was made. */
function itemsOf(rows: number) {
  const numbers = Float64Array.from({ length: rows }, (_, index) => index);
  const block = new ColumnBlock(rows, ["n"], [new NdArray("float64", [rows], numbers)]);
  const made = vi.spyOn(block, "rowAt");
  const items = Array.from(
    { length: rows },
    (_, index) => new ColumnItem(item({ was: index }, { id: index }), item(0), block, index),
  );
  return { items, made: () => made.mock.calls.length, numbers };
}

test("a row is made when its payload is looked at, once", () => {
  const { items, made } = itemsOf(3);
  expect(made()).toBe(0);
  expect(items[1]?.payload).toStrictEqual({ n: 1 });
  expect(items[1]?.payload).toBe(items[1]?.payload);
  expect(made()).toBe(1);
});

test("neither columns, nor sizes, nor another route, nor passing stages by make a row", () => {
  const { items, made, numbers } = itemsOf(3);
  const sizes = new PayloadSizes();
  const moved = items.map((each) => PassingItem.to(withRoute(each, "other"), 7));
  expect(columnsOf(moved as Item<{ n: number }>[]).n).toEqual(numbers);
  expect(moved.every((each) => sizes.ofItem(each) > 8 && sizes.ofItem(each) < 200)).toBe(true);
  expect(made()).toBe(0);
});

test("an item that was sent on has the very row that was looked at before", () => {
  const { items, made } = itemsOf(2);
  const [first] = items as [ColumnItem];
  const { payload } = first;
  expect(withRoute(first, "other").payload).toBe(payload);
  expect(PassingItem.to(first, 3).payload).toBe(payload);
  expect(made()).toBe(1);
});

test("an item is to everybody what any other is", () => {
  const [one] = itemsOf(1).items as [ColumnItem];
  const ordinary = item({ n: 0 }, { input: { was: 0 } });
  expect({ ...one }).toStrictEqual(ordinary);
  expect(JSON.stringify(one)).toBe(JSON.stringify(ordinary));
  expect(structuredClone(one)).toStrictEqual(ordinary);
  expect(inspect(one)).toBe(inspect(ordinary));
  expect(Object.keys(one)).toEqual(Object.keys(ordinary));
});

test("an item keeps its origin and its failure", () => {
  const [one] = itemsOf(1).items as [ColumnItem];
  const failure = { stage: "s", reason: "r", error: 1, traceback: undefined, attempts: 1, payload: 2 };
  const failed = new ColumnItem(
    item(0, { origin: 3, failure }),
    { route: "a", failure },
    ColumnItem.blockOf(one),
    0,
  );
  expect(failed).toMatchObject({ origin: 3, failure, route: "a", payload: { n: 0 } });
});
