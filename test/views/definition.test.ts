import { batchView, OptionsError, pipe, view } from "slither-ts";
import { expect, test } from "vitest";
import { thrown } from "../helpers/rejection.js";
import { asking, inlineEngine } from "./sessions.js";

const NAME = 'a name of letters, digits, "_", "." and "-"';

test("a definition is frozen", () => {
  const price = view("shop.price-2", () => 1);

  expect(price.name).toBe("shop.price-2");
  expect(Object.isFrozen(price)).toBe(true);
});

test.each([
  ["", '`""` (string)'],
  ["two words", '`"two words"` (string)'],
  ["1st", '`"1st"` (string)'],
  [7, "`7` (number)"],
])("the name %j is refused", (name, got) => {
  const problems = [`expected \`name\` to be ${NAME}, got ${got}`];
  expect(thrown(() => view(name as string, () => 1), OptionsError).problems).toEqual(problems);
  expect(thrown(() => batchView(name as string, () => []), OptionsError).problems).toEqual(problems);
});

test("what is no function is refused", () => {
  expect(() => view("price", 7 as never)).toThrow(
    "view(): expected `answer` to be a function, got `7` (number)",
  );
});

test("options are checked", () => {
  expect(() => view("price", () => 1, { timeout: "soon" as never })).toThrow(
    'view("price"): expected `timeout` to be a duration',
  );
  expect(() => batchView("prices", () => [], { timeOut: 1 } as never)).toThrow(
    'batchView("prices"): unknown option `timeOut`, did you mean `timeout`?',
  );
});

test("two views with one name are refused, in an engine, a session and a stage", async () => {
  const twins = [view("price", () => 1), view("price", () => 2)];
  const twice = "to be a view with a name of its own (`price` is there twice)";
  const engine = inlineEngine({ modules: { m: asking } });

  expect(() => inlineEngine({ modules: {}, views: twins })).toThrow(`expected \`views[1]\` ${twice}`);
  await expect(engine.session({ views: twins })).rejects.toThrow(`expected \`views[1]\` ${twice}`);
  expect(() => pipe("p").python("s", { module: "m", function: "f", views: twins })).toThrow(twice);
});

test("what is no view is refused", async () => {
  const engine = inlineEngine({ modules: { m: asking } });

  await expect(engine.session({ views: ["price" as never] })).rejects.toThrow(
    'expected `views[0]` to be a view, made by view() or batchView(), got `"price"` (string)',
  );
  expect(() => pipe("p").python("s", { module: "m", function: "f", views: [7 as never] })).toThrow(
    "expected `views[0]` to be a view, made by view() or batchView(), or the name of one, got `7` (number)",
  );
});
