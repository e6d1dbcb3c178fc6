// biome-ignore-all lint/suspicious/noThenProperty: `then` is an option of retry().
// Checked by tsc alone: an error that is expected and does not come is an error itself.
import {
  type Decision,
  type Failure,
  filter,
  type Item,
  many,
  pipe,
  type Rejection,
  reject,
  retry,
  routeTo,
} from "slither-ts";
import { expectTypeOf } from "vitest";

interface Raw {
  readonly name: string;
}

declare const raw: Raw[];
declare const maybe: boolean;
// biome-ignore lint/suspicious/noExplicitAny: it is about what nothing is known of.
declare const anything: any;

const lengths = pipe<Raw>("p").node("length", ({ name }) => name.length);

type Default = readonly Item<number, "default">[];

// A policy that sends what fails to an output makes that an output; what its payload is, is not known.
const routed = lengths.onError("length", routeTo("late"));
const { outputs } = await routed.run(raw).collect();
expectTypeOf(outputs).toEqualTypeOf<{
  readonly default: Default;
  readonly late: readonly Item<unknown, "late">[];
}>();
// @ts-expect-error: an output that nothing goes to.
outputs.early;
// @ts-expect-error: its payload may be what any stage was given.
outputs.late[0]?.payload.toFixed();
expectTypeOf(outputs.late[0]?.failure).toEqualTypeOf<Failure | undefined>();

for await (const item of routed.run(raw)) {
  expectTypeOf(item).toEqualTypeOf<Item<number, "default"> | Item<unknown, "late">>();
  // The route says what the payload is.
  if (item.route === "default") expectTypeOf(item.payload).toEqualTypeOf<number>();
  else expectTypeOf(item.payload).toEqualTypeOf<unknown>();
  // @ts-expect-error: an output that nothing goes to.
  if (item.route === "early") break;
}
for await (const batch of routed.run(raw).batches())
  expectTypeOf(batch).toEqualTypeOf<readonly (Item<number, "default"> | Item<unknown, "late">)[]>();

// `then` of a retry does as well, and what has no outputs leaves them as they are.
const retried = await lengths
  .onError("length", retry({ then: routeTo("late") }))
  .run(raw)
  .collect();
expectTypeOf(retried.outputs).toEqualTypeOf(outputs);
for (const policy of [retry(), retry({ then: "reject" }), retry({ then: reject({ max: 3 }) })] as const)
  expectTypeOf(lengths.onError("length", policy)).toEqualTypeOf(lengths);
expectTypeOf(lengths.onError("length", reject({ max: 3 }))).toEqualTypeOf(lengths);
expectTypeOf(lengths.onError("length", "halt")).toEqualTypeOf(lengths);

// So do the outputs that a function decides on, at once or later; which of them it ever names, nobody knows.
interface Perhaps {
  readonly default: Default;
  readonly late?: readonly Item<unknown, "late">[];
}
const decided = await lengths
  .onError("length", (_error, failed, attempts) => {
    expectTypeOf(failed).toEqualTypeOf<Item | readonly Item[]>();
    expectTypeOf(attempts).toEqualTypeOf<number>();
    return maybe ? routeTo("late") : "reject";
  })
  .run(raw)
  .collect();
expectTypeOf(decided.outputs).toEqualTypeOf<Perhaps>();
const later = await lengths
  .onError("length", async () => routeTo("late"))
  .run(raw)
  .collect();
expectTypeOf(later.outputs).toEqualTypeOf<Perhaps>();

// Of a policy that is one of two, only one is known.
declare const either: "late" | "early";
const { outputs: uncertain } = await lengths.onError("length", routeTo(either)).run(raw).collect();
expectTypeOf(uncertain).toEqualTypeOf<{
  readonly default: Default;
  readonly late?: readonly Item<unknown, "late">[];
  readonly early?: readonly Item<unknown, "early">[];
}>();

// What a node function gives back: payloads go on, the rest does not.
const chosen = pipe<Raw>("p").node("choose", ({ name }) => {
  if (name === "") return filter("empty");
  if (name === "-") return reject("no name");
  if (name.startsWith("vip")) return routeTo("vip");
  return maybe ? routeTo("other") : name.length;
});
const { outputs: early } = await chosen.run(raw).collect();
expectTypeOf(early).toEqualTypeOf<{
  readonly default: Default;
  readonly vip?: readonly Item<unknown, "vip">[];
  readonly other?: readonly Item<unknown, "other">[];
}>();
chosen.node("next", (payload) => {
  expectTypeOf(payload).toEqualTypeOf<number>();
});
// @ts-expect-error: an output that no function sends to.
early.late;

// Several payloads go on as each of them; asynchronous functions do likewise.
const letters = pipe<Raw>("p")
  .node("letters", async ({ name }) => (maybe ? many([...name]) : routeTo("whole")))
  .node("code", (letter) => {
    expectTypeOf(letter).toEqualTypeOf<string>();
    return letter;
  })
  .route("split", [["a", (letter) => letter === "a"]]);
expectTypeOf((await letters.run(raw).collect()).outputs).toEqualTypeOf<{
  readonly a: readonly Item<string, "a">[];
  readonly default: readonly Item<string, "default">[];
  readonly whole?: readonly Item<unknown, "whole">[];
}>();

// A function of which nothing is known sends nothing anywhere, as far as is known.
const unknown = pipe<Raw>("p").node("parse", () => anything);
for await (const item of unknown.run(raw)) expectTypeOf(item.route).toEqualTypeOf<"default">();

// After the routes too, and all of them together.
const all = chosen
  .route("split", [["long", (length) => length > 9]])
  .onError("*", routeTo("late"))
  .onError("choose", retry({ then: routeTo("later") }));
const { outputs: together } = await all.run(raw).collect();
expectTypeOf<keyof typeof together>().toEqualTypeOf<
  "default" | "long" | "vip" | "other" | "late" | "later"
>();
expectTypeOf(together.long).toEqualTypeOf<readonly Item<number, "long">[]>();
// @ts-expect-error: no stage after routes, nor behind a policy.
all.node;

// A replay gives the same as a run.
const { outputs: replayed } = await routed.replay("rejected.jsonl", { from: "start" }).collect();
expectTypeOf(replayed).toEqualTypeOf(outputs);
// @ts-expect-error: another place to enter.
routed.replay("rejected.jsonl", { from: "middle" });

// Policies.
// @ts-expect-error: a word that is none.
lengths.onError("length", () => "ignore");
// @ts-expect-error: a retry does not end in a retry.
retry({ then: retry() });
// @ts-expect-error: nor in a function.
retry({ then: () => "halt" });
// @ts-expect-error: neither a class of errors nor a name.
retry({ on: [3] });
// @ts-expect-error: a decision of a node function is no policy.
lengths.onError("length", reject("why"));
// @ts-expect-error: nor is a filter.
lengths.onError("length", filter("why"));
// @ts-expect-error: a bound is a number.
reject({ max: "3" });
expectTypeOf<ReturnType<typeof routeTo<"late">>>().toExtend<Decision>();

// Rejections.
for await (const rejection of routed.run(raw).rejected) expectTypeOf(rejection).toEqualTypeOf<Rejection>();
