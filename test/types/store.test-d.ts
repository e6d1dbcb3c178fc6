// Checked by tsc alone: an error that is expected and does not come is an error itself.
import {
  type BagTable,
  bagTable,
  type DraftBag,
  type DraftTable,
  type FreshTable,
  type OrderedTable,
  orderedTable,
  store,
  type Table,
  table,
} from "slither-ts";
import { expectTypeOf } from "vitest";

const features = store(
  "features",
  {
    vectors: table<number, Float32Array>({ ttl: "1h" }),
    days: orderedTable<readonly [string, number], string>(),
    tags: bagTable<string, string>(),
  },
  {
    load: (fresh) => {
      expectTypeOf(fresh.vectors).toEqualTypeOf<FreshTable<number, Float32Array>>();
      expectTypeOf(fresh.tags).toEqualTypeOf<FreshTable<string, string>>();
    },
  },
);

// Each table has the type of its definition.
expectTypeOf(features.vectors).toEqualTypeOf<Table<number, Float32Array>>();
expectTypeOf(features.days).toEqualTypeOf<OrderedTable<readonly [string, number], string>>();
expectTypeOf(features.tags).toEqualTypeOf<BagTable<string, string>>();
expectTypeOf(features.name).toEqualTypeOf<string>();

// Drafts are synchronous, and what the function returns comes out.
const result = await features.transaction(({ vectors, tags }) => {
  expectTypeOf(vectors).toEqualTypeOf<DraftTable<number, Float32Array>>();
  expectTypeOf(tags).toEqualTypeOf<DraftBag<string, string>>();
  return tags.get("a").length;
});
expectTypeOf(result).toEqualTypeOf<number>();

// @ts-expect-error: a table may not be named like an operation of the store.
store("features", { transaction: table<string, number>() });

// @ts-expect-error: a bag has no ttl.
bagTable<string, string>({ ttl: "1h" });

// @ts-expect-error: this table has no ranges.
features.vectors.scan({ from: 1 });

// @ts-expect-error: a key of another type.
void features.vectors.put("a", new Float32Array(1));

// @ts-expect-error: an update is synchronous.
void features.vectors.update(1, async () => new Float32Array(1));
