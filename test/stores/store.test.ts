import { OptionsError, store, table } from "slither-ts";
import { expect, test } from "vitest";

test("a store has its tables by their names", async () => {
  const features = store("features", { labels: table<string, number>(), seen: table<number, boolean>() });
  await features.labels.put("a", 1);
  expect(features.labels.get("a")).toBe(1);
  expect(Object.keys(features)).toEqual(["labels", "seen"]);
});

test("two stores of one definition share nothing", async () => {
  const definitions = { labels: table<string, number>() };
  const [one, other] = [store("one", definitions), store("other", definitions)];
  await one.labels.put("a", 1);
  expect(other.labels.size).toBe(0);
});

test("a store cannot be given another table afterwards", () => {
  const features = store("features", { labels: table<string, number>() });
  expect(Object.isFrozen(features)).toBe(true);
});

// biome-ignore lint/suspicious/noExplicitAny: wrong arguments are what is tested.
const untyped = store as any;

test.each([
  [
    "a table that was opened already",
    () => untyped("features", { labels: table().open() }),
    "store features: expected `labels` to be a table made by table(), got an object (MemoryTable)",
  ],
  [
    "a Map in place of a table",
    () => untyped("features", { labels: new Map() }),
    "store features: expected `labels` to be a table made by table(), got an object (Map)",
  ],
  [
    "table itself in place of what it makes",
    () => untyped("features", { labels: table }),
    "store features: expected `labels` to be a table made by table(), got a function `table`",
  ],
  [
    "nothing in place of a table",
    () => untyped("features", { labels: undefined }),
    "store features: expected `labels` to be a table made by table(), got `undefined`",
  ],
  [
    "no definitions",
    () => untyped("features"),
    "store(): expected `definitions` to be an object of tables by name, got `undefined`",
  ],
  [
    "a store without a name",
    () => untyped({ labels: table() }, {}),
    "store(): expected `name` to be a name that is not empty, got an object (Object)",
  ],
])("refused by name: %s", (_, make, message) => {
  expect(make).toThrow(OptionsError);
  expect(make).toThrow(message);
});
