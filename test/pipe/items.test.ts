import { pipe, store, table } from "slither-ts";
import { expect, test } from "vitest";
import { inlineSession } from "./inline-session.js";
import { upTo } from "./inputs.js";
import { consume, haltOf, payloadsOf } from "./runs.js";

interface Order {
  readonly key: string;
  readonly amount: number;
}

const orders: Order[] = [
  { key: "o-7", amount: 3 },
  { key: "o-8", amount: 5 },
];

test("without an `id` function a record's id is its position in the input", async () => {
  const { items } = await consume(pipe<Order>("orders").run(orders));
  expect(items.map(({ id }) => id)).toEqual([0, 1]);
});

test("ids are positions in the input, also behind rejected records", async () => {
  const run = pipe<number>("p")
    .node("check", (n) => {
      if (n < 2) throw new Error("small");
      return n;
    })
    .onError("check", "reject")
    .run(upTo(4));
  expect((await consume(run)).items.map(({ id }) => id)).toEqual([2, 3]);
});

test("the `id` function of the pipe names the records, through every stage", async () => {
  const session = await inlineSession({ predict: (payloads: number[]) => payloads.map((n) => n * 2) });
  const run = pipe<Order>("orders", { id: ({ key }) => key })
    .node("amount", ({ amount }, { id }) => `${id}:${amount}`.length)
    .python<number>("predict", { module: "model", function: "predict" })
    .route("split", [["all", () => true]])
    .run(orders, { session });
  expect((await consume(run)).items).toMatchObject([
    { id: "o-7", payload: 10 },
    { id: "o-8", payload: 10 },
  ]);
});

test("an `id` function that gives back something else ends the run, by the record's position", async () => {
  const id = (({ key }: Order) => (key === "o-8" ? { key } : key)) as unknown as (order: Order) => string;
  const { items, thrown } = await consume(pipe<Order>("orders", { id }).run(orders));
  expect(items.map((item) => item.id)).toEqual(["o-7"]);
  expect(thrown).toMatchObject({ status: "halted", stage: undefined, cause: { code: "SLITHER_OPTIONS" } });
  expect((thrown as Error).message).toContain(
    "expected `id` to return a string or a number, got an object (Object) for record 1",
  );
});

test("notes in `meta` stay with their record through python stages, and Python does not see them", async () => {
  const seen: unknown[] = [];
  const session = await inlineSession({
    predict: (payloads: unknown[]) => {
      seen.push(...payloads);
      return payloads;
    },
  });
  const run = pipe<Order>("orders")
    .node("note", ({ amount }, { meta }) => {
      meta.amount = amount;
      return "payload";
    })
    .python<string>("predict", { module: "model", function: "predict", batch: { size: 1 } })
    .node("read", (_, { meta }) => meta.amount)
    .run(orders, { session });
  const { items } = await consume(run);
  expect(items.map(({ payload, meta }) => ({ payload, meta }))).toEqual([
    { payload: 3, meta: { amount: 3 } },
    { payload: 5, meta: { amount: 5 } },
  ]);
  expect(seen).toEqual(["payload", "payload"]);
});

test("the record as it came in is kept with the item", async () => {
  const session = await inlineSession({ predict: (payloads: unknown[]) => payloads.map(() => "scored") });
  const run = pipe<Order>("orders")
    .node("amount", ({ amount }) => amount)
    .python<string>("predict", { module: "model", function: "predict" })
    .run(orders, { session });
  const { items } = await consume(run);
  expect(items.map(({ input }) => input)).toEqual(orders);
  expect(items[0]?.input).toBe(orders[0]);
});

test("a result that Python changed in place does not change the input", async () => {
  const session = await inlineSession({
    predict: (payloads: { amount: number }[]) => {
      for (const payload of payloads) payload.amount = 0;
      return payloads;
    },
  });
  const run = pipe<Order>("orders")
    .python<Order>("predict", { module: "model", function: "predict" })
    .run(orders, { session });
  const { items } = await consume(run);
  expect(items[0]).toMatchObject({ payload: { amount: 0 }, input: { amount: 3 } });
});

test("node functions read the metadata of their run", async () => {
  const tagged = pipe<number, { model: string }>("p").node(
    "tag",
    (n, { metadata }) => `${metadata.model}:${n}`,
  );
  const runs = ["a", "b"].map((model) => payloadsOf(tagged.run([1], { metadata: { model } })));
  expect(await Promise.all(runs)).toEqual([["a:1"], ["b:1"]]);
});

test("node functions know the session of their run", async () => {
  const session = await inlineSession({});
  const named = pipe<number>("p").node("name", (_, context) => context.session);
  expect(await payloadsOf(named.run([1], { session }))).toEqual(["inline"]);
  expect(await payloadsOf(named.run([1]))).toEqual([undefined]);
});

test("node functions share the stores of their pipe, with the stages before and with other runs", async () => {
  const features = store("features", { seen: table<number, number>() });
  const counting = pipe<number>("p")
    .use({ features })
    .node("count", async (n, { stores }) => {
      await stores.features.seen.update(n, (present = 0) => present + 1);
      return n;
    })
    .node("read", (n, { stores }) => stores.features.seen.get(n));
  expect(await payloadsOf(counting.run([1, 2, 1]))).toEqual([2, 1, 2]);
  expect(await payloadsOf(counting.run([1]))).toEqual([3]);
  expect([...features.seen]).toEqual([
    [1, 3],
    [2, 1],
  ]);
});

test("a node function cannot put a store of its own beside those of the pipe", async () => {
  const run = pipe<number>("p")
    .use({ features: {} })
    .node("write", (_, { stores }) => {
      (stores as Record<string, unknown>).other = {};
    })
    .run([1]);
  expect((await haltOf(run)).cause).toBeInstanceOf(TypeError);
});

test("payloads may be undefined, null or a promise's value", async () => {
  const values = [undefined, null, 0, ""];
  const run = pipe<unknown>("p")
    .node("same", (value) => value)
    .node("later", async (value) => value)
    .run(values);
  expect(await payloadsOf(run)).toEqual(values);
});
