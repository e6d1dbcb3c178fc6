// Checked by tsc alone: an error that is expected and does not come is an error itself.

import { cached, type End, type NodeContext, pipe, routeTo } from "slither-ts";
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
