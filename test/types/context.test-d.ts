// Checked by tsc alone: an error that is expected and does not come is an error itself.
import { type ItemId, pipe, store, type Table, table } from "slither-ts";
import { expectTypeOf } from "vitest";

interface Metadata {
  readonly modelId: string;
}

const features = store("features", {
  cache: table<number, number[]>(),
  pairs: table<readonly [string, number], boolean>(),
});
const labels = store("labels", { names: table<string, string>() });

// Stores.
expectTypeOf(features.cache).toEqualTypeOf<Table<number, number[]>>();
expectTypeOf(features.pairs.get(["a", 1])).toEqualTypeOf<boolean | undefined>();
// @ts-expect-error: a table that was not declared.
features.cahce;
// @ts-expect-error: a key of another type.
features.cache.get("1");
// @ts-expect-error: a value of another type.
features.cache.put(1, "one");
// @ts-expect-error: a table that was not made by table().
store("other", { cache: new Map<string, number>() });
// @ts-expect-error: an object is no key.
table<{ id: string }, number>();
// @ts-expect-error: a table has no such option.
table<string, number>({ maxEntry: 10 });

const built = pipe<string, Metadata>("p").use({ features }).use({ labels });

built.node("read", (payload, context) => {
  expectTypeOf(payload).toEqualTypeOf<string>();
  expectTypeOf(context.metadata).toEqualTypeOf<Metadata>();
  expectTypeOf(context.metadata.modelId).toEqualTypeOf<string>();
  expectTypeOf(context.stores.features.cache.get(1)).toEqualTypeOf<number[] | undefined>();
  expectTypeOf(context.stores.labels.names.get("a")).toEqualTypeOf<string | undefined>();
  expectTypeOf(context.id).toEqualTypeOf<ItemId>();
  expectTypeOf(context.session).toEqualTypeOf<string | undefined>();
  expectTypeOf(context.signal).toEqualTypeOf<AbortSignal>();
  expectTypeOf(context.meta).toEqualTypeOf<Record<string, unknown>>();
});

// @ts-expect-error: metadata that was not declared.
built.node("read", (_, { metadata }) => metadata.model);
// @ts-expect-error: a store that the pipe does not use.
built.node("read", (_, { stores }) => stores.other.cache);
// @ts-expect-error: a table that the store does not have.
built.node("read", (_, { stores }) => stores.features.cahce);
const without = pipe<string>("p");
// @ts-expect-error: a store that is used only further down.
without.node("read", (_, { stores }) => stores.features.cache);

// Metadata of a run.
built.run([], { metadata: { modelId: "m-1" } });
// @ts-expect-error: metadata that was declared, and that stages read, is left out.
built.run([]);
// @ts-expect-error: the same, with options.
built.run([], {});
// Metadata that was not declared can be left out.
without.run([]);
// @ts-expect-error: metadata of another shape.
built.run([], { metadata: { model: "m-1" } });
// @ts-expect-error: metadata of another type.
built.run([], { metadata: { modelId: 1 } });

// Where no metadata was declared, any may be given, and nothing is known of it.
pipe<string>("p")
  .node("read", (_, { metadata }) => {
    expectTypeOf(metadata).toEqualTypeOf<Record<string, unknown>>();
  })
  .run([], { metadata: { anything: 1 } });
