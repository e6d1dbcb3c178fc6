// Checked by tsc alone: an error that is expected and does not come is an error itself.

import { type PythonStageOptions, pipe } from "slither-ts";
import { expectTypeOf } from "vitest";
import type { BatchStrategy, Waiting } from "../../src/dispatch/strategy.js";
import { adaptive, type Batching, fixed, keyed, microBatch, weighted } from "../../src/stage/batching.js";
import type { Item } from "../../src/stage/item.js";

interface Document {
  readonly text: string;
  readonly tenant: string;
}

interface Other {
  readonly count: number;
}

function python<Next>(name: string, { batch }: Pick<PythonStageOptions<Next, Document>, "batch">): unknown {
  return pipe<Document>("p").python<Next>(name, { module: "m", function: "f", batch });
}

const ofOther = keyed({ key: ({ count }: Other) => count });
// What was wrong once: it was taken for `{ size }`, which says nothing of payloads.
// @ts-expect-error: for another payload.
pipe<Document>("p").python("x", { module: "m", function: "f", batch: ofOther });

// What the functions are given is known from the stage.
python<number>("x", {
  batch: weighted({
    maxWeight: 10,
    weight: (document, item) => {
      expectTypeOf(document).toEqualTypeOf<Document>();
      expectTypeOf(item).toEqualTypeOf<Item<Document>>();
      return document.text.length;
    },
  }),
});
python<number>("x", { batch: keyed({ key: (document) => document.tenant }) });
// @ts-expect-error: a field that the payload has not.
python<number>("x", { batch: weighted({ maxWeight: 10, weight: (document) => document.count }) });
// @ts-expect-error: likewise.
python<number>("x", { batch: keyed({ key: (document) => document.count }) });

// What does not look at the payload is for every stage.
for (const batch of [fixed(10), microBatch({ maxWait: "20ms" }), adaptive({ latency: "1s" })])
  python<number>("x", { batch });

// One that was made before is for payloads that have what it looks at.
const byLength = weighted({ maxWeight: 10, weight: ({ text }: { text: string }) => text.length });
python<number>("x", { batch: byLength });
const byCount = weighted({ maxWeight: 10, weight: ({ count }: Other) => count });
// @ts-expect-error: another payload.
python<number>("x", { batch: byCount });
// @ts-expect-error: another payload, written in place.
python<number>("x", { batch: keyed({ key: ({ count }: Other) => count }) });

// One's own.
declare class Own<Payload> implements BatchStrategy<Item<Payload>> {
  add(waiting: Waiting<Item<Payload>>): void;
  next(): Waiting<Item<Payload>>[] | undefined;
  completed(batch: readonly Waiting<Item<Payload>>[]): void;
}
python<number>("x", { batch: { name: "own", create: () => new Own<Document>() } });
python<number>("x", { batch: { name: "own", create: () => new Own<{ text: string }>() } });
python<number>("x", { batch: { name: "own", create: () => new Own() } });
// @ts-expect-error: for another payload.
python<number>("x", { batch: { name: "own", create: () => new Own<Other>() } });
// @ts-expect-error: without a name.
python<number>("x", { batch: { create: () => new Own() } });

// A stage that knows nothing of payloads takes them all, and dispatch takes what they make.
for (const batching of [byLength, byCount, fixed(3)] as Batching[])
  expectTypeOf(batching.create()).toExtend<BatchStrategy<Item>>();

// @ts-expect-error: a key that is none.
keyed({ key: () => ({}) });
// @ts-expect-error: a weight that is none.
weighted({ maxWeight: 3, weight: () => "3" });
// @ts-expect-error: live input needs to know how long.
microBatch({ maxSize: 3 });
// @ts-expect-error: a duration that is none.
adaptive({ latency: "soon" });
