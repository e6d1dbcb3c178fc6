// biome-ignore-all lint/suspicious/noThenProperty: `then` is an option of retry().
import {
  adaptive,
  cached,
  type ErrorPolicy,
  microBatch,
  type PythonStageOptions,
  pipe,
  reject,
  retry,
  routeTo,
} from "slither-ts";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { fusionOf, unfused } from "../../src/plan/fusion.js";
import { type PipePlan, withPolicy } from "../../src/plan/plan.js";
import { scriptedTable } from "../pipe/cache-tables.js";

type Options = Partial<PythonStageOptions<number, number>>;

/** A pipe of any types. */
interface Planned {
  readonly plan: PipePlan;
}

const CALLED = { module: "model", function: "predict" };

/** A pipe with two python stages, `first` and `second`. */
function two(first: Options = {}, second: Options = {}) {
  return pipe<number>("p")
    .python<number>("first", { ...CALLED, ...first })
    .python<number>("second", { ...CALLED, ...second });
}

/** The same with a tap between them. */
function tapped() {
  return pipe<number>("p")
    .python<number>("first", CALLED)
    .tap("note", () => {})
    .python<number>("second", CALLED);
}

/** The names of the stages of each group. */
function groupsOf({ plan }: Planned): string[] {
  return fusionOf(plan).groups.map(({ first, length }) =>
    plan.stages
      .slice(first, first + length)
      .map(({ name }) => name)
      .join("+"),
  );
}

function reasonsOf({ plan }: Planned): Record<string, string> {
  return Object.fromEntries(
    [...fusionOf(plan).reasons].map(([index, reason]) => [plan.stages[index]?.name as string, reason]),
  );
}

const weighing = { size: 100, name: "mine", create: microBatch({ maxWait: "1ms" }).create };
const keyOf = (n: number): number => n;

const cache = cached(scriptedTable<number>().table, (n: number) => n);

test("a stage with a cache may be the first of a trip, and no later one", () => {
  expect(groupsOf(two({ cache }))).toEqual(["first+second"]);
  expect(groupsOf(two({}, { cache }))).toEqual(["first", "second"]);
  expect(reasonsOf(two({}, { cache }))).toEqual({
    second: "it has a cache: hits must be known before the trip",
  });
});

describe("stages that make one trip", () => {
  test.each<[string, Planned, string[]]>([
    ["two neighbours", two(), ["first+second"]],
    ["with a tap between them", tapped(), ["first+note+second"]],
    [
      "with several taps between them",
      pipe<number>("p")
        .python<number>("first", CALLED)
        .tap("one", () => {})
        .tap("other", () => {})
        .python<number>("second", CALLED),
      ["first+one+other+second"],
    ],
    ["three neighbours", two().python("third", CALLED), ["first+second+third"]],
    ["but for taps at either end", two().tap("last", () => {}), ["first+second", "last"]],
    [
      "but for what a node stage keeps apart",
      pipe<number>("p")
        .python<number>("first", CALLED)
        .node("between", (n) => n)
        .python<number>("second", CALLED)
        .python<number>("third", CALLED),
      ["first", "between", "second+third"],
    ],
    [
      "also in a branch",
      pipe<number>("p")
        .python<number>("before", CALLED)
        .route("sign", [["negative", (n) => n < 0]])
        .branch("negative", (negative) =>
          negative.python<number>("first", CALLED).python<number>("second", CALLED),
        )
        .merge("all")
        .python<number>("after", CALLED),
      ["before", "sign", "first+second", "all", "after"],
    ],
    ["that take columns", two({ columns: { n: "float64" } }, { columns: true }), ["first+second"]],
    ["of which one takes one payload", two({ each: true }), ["first+second"]],
    ["with a schema at either end", two({ input: z.number() }, { output: z.number() }), ["first+second"]],
    ["of which the second has batches like the first", two({}, { batch: { size: 250 } }), ["first+second"]],
    ["with one size", two({ batch: { size: 7 } }, { batch: { size: 7 } }), ["first+second"]],
    ["with one batching", two({ batch: weighing }, { batch: weighing }), ["first+second"]],
    [
      "of which only the first says how",
      two({ batch: adaptive({ latency: "9ms" }), buffer: { rows: 9 } }),
      ["first+second"],
    ],
    ["in the same order", two({ ordering: "as-completed" }, { ordering: "as-completed" }), ["first+second"]],
    [
      "with as many in flight, and the same buffer",
      two(
        { inFlight: { perProcess: 4 }, buffer: { rows: 9 } },
        { inFlight: { perProcess: 4 }, buffer: { rows: 9 } },
      ),
      ["first+second"],
    ],
    ["of which the first has a rate limit", two({ rateLimit: { limit: 1, per: "1s" } }), ["first+second"]],
    ["with deadlines of their own", two({ timeout: "1s" }, { timeout: "2s" }), ["first+second"]],
  ])("%s", (_, built, groups) => {
    expect(groupsOf(built)).toEqual(groups);
    expect(reasonsOf(built)).toEqual({});
  });

  test.each<[string, Record<string, ErrorPolicy>]>([
    ["halt", {}],
    ["reject", { "*": "reject" }],
    ["reject, each up to a bound", { first: reject({ max: 1 }), second: reject({ max: 2 }) }],
    ["retry and then halt", { "*": retry() }],
    ["reject in one, retry in the other", { "*": "reject", second: retry({ then: "reject" }) }],
    ["send what fails in the first to an output", { first: routeTo("late"), second: "reject" }],
    ["let a function decide on the first", { first: () => "reject", second: "reject" }],
  ])("under policies that %s", (_, policies) => {
    const plan = Object.entries(policies).reduce(
      (made, [stage, policy]) => withPolicy(made, stage, policy),
      two().plan,
    );
    expect(groupsOf({ plan })).toEqual(["first+second"]);
  });
});

describe("a stage is not fused with the one before it, and the reason is told", () => {
  test.each<[Planned, string]>([
    [two({}, { fuse: false }), "it says `fuse: false`"],
    [two({}, { stateful: true }), "second is stateful, and its batches are sent once"],
    [two({ stateful: true }), "first is stateful, and its batches are sent once"],
    [two({ output: z.number() }), "what first gives back is checked in Node (`output`)"],
    [two({}, { input: z.number() }), "what it is given is checked in Node (`input`)"],
    [two({}, { batch: { size: 7 } }), "it has batches of its own (first: fixed 250, here: fixed 7)"],
    [
      two({}, { batch: microBatch({ maxWait: "1ms" }) }),
      "it has batches of its own (first: fixed 250, here: microBatch)",
    ],
    [
      two({ batch: adaptive({ latency: "9ms" }) }, { batch: adaptive({ latency: "9ms" }) }),
      "it has batches of its own (first: adaptive, here: adaptive; one object for both would be the same)",
    ],
    [two({ columns: true }), "one of first and second takes columns, the other rows"],
    [two({}, { columns: true }), "one of first and second takes columns, the other rows"],
    [
      two({ columns: true }, { columns: { n: "float64" } }),
      "what its columns are is checked in Node (`columns`)",
    ],
    [two({}, { rateLimit: { limit: 1, per: "1s" } }), "it has a rate limit of its own"],
    [
      two(
        { rateLimit: { limit: 1, per: "1s", key: keyOf } },
        { rateLimit: { limit: 1, per: "1s", key: keyOf } },
      ),
      "it has a rate limit of its own",
    ],
    [two({}, { ordering: "as-completed" }), "its ordering is not that of first"],
    [two({ ordering: "as-completed" }), "its ordering is not that of first"],
    [two({}, { inFlight: { perProcess: 3 } }), "its `inFlight` is not that of first"],
    [two({}, { inFlight: { perStage: 1 } }), "its `inFlight` is not that of first"],
    [two({}, { buffer: { rows: 3 } }), "its `buffer` is not that of first"],
    [
      two()
        .onError("*", "reject")
        .onError("second", () => "reject"),
      "the policy of second is a function, which sees its payloads",
    ],
    [two().onError("second", routeTo("late")), "what fails in second goes to an output, with its payload"],
    [
      two().onError("second", retry({ then: routeTo("late") })),
      "what fails in second goes to an output, with its payload",
    ],
    [two().onError("second", "reject"), "one of first and second halts the run, the other does not"],
    [two().onError("first", "reject"), "one of first and second halts the run, the other does not"],
    [
      two().onError("second", retry()),
      "one of first and second halts the run at once, the other after retries",
    ],
    [
      two().onError("first", retry()).onError("second", "reject"),
      "one of first and second halts the run, the other does not",
    ],
    [tapped().onError("note", "reject"), "one of first and note halts the run, the other does not"],
    [tapped().onError("note", routeTo("late")), "what fails in note goes to an output, with its payload"],
    [tapped().onError("note", () => "reject"), "the policy of note is a function, which sees its payloads"],
  ])("%#: $1", (built, reason) => {
    expect(reasonsOf(built)).toEqual({ second: reason });
    expect(groupsOf(built)).toEqual(built.plan.stages.map(({ name }) => name));
  });

  test("when it is the first of a branch", () => {
    const built = pipe<number>("p")
      .python<number>("first", CALLED)
      .onError("first", routeTo("late"))
      .branch("late", (late) => late.python<number>("second", CALLED).onError("second", "reject"));
    expect(reasonsOf(built)).toEqual({ second: "it is not on the same branch as first" });
  });

  test("when it follows a branch that it is not in", () => {
    const built = pipe<number>("p")
      .node("split", (n) => (n < 0 ? routeTo("negative") : n))
      .branch("negative", (negative) => negative.python<number>("first", CALLED))
      .merge("all")
      .python<number>("second", CALLED);
    expect(groupsOf(built)).toEqual(["split", "first", "all", "second"]);
  });

  test("when it does not fit the first of the group, to which the one between them does", () => {
    const built = two({ batch: { size: 7 } }).python("third", { ...CALLED, batch: { size: 250 } });
    expect(groupsOf(built)).toEqual(["first+second", "third"]);
    expect(reasonsOf(built)).toEqual({
      third: "it has batches of its own (first: fixed 7, here: fixed 250)",
    });
  });

  test("when the one between them is checked", () => {
    const built = two({}, { output: z.number() }).python("third", CALLED);
    expect(groupsOf(built)).toEqual(["first+second", "third"]);
    expect(reasonsOf(built)).toEqual({ third: "what second gives back is checked in Node (`output`)" });
  });

  test("and may be the first of another group", () => {
    const built = two({}, { fuse: false }).python("third", CALLED);
    expect(groupsOf(built)).toEqual(["first", "second+third"]);
  });
});

test("a pipe without python stages has a group for each stage, and nothing to explain", () => {
  const built = pipe<number>("p")
    .node("double", (n) => n)
    .tap("note", () => {})
    .node("again", (n) => n);
  expect(groupsOf(built)).toEqual(["double", "note", "again"]);
  expect(reasonsOf(built)).toEqual({});
});

test("a pipe without stages has no groups", () => {
  expect(fusionOf(pipe<number>("p").plan).groups).toEqual([]);
});

test("where nothing may be fused, each stage is a group", () => {
  expect(unfused(tapped().plan)).toEqual([
    { first: 0, length: 1 },
    { first: 1, length: 1 },
    { first: 2, length: 1 },
  ]);
});
