import { columnsOf, type Item, NdArray, OptionsError } from "slither-ts";
import { expect, test } from "vitest";
import { thrown } from "../helpers/rejection.js";
import { item } from "./context.js";

function items<Payload>(...payloads: Payload[]): Item<Payload>[] {
  return payloads.map((payload, id) => item(payload, { id }) as Item<Payload>);
}

test("payloads that came in rows are read field by field", () => {
  const matrix = new NdArray("int8", [1], Int8Array.of(1));
  expect(columnsOf(items({ n: 1, text: "a", matrix }, { text: "b", n: 2, matrix }))).toEqual({
    n: [1, 2],
    text: ["a", "b"],
    matrix: [matrix, matrix],
  });
});

test("no items have no columns", () => {
  expect(columnsOf([])).toEqual({});
});

test.each<[string, object[], string]>([
  ["lacks a key", [{ a: 1, b: 2 }, { a: 1 }], "expected the payload of 1 to have the key `b`, as that of 0"],
  [
    "has another key",
    [{ a: 1 }, { a: 1, b: 2 }],
    "expected the payload of 1 to have no key `b`, as that of 0",
  ],
  [
    "is no plain object",
    [{ a: 1 }, [1]],
    "expected the payload of 1 to be a plain object, got an array of 1",
  ],
])("a payload that %s is refused by name", (_, payloads, problem) => {
  const error = thrown(() => columnsOf(items(...payloads)), OptionsError);
  expect(error.message).toBe(`columnsOf(): ${problem}`);
});

test("what is no array of items is refused", () => {
  expect(() => columnsOf({} as never)).toThrow(
    "columnsOf(): expected an array of items, got an object (Object)",
  );
});
