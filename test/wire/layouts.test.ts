import { expect, test } from "vitest";
import { compiledOr, onceForEach } from "../../src/wire/layouts.js";

test("what is made for a layout is made once, for as long as it is among the last 256", () => {
  const asked: number[] = [];
  const made = onceForEach((layout: readonly number[]) => {
    asked.push(...layout);
    return { layout };
  });
  const first = made([0]);
  expect(made([0])).toBe(first);
  for (let layout = 1; layout < 256; layout++) made([layout]);
  expect(made([0])).toBe(first);
  for (let layout = 256; layout < 512; layout++) made([layout]);
  made([0]);
  expect(asked.filter((layout) => layout === 0)).toHaveLength(2);
});

test("where code may not be made of text, the other way is taken", () => {
  const refused = (): never => {
    throw new EvalError("Code generation from strings disallowed for this context");
  };
  expect(compiledOr(refused, () => "looped")).toBe("looped");
  expect(
    compiledOr(
      () => "compiled",
      () => "looped",
    ),
  ).toBe("compiled");
});
