// Checked by tsc alone: an error that is expected and does not come is an error itself.
import { type ItemId, type NodeContext, type Pipe, pipe, store, type TapOptions, table } from "slither-ts";
import { expectTypeOf } from "vitest";

interface Features {
  readonly vector: readonly number[];
}

const cache = store("cache", { vectors: table<string, readonly number[]>() });
const built = pipe<string, { model: string }>("p")
  .use({ cache })
  .python<Features>("featurize", { module: "m", function: "f" });

// A tap is shown what the stage before it gives, and the next stage is given the same.
const tapped = built.tap("remember", (features, { id, metadata, stores }) => {
  expectTypeOf(features).toEqualTypeOf<Features>();
  expectTypeOf(id).toEqualTypeOf<ItemId>();
  expectTypeOf(metadata).toEqualTypeOf<{ model: string }>();
  return stores.cache.vectors.put("a", features.vector);
});
expectTypeOf(tapped).toEqualTypeOf(built);

// What it gives back is nobody's business.
expectTypeOf(built.tap("count", () => 3)).toEqualTypeOf(built);

built.tap("some", () => {}, {
  when: ({ meta, metadata }) => {
    expectTypeOf(metadata.model).toEqualTypeOf<string>();
    return meta.known !== true;
  },
});
// @ts-expect-error: `when` does not get the payload.
built.tap("some", () => {}, { when: (_: NodeContext, payload: Features) => payload.vector.length > 0 });
// @ts-expect-error: `when` is not asynchronous.
built.tap("some", () => {}, { when: async () => true });
// @ts-expect-error: a function that needs more than the stage before gives.
built.tap("some", (features: Features & { label: string }) => features.label);
// @ts-expect-error: no store of that name.
built.tap("some", (_, { stores }) => stores.labels);

expectTypeOf<TapOptions>().toEqualTypeOf<{ when?: ((context: NodeContext) => boolean) | undefined }>();

// After the routes there are only branches.
declare const routed: ReturnType<Pipe<number, number, object, object>["route"]>;
// @ts-expect-error: a routed pipe has no taps.
routed.tap("some", () => {});
