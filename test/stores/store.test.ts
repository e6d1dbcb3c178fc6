import { bagTable, type DraftTable, OptionsError, orderedTable, store, type Table, table } from "slither-ts";
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

test("a store has a name and operations beside its tables", async () => {
  const features = store("features", { labels: table<string, number>() });
  expect(features.name).toBe("features");
  await features.load((fresh) => fresh.labels.put("a", 1));
  expect(await features.transaction(({ labels }) => labels.get("a"))).toBe(1);
  await features.close();
});

test("each kind of definition is a table of that kind", async () => {
  const opened = store("kinds", {
    set: table<string, number>(),
    ordered: orderedTable<string, number>(),
    bag: bagTable<string, number>(),
  });
  for (const each of [opened.set, opened.ordered])
    await each.putMany(["b", "a", "b"].map((key, index) => [key, index]));
  await opened.bag.putMany(["b", "a", "b"].map((key, index) => [key, index]));
  expect([[...opened.set], [...opened.ordered], [...opened.bag]]).toEqual([
    [
      ["b", 2],
      ["a", 1],
    ],
    [
      ["a", 1],
      ["b", 2],
    ],
    [
      ["b", 0],
      ["b", 2],
      ["a", 1],
    ],
  ]);
});

test.each(["constructor", "toString", "__proto__"])(
  "a table may be named %s, like what every object has",
  async (name) => {
    const opened = store("odd", Object.fromEntries([[name, table<string, number>()]]));
    const tried = Object.getOwnPropertyDescriptor(opened, name)?.value as Table<string, number>;
    await tried.put("a", 1);
    await opened.transaction((drafts) => {
      const draft = Object.getOwnPropertyDescriptor(drafts, name)?.value as DraftTable<string, number>;
      draft.update("a", (present = 0) => present + 1);
    });
    expect(tried.get("a")).toBe(2);
  },
);

test("a store cannot be given another table afterwards", () => {
  const features = store("features", { labels: table<string, number>() });
  expect(Object.isFrozen(features)).toBe(true);
});

// biome-ignore lint/suspicious/noExplicitAny: wrong arguments are what is tested.
const untyped = store as any;

const MADE = "a table made by table(), orderedTable() or bagTable()";

test.each([
  [
    "a table that was opened already",
    () => untyped("features", { labels: store("other", { labels: table() }).labels }),
    `store features: expected \`labels\` to be ${MADE}, got an object (SetTable)`,
  ],
  [
    "a Map in place of a table",
    () => untyped("features", { labels: new Map() }),
    `store features: expected \`labels\` to be ${MADE}, got an object (Map)`,
  ],
  [
    "something that looks like a definition",
    () => untyped("features", { labels: { kind: "set" } }),
    `store features: expected \`labels\` to be ${MADE}, got an object (Object)`,
  ],
  [
    "table itself in place of what it makes",
    () => untyped("features", { labels: table }),
    `store features: expected \`labels\` to be ${MADE}, got a function \`table\``,
  ],
  [
    "nothing in place of a table",
    () => untyped("features", { labels: undefined }),
    `store features: expected \`labels\` to be ${MADE}, got \`undefined\``,
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
  [
    "a table named like an operation",
    () => untyped("features", { load: table() }),
    "store features: expected a table not to be named like what a store has itself (`name`, `transaction`, `load`, `close`), got `load`",
  ],
  [
    "a backend that is none",
    () => untyped("features", { labels: table() }, { backend: {} }),
    "store features: expected `backend` to be a backend, such as durable() makes, got an object (Object)",
  ],
  [
    "a clock that is none",
    () => untyped("features", { labels: table() }, { clock: Date }),
    "store features: expected `clock` to be a clock: an object with now() and sleep(), got a function `Date`",
  ],
  [
    "an option that does not exist",
    () => untyped("features", { labels: table() }, { backends: [] }),
    "store features: unknown option `backends`, did you mean `backend`?",
  ],
])("refused by name: %s", (_, make, message) => {
  expect(make).toThrow(OptionsError);
  expect(make).toThrow(message);
});
