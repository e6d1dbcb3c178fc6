// Checked by tsc alone: an error that is expected and does not come is an error itself.

import { cached, type End, keyed, type NodeContext, pipe, routeTo } from "slither-ts";
import { expectTypeOf } from "vitest";
import { z } from "zod";
import type { OrderedTable, RemoteTable, Table } from "../../src/store.js";

interface Raw {
  readonly id: string;
  readonly text: string;
}

interface Metadata {
  readonly set: string;
}

interface Featurized {
  readonly id: string;
  readonly vector: readonly number[];
}

declare const vectors: Table<readonly [set: string, id: string], readonly number[]>;
declare const whole: OrderedTable<string, Featurized>;
declare const remote: RemoteTable<string, Featurized>;

const start = pipe<Raw, Metadata>("p");
const call = { module: "m", function: "f" };

// What the functions are given is known from the stage.
const featurized = start.python<Featurized>("featurize", {
  ...call,
  cache: cached(
    vectors,
    (record, context) => {
      expectTypeOf(record).toEqualTypeOf<Raw>();
      expectTypeOf(context.metadata).toEqualTypeOf<Metadata>();
      return [context.metadata.set, record.id];
    },
    {
      keptOf: (output) => {
        expectTypeOf(output).toEqualTypeOf<Featurized>();
        return output.vector;
      },
      outputOf: (vector, record, { metadata }) => {
        expectTypeOf(vector).toEqualTypeOf<readonly number[]>();
        expectTypeOf(metadata).toEqualTypeOf<Metadata>();
        return { id: record.id, vector };
      },
    },
  ),
});
featurized.node("n", (payload) => expectTypeOf(payload).toEqualTypeOf<Featurized>());

start.python<Featurized>("whole", { ...call, cache: cached(whole, ({ id }) => id) });
start.python<Featurized>("remote", { ...call, cache: cached(remote, ({ id }) => id, { maxAge: "1h" }) });
// @ts-expect-error: another key.
start.python<Featurized>("key", { ...call, cache: cached(whole, ({ text }) => text.length) });
// @ts-expect-error: a field that the payload has not.
start.python<Featurized>("field", { ...call, cache: cached(whole, ({ none }) => none) });
// @ts-expect-error: what is kept is no result.
start.python<number>("value", { ...call, cache: cached(whole, ({ id }) => id) });

// An output for what is over age is one of the pipe.
const stale = { maxAge: "1h", overAge: routeTo("review") } as const;
const routed = start.python<Featurized, "review">("stale", {
  ...call,
  cache: cached(whole, ({ id }) => id, stale),
});
expectTypeOf(routed).toExtend<{ "~types"?: { ends: End<"review"> } | undefined }>();
// @ts-expect-error: an output that the stage does not name.
start.python<Featurized>("unnamed", { ...call, cache: cached(whole, ({ id }) => id, stale) });

// A node stage says itself what it gives.
const node = start.node("slow", async ({ id }): Promise<Featurized> => ({ id, vector: [] }), {
  cache: cached(whole, (record, context) => {
    expectTypeOf(record).toEqualTypeOf<Raw>();
    expectTypeOf(context).toExtend<NodeContext<object, Metadata>>();
    return record.id;
  }),
});
node.node("n", (payload) => expectTypeOf(payload).toEqualTypeOf<Featurized>());
const routedNode = start.node("slow", ({ id }): Featurized => ({ id, vector: [] }), {
  cache: cached(whole, ({ id }) => id, stale),
});
expectTypeOf(routedNode).toExtend<{ "~types"?: { ends: End<"review"> } | undefined }>();
// @ts-expect-error: what is kept is no result.
start.node("other", ({ id }) => id.length, {
  cache: cached(whole, ({ id }) => id),
});

// What schemas make of payloads and results is what the cache is about.
const checked = start.node("checked", (length: number): Featurized => ({ id: String(length), vector: [] }), {
  input: z.custom<Raw>().transform(({ text }) => text.length),
  cache: cached(whole, (length: number) => String(length)),
});
checked.node("n", (payload) => expectTypeOf(payload).toEqualTypeOf<Featurized>());
const fitted = start.node("fitted", ({ id }) => id, {
  output: z.string().transform((id): Featurized => ({ id, vector: [] })),
  cache: cached(whole, ({ id }: Raw) => id),
});
fitted.node("n", (payload) => expectTypeOf(payload).toEqualTypeOf<Featurized>());

const length = z.custom<Raw>().transform(({ text }) => text.length);
const made = start.python("made", {
  ...call,
  input: length,
  batch: keyed({ key: ({ id }) => id }),
  rateLimit: { limit: 1, per: "1s", key: ({ id }) => id },
  cache: cached(whole, (made: number) => String(made), { maxAge: "1h", overAge: routeTo("review") }),
});
made.node("n", (payload) => expectTypeOf(payload).toEqualTypeOf<Featurized>());
expectTypeOf(made).toExtend<{ "~types"?: { ends: End<"review"> } | undefined }>();
start.python<Featurized, never, number>("said", {
  ...call,
  input: length,
  cache: cached(vectors, (made, { metadata }) => [metadata.set, made.toFixed()], {
    keptOf: ({ vector }) => vector,
    outputOf: (vector, made) => ({ id: made.toFixed(), vector }),
  }),
});
// @ts-expect-error: the cache is given what the schema makes of a payload.
start.python<Featurized>("before", { ...call, input: length, cache: cached(whole, ({ id }: Raw) => id) });
// @ts-expect-error: likewise, where the result is not said.
start.python("before", { ...call, input: length, cache: cached(whole, ({ id }: Raw) => id) });
// A schema may ask for less than there is, and for what nobody has said of the records yet.
start.python<Featurized>("less", { ...call, input: z.object({ id: z.string() }) });
start.python<Featurized>("coerced", { ...call, input: z.coerce.string() });
// Without a cache nobody here is given what the schema makes.
const uncached = start.python<Featurized>("uncached", { ...call, input: length });
uncached.node("n", (payload) => expectTypeOf(payload).toEqualTypeOf<Featurized>());

// A cache has the types that it was made with, wherever it was made.
const ofOrders = cached(whole, (order: { customer: string }) => order.customer);
const ofRecords = cached(whole, ({ id }: Raw) => id);
start.python<Featurized>("records", { ...call, cache: ofRecords });
start.node("records", ({ id }): Featurized => ({ id, vector: [] }), { cache: ofRecords });
const ofAnyone = cached(whole, (_: Raw, { metadata }) => `${metadata.who}`);
start.python<Featurized>("anyone", { ...call, cache: ofAnyone });
// @ts-expect-error: made for other records.
start.python<Featurized>("orders", { ...call, cache: ofOrders });
// @ts-expect-error: likewise.
start.node("orders", ({ id }): Featurized => ({ id, vector: [] }), { cache: ofOrders });
// @ts-expect-error: what is kept is no result.
start.python<number>("lengths", { ...call, cache: ofRecords });
// @ts-expect-error: what is kept has not all of the result.
start.python<Featurized & { label: string }>("labels", { ...call, cache: ofRecords });
const ofTenants = cached(
  whole,
  (_: Raw, { metadata }: NodeContext<object, { tenant: string }>) => metadata.tenant,
);
// @ts-expect-error: it needs other metadata.
start.python<Featurized>("tenants", { ...call, cache: ofTenants });
