import { Tuple, tuple } from "slither-ts";
import { expect, test } from "vitest";

test("a tuple holds what it was made of, also a single number", () => {
  expect([...tuple(3)]).toEqual([3]);
  expect([...tuple("a", [1], null)]).toEqual(["a", [1], null]);
  expect(tuple()).toHaveLength(0);
});

test("what is made from a tuple is a plain array", () => {
  const made = tuple(1, 2).map((item) => item * 2);

  expect(made).toEqual([2, 4]);
  expect(made).not.toBeInstanceOf(Tuple);
});
