// Checked by tsc alone: an error that is expected and does not come is an error itself.
import { type Item, pipe } from "slither-ts";
import { expectTypeOf } from "vitest";

interface Scored {
  readonly confidence: number;
}

declare const scored: Scored[];

const routed = pipe<Scored>("scoring").route("by_confidence", [
  ["high", ({ confidence }) => confidence >= 0.9],
  ["low", ({ confidence }) => confidence < 0.6],
]);

// The outputs are the declared routes and `default`, and no other.
const { outputs } = await routed.run(scored).collect();
expectTypeOf(outputs).toEqualTypeOf<{
  readonly high: readonly Item<Scored, "high">[];
  readonly low: readonly Item<Scored, "low">[];
  readonly default: readonly Item<Scored, "default">[];
}>();
// @ts-expect-error: an output that was not declared.
outputs.medium;
// @ts-expect-error: outputs are not written to.
outputs.high.push();

for await (const item of routed.run(scored)) {
  expectTypeOf(item.route).toEqualTypeOf<"high" | "low" | "default">();
  // @ts-expect-error: a route that was not declared.
  if (item.route === "medium") break;
}

// A pipe without routes has `default` alone.
const { outputs: single } = await pipe<Scored>("plain").run(scored).collect();
expectTypeOf(single).toEqualTypeOf<{ readonly default: readonly Item<Scored, "default">[] }>();

// Predicates.
// @ts-expect-error: Scored has no field `score`.
pipe<Scored>("p").route("split", [["high", ({ score }) => score > 1]]);
// @ts-expect-error: a predicate gives back a boolean, not a promise of one.
pipe<Scored>("p").route("split", [["high", async ({ confidence }) => confidence > 1]]);
// @ts-expect-error: a predicate gives back a boolean.
pipe<Scored>("p").route("split", [["high", ({ confidence }) => confidence]]);

// Routes end a pipe.
// @ts-expect-error: stores are for stages, and no stage comes any more.
routed.use;
// @ts-expect-error: no stage after routes.
routed.node;
// @ts-expect-error: no stage after routes.
routed.python;
// @ts-expect-error: no second routes.
routed.route;
// @ts-expect-error: nor after a policy, which comes behind them.
routed.onError("*", "reject").node;
// @ts-expect-error: nor after a policy, which comes behind them.
routed.onError("*", "reject").onError("by_confidence", "halt").route;

// A policy keeps the outputs.
const { outputs: after } = await routed.onError("*", "reject").run(scored).collect();
expectTypeOf(after).toEqualTypeOf(outputs);
