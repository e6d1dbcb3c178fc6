// Checked by tsc alone: an error that is expected and does not come is an error itself.
import { type Item, type Pipe, pipe, type Run, type RunSummary, type Session } from "slither-ts";
import { expectTypeOf } from "vitest";

interface Raw {
  readonly name: string;
}

interface Scored {
  readonly confidence: number;
}

declare const raw: Raw[];
declare const session: Session;

const scoring = pipe<Raw>("scoring")
  .node("clean", ({ name }) => name.trim())
  .python<Scored>("predict", { module: "model", function: "predict" });

// Each stage is given what the one before gives back.
expectTypeOf(pipe<Raw>("p")).toEqualTypeOf<Pipe<Raw, Raw, Record<never, never>, Record<string, unknown>>>();
scoring.node("read", (payload) => {
  expectTypeOf(payload).toEqualTypeOf<Scored>();
});

// A field that the stage before does not give.
// @ts-expect-error: Scored has no field `score`.
scoring.node("read", ({ score }) => score);
// @ts-expect-error: the first stage is given records.
pipe<Raw>("p").node("read", ({ confidence }) => confidence);
// @ts-expect-error: a function that needs more than the stage before gives.
scoring.node("read", (payload: Scored & { label: string }) => payload.label);
const cleaned = pipe<Raw>("p").node("clean", ({ name }) => name.trim());
// @ts-expect-error: after `clean` the payload is text.
cleaned.node("read", (payload: Raw) => payload.name);

// An asynchronous function gives what it resolves to, not the promise.
const enriched = pipe<Raw>("p").node("enrich", async ({ name }) => name.length);
expectTypeOf(enriched.run(raw)).toEqualTypeOf<Run<number>>();
enriched.node("add", (length) => {
  expectTypeOf(length).toEqualTypeOf<number>();
});
const mixed = pipe<Raw>("p").node("enrich", ({ name }): string | Promise<number> =>
  name ? name : Promise.resolve(1),
);
expectTypeOf(mixed.run(raw)).toEqualTypeOf<Run<string | number>>();

// Without a type argument nothing is known of what Python gives back.
pipe<Raw>("p")
  .python("predict", { module: "model", function: "predict" })
  .node("read", (payload) => {
    expectTypeOf(payload).toEqualTypeOf<unknown>();
  });

// Records of the input.
scoring.run(raw, { session });
scoring.run(new Set(raw), { session });
scoring.run((async function* later() {})() as AsyncIterable<Raw>, { session });
// @ts-expect-error: records without a name.
scoring.run([{ label: "a" }], { session });
// @ts-expect-error: one record is not an iterable of records.
scoring.run({ name: "a" }, { session });
// @ts-expect-error: an option that does not exist.
scoring.run(raw, { sesion: session });

// Items.
for await (const item of scoring.run(raw, { session })) {
  expectTypeOf(item).toEqualTypeOf<Item<Scored, "default">>();
  expectTypeOf(item.id).toEqualTypeOf<string | number>();
  // @ts-expect-error: an item is not written to.
  item.payload = { confidence: 1 };
}
for await (const batch of scoring.run(raw, { session }).batches())
  expectTypeOf(batch).toEqualTypeOf<readonly Item<Scored, "default">[]>();

// Options of stages.
// @ts-expect-error: an option that does not exist.
pipe<Raw>("p").python("predict", { module: "model", function: "predict", bach: { size: 1 } });
// @ts-expect-error: a function is needed.
pipe<Raw>("p").python("predict", { module: "model" });
pipe<Raw>("p").python("predict", { module: "model", function: "predict", timeout: "5s", batch: { size: 1 } });
// @ts-expect-error: no duration.
pipe<Raw>("p").python("predict", { module: "model", function: "predict", timeout: "5 seconds" });
// @ts-expect-error: a policy that does not exist.
scoring.onError("predict", "ignore");
expectTypeOf(scoring.onError("predict", "reject")).toEqualTypeOf(scoring);

// The `id` function is given a record and its position.
pipe<Raw>("p", { id: ({ name }, position) => `${name}-${position.toFixed()}` });
// @ts-expect-error: an id is a string or a number.
pipe<Raw>("p", { id: ({ name }) => ({ name }) });
// @ts-expect-error: Raw has no field `key`.
pipe<Raw>("p", { id: ({ key }) => key });

// Stages with a state, runs with replicas, and their drain.
pipe<Raw>("p").python("predict", { module: "model", function: "predict", stateful: true });
// @ts-expect-error: true or false.
pipe<Raw>("p").python("predict", { module: "model", function: "predict", stateful: "yes" });
scoring.run(raw, { session, replicas: 2 });
// @ts-expect-error: a number.
scoring.run(raw, { session, replicas: "2" });
expectTypeOf(scoring.run(raw, { session }).drain()).toEqualTypeOf<void>();
expectTypeOf(scoring.run(raw, { session }).done).resolves.toEqualTypeOf<RunSummary>();
