// Checked by tsc alone: an error that is expected and does not come is an error itself.
import {
  type Collected,
  type End,
  type Failure,
  type Item,
  type ItemOf,
  many,
  type Pipe,
  pipe,
  type RoutedPipe,
  type Run,
  routeTo,
  store,
  table,
} from "slither-ts";
import { expectTypeOf } from "vitest";

interface Scored {
  readonly confidence: number;
}

interface Explained {
  readonly why: string;
}

declare const scored: Scored[];
declare const maybe: boolean;
// biome-ignore lint/suspicious/noExplicitAny: it is about what nothing is known of.
declare const anything: any;

const routed = pipe<Scored>("scoring").route("by_confidence", [
  ["high", ({ confidence }) => confidence >= 0.9],
  ["low", ({ confidence }) => confidence < 0.6],
]);

// What a branch makes of the records is the payload of its output, and of no other.
const explained = routed.branch("low", (low) =>
  low.node("explain", ({ confidence }): Explained => ({ why: `${confidence}` })),
);
const { outputs } = await explained.run(scored).collect();
expectTypeOf(outputs).toEqualTypeOf<{
  readonly default: readonly Item<Scored, "default">[];
  readonly high: readonly Item<Scored, "high">[];
  readonly low: readonly Item<Explained, "low">[];
}>();
// @ts-expect-error: an output that was not declared.
outputs.medium;
expectTypeOf(explained.run(scored)).toEqualTypeOf<Run<Scored, End<"high", Scored> | End<"low", Explained>>>();

// The route of an item tells what its payload is.
for await (const item of explained.run(scored)) {
  if (item.route === "low") expectTypeOf(item.payload).toEqualTypeOf<Explained>();
  else expectTypeOf(item.payload).toEqualTypeOf<Scored>();
  // @ts-expect-error: only those in `low` have been explained.
  item.payload.why;
}
expectTypeOf<ItemOf<Scored, End<"low", Explained>>>().toEqualTypeOf<
  Item<Scored, "default"> | Item<Explained, "low">
>();
expectTypeOf<Collected<Scored>["outputs"]>().toEqualTypeOf<{
  readonly default: readonly Item<Scored, "default">[];
}>();

// Outputs are checked by name, and payloads by field.
// @ts-expect-error: an output that was not declared.
routed.branch("medium", (medium) => medium.node("same", (n) => n));
// @ts-expect-error: `default` is the line itself.
routed.branch("default", (line) => line.node("same", (n) => n));
// @ts-expect-error: an output that was not declared.
routed.merge("all", ["low", "medium"]);
// @ts-expect-error: Scored has no field `why`.
routed.branch("high", (high) => high.node("read", ({ why }) => why));
// @ts-expect-error: a branch gives a pipe back.
routed.branch("high", () => 1);
// @ts-expect-error: a pipe over other records.
routed.branch("high", () => pipe<{ label: string }>("labels").node("same", (n) => n));
// @ts-expect-error: a stage behind the routes.
explained.node("late", (n) => n);
// @ts-expect-error: the same, for a pipe that is taken in.
explained.via(pipe<Scored>("other"));
expectTypeOf(routed).toEqualTypeOf<
  RoutedPipe<
    Scored,
    Scored,
    Record<never, never>,
    Record<string, unknown>,
    End<"high", Scored> | End<"low", Scored>
  >
>();

// After a merge the pipe goes on with all that came together.
explained.merge("all").node("read", (payload) => {
  expectTypeOf(payload).toEqualTypeOf<Scored | Explained>();
});
const some = explained.merge("some", ["low"]);
some.node("read", (payload) => {
  expectTypeOf(payload).toEqualTypeOf<Scored | Explained>();
});
expectTypeOf((await some.run(scored).collect()).outputs).toEqualTypeOf<{
  readonly default: readonly Item<Scored | Explained, "default">[];
  readonly high: readonly Item<Scored, "high">[];
}>();
// @ts-expect-error: after the merge, `low` is no output.
some.branch("low", (low) => low);
expectTypeOf(explained.merge("all")).toEqualTypeOf<
  Pipe<Scored, Scored | Explained, Record<never, never>, Record<string, unknown>>
>();

// Outputs that only a function names may be missing; a branch says what their payload is.
const leaving = pipe<Scored>("leaving").node("leave", (payload) => (maybe ? routeTo("aside") : payload));
const { outputs: early } = await leaving
  .branch("aside", (aside) => {
    aside.node("read", (payload) => {
      expectTypeOf(payload).toEqualTypeOf<unknown>();
    });
    return aside.node("count", () => 1);
  })
  .run(scored)
  .collect();
expectTypeOf(early).toEqualTypeOf<{
  readonly default: readonly Item<Scored, "default">[];
  readonly aside?: readonly Item<number, "aside">[];
}>();
leaving.merge("all").node("read", (payload) => {
  expectTypeOf(payload).toEqualTypeOf<unknown>();
});
leaving
  .branch("aside", (aside) => aside.node("count", () => 1))
  .merge("all")
  .node("read", (payload) => {
    expectTypeOf(payload).toEqualTypeOf<Scored | number>();
  });

// What a policy sends to an output is there, with the failure.
const { outputs: failed } = await pipe<Scored>("failing")
  .node("predict", ({ confidence }) => confidence)
  .onError("predict", routeTo("fallback"))
  .branch("fallback", (fallback) => fallback.node("guess", () => "guess"))
  .run(scored)
  .collect();
expectTypeOf(failed.fallback).toEqualTypeOf<readonly Item<string, "fallback">[]>();
expectTypeOf(failed.fallback[0]?.failure).toEqualTypeOf<Failure | undefined>();

// What goes to `default` early may be anything.
const toDefault = pipe<Scored>("p")
  .node("leave", (payload) => (maybe ? routeTo("default") : payload))
  .node("count", () => 1);
expectTypeOf((await toDefault.run(scored).collect()).outputs).toEqualTypeOf<{
  readonly default: readonly Item<unknown, "default">[];
}>();

// The outputs of a branch are outputs of the pipe; those of one name are one.
const nested = routed
  .branch("low", (low) =>
    low
      .node("confidence", ({ confidence }) => confidence)
      .route("again", [
        ["none", (n) => n === 0],
        ["high", (n) => n > 1],
      ]),
  )
  .branch("none", (none) => none.node("text", (n) => n.toFixed()));
expectTypeOf((await nested.run(scored).collect()).outputs).toEqualTypeOf<{
  readonly default: readonly Item<Scored, "default">[];
  readonly high: readonly Item<Scored | number, "high">[];
  readonly low: readonly Item<number, "low">[];
  readonly none: readonly Item<string, "none">[];
}>();

// Several of one, in a branch.
expectTypeOf(
  routed.branch("high", (high) => high.node("spread", ({ confidence }) => many([confidence]))).run(scored),
).toEqualTypeOf<Run<Scored, End<"high", number> | End<"low", Scored>>>();

// Stores and metadata are those of the pipe.
const seen = store("seen", { ids: table<string, number>() });
pipe<Scored, { readonly model: string }>("stored")
  .use({ seen })
  .route("split", [["low", () => true]])
  .branch("low", (low) =>
    low.node("read", (_, { stores, metadata }) => {
      expectTypeOf(stores.seen.ids.get("a")).toEqualTypeOf<number | undefined>();
      expectTypeOf(metadata).toEqualTypeOf<{ readonly model: string }>();
      // @ts-expect-error: a store that the pipe does not use.
      return stores.other;
    }),
  );

// A pipe in another.
const length = pipe<{ readonly text: string }>("length")
  .use({ seen })
  .node("length", ({ text }) => (text === "" ? routeTo("empty") : text.length));
const whole = pipe<{ text: string; more: number }>("whole").via(length, { as: "left" });
whole.node("read", (payload, { stores }) => {
  expectTypeOf(payload).toEqualTypeOf<number>();
  expectTypeOf(stores.seen.ids.get("a")).toEqualTypeOf<number | undefined>();
});
expectTypeOf((await whole.run([]).collect()).outputs).toEqualTypeOf<{
  readonly default: readonly Item<number, "default">[];
  readonly empty?: readonly Item<unknown, "empty">[];
}>();
// @ts-expect-error: its records have no text.
pipe<{ more: number }>("whole").via(length);
// @ts-expect-error: an option that does not exist.
whole.via(pipe<number>("other"), { name: "other" });
const withModel = pipe<Scored, { readonly model: string }>("with_model");
// @ts-expect-error: metadata that the pipe around it does not have.
pipe<Scored, { readonly other: string }>("around").via(withModel);
// @ts-expect-error: metadata that the pipe around it may not have.
pipe<Scored>("around").via(withModel);
interface More {
  readonly model: string;
  readonly more: number;
}
pipe<Scored, More>("around").via(withModel).via(pipe<Scored>("any"), { as: "any" });

// Taken in with its routes, it ends the pipe as they do.
const ended = pipe<Scored>("p").via(routed);
// @ts-expect-error: a stage behind the routes.
ended.node;
ended
  .branch("low", (low) => low.node("confidence", ({ confidence }) => confidence))
  .merge("all")
  .node("read", (payload) => {
    expectTypeOf(payload).toEqualTypeOf<Scored | number>();
  });

// Of `any` nothing is known, and nothing else becomes of it.
const unknown = pipe<Scored>("p")
  .node("parse", () => anything)
  .route("split", [["low", (payload) => payload.low]])
  .branch("low", (low) => low.node("same", (payload) => payload.any));
expectTypeOf(unknown.run(scored)).toEqualTypeOf<Run<typeof anything, End<"low", typeof anything>>>();
for await (const item of unknown.run(scored)) expectTypeOf(item.route).toEqualTypeOf<"default" | "low">();
