// Checked by tsc alone: an error that is expected and does not come is an error itself.
import { batchView, pipe, type View, type ViewContext, view } from "slither-ts";
import { expectTypeOf } from "vitest";

// What a function says of its params is taken as it is; what says nothing has unknown ones.
const price = view("price", ({ key }: { key: string }, context) => {
  expectTypeOf(context).toEqualTypeOf<ViewContext>();
  return key.length;
});
expectTypeOf(price).toEqualTypeOf<View>();
view("any", (params) => expectTypeOf(params).toEqualTypeOf<Record<string, unknown>>());
view("later", async () => 1, { timeout: "5s" });

batchView<number, string>("names", (keys, _, params) => {
  expectTypeOf(keys).toEqualTypeOf<number[]>();
  expectTypeOf(params).toEqualTypeOf<Record<string, unknown>>();
  return keys.map(String);
});
batchView("sizes", async (keys: string[]) => keys.map((key) => key.length));
// @ts-expect-error: not an array.
batchView("count", (keys: string[]) => keys.length);
// @ts-expect-error: not a duration.
view("soon", () => 1, { timeout: "soon" });

pipe<number>("p").python("s", { module: "m", function: "f", views: [price, "price"] });
// @ts-expect-error: a function is not yet a view.
pipe<number>("p").python("s", { module: "m", function: "f", views: [() => 1] });

// @ts-expect-error: nobody changes a view.
price.name = "other";
