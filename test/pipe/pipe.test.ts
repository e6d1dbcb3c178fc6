import { OptionsError, type Pipe, pipe, store, table } from "slither-ts";
import { expect, test } from "vitest";
import { inlineSession } from "./inline-session.js";
import { payloadsOf } from "./runs.js";

/** The message of the OptionsError that `build` must throw. Calls of plain JavaScript are what is tested, so types are put aside. */
function refusal(build: () => unknown): string {
  let built: unknown;
  try {
    built = build();
  } catch (error) {
    expect(error).toBeInstanceOf(OptionsError);
    return (error as Error).message;
  }
  return expect.fail(`it was accepted: ${String(built)}`);
}

// biome-ignore lint/suspicious/noExplicitAny: wrong arguments are what is tested.
type Untyped = any;

const untyped = (built: object): Untyped => built;
const scoring = untyped(pipe("scoring"));

test.each([
  ["an empty name", () => (pipe as Untyped)(""), 'pipe(): expected `name` to be a name, got `""` (string)'],
  [
    "a name that is no text",
    () => (pipe as Untyped)(7),
    "pipe(): expected `name` to be a name, got `7` (number)",
  ],
  [
    "an option of pipe() that does not exist",
    () => (pipe as Untyped)("p", { ids: () => 1 }),
    "pipe(): unknown option `ids`, did you mean `id`?",
  ],
  [
    "an id that is no function",
    () => (pipe as Untyped)("p", { id: "key" }),
    'pipe(): expected `id` to be a function, got `"key"` (string)',
  ],
  [
    "options of pipe() that are null",
    () => (pipe as Untyped)("p", null),
    "pipe(): expected the options to be an object, got `null`",
  ],
  [
    "no stores",
    () => scoring.use(null),
    "pipe scoring: use(): expected `stores` to be an object of stores by name, got `null`",
  ],
  [
    "a name in place of stores",
    () => scoring.use("features"),
    'pipe scoring: use(): expected `stores` to be an object of stores by name, got `"features"` (string)',
  ],
  [
    "a tap whose function is none",
    () => scoring.tap("note", "console.log"),
    'pipe scoring: tap(): expected `run` to be a function of payload and context, got `"console.log"` (string)',
  ],
  [
    "a tap whose `when` is no function",
    () => scoring.tap("note", () => {}, { when: true }),
    'pipe scoring: tap("note"): expected `when` to be a function of the context, got `true` (boolean)',
  ],
  [
    "an option of tap() that does not exist",
    () => scoring.tap("note", () => {}, { wen: () => true }),
    'pipe scoring: tap("note"): unknown option `wen`, did you mean `when`?',
  ],
  [
    "a `fuse` that is neither true nor false",
    () => scoring.python("predict", { module: "m", function: "f", fuse: "no" }),
    'pipe scoring: python("predict"): expected `fuse` to be true or false, got `"no"` (string)',
  ],
  [
    "a stage without a name",
    () => scoring.node("", () => 1),
    'pipe scoring: node(): expected `name` to be a name that is not empty, got `""` (string)',
  ],
  [
    "a node stage without a function",
    () => scoring.node("clean"),
    "pipe scoring: node(): expected `run` to be a function of payload and context, got `undefined`",
  ],
  [
    "a stage called *",
    () => scoring.node("*", () => 1),
    'pipe scoring: node(): expected `name` to be a name other than "*", got `"*"` (string)',
  ],
  [
    "a python stage without a name",
    () => scoring.python(undefined, { module: "m", function: "f" }),
    "pipe scoring: python(): expected `name` to be a name that is not empty, got `undefined`",
  ],
  [
    "a python stage without options",
    () => scoring.python("predict"),
    'pipe scoring: python("predict"): expected the options to be an object, got `undefined`',
  ],
  [
    "a function without a name",
    () => scoring.python("predict", { module: "m", function: "" }),
    'pipe scoring: python("predict"): expected `function` to be the name of a function in it, got `""` (string)',
  ],
  [
    "a stage option that does not exist",
    () => scoring.python("predict", { module: "m", function: "f", bach: { size: 2 } }),
    'pipe scoring: python("predict"): unknown option `bach`, did you mean `batch`?',
  ],
  [
    "a batch option that does not exist",
    () => scoring.python("predict", { module: "m", function: "f", batch: { sise: 2 } }),
    'pipe scoring: python("predict"): unknown option `batch.sise`, did you mean `size`?',
  ],
  [
    "a batch size of 0",
    () => scoring.python("predict", { module: "m", function: "f", batch: { size: 0 } }),
    'pipe scoring: python("predict"): expected `batch.size` to be a positive integer, got `0` (number)',
  ],
  [
    "a batch that is a number",
    () => scoring.python("predict", { module: "m", function: "f", batch: 100 }),
    'pipe scoring: python("predict"): expected `batch` to be an object with `size`, or weighted(), keyed(), microBatch(), adaptive() or batching of your own, got `100` (number)',
  ],
  [
    "routes in an object",
    () => scoring.route("split", { high: () => true }),
    "pipe scoring: route(): expected `routes` to be an array of [name, predicate] pairs, got an object (Object)",
  ],
  [
    "a route without a predicate",
    () => scoring.route("split", [["high"]]),
    "pipe scoring: route(): expected `routes[0]` to be a pair of a name and a predicate, got an array of 1",
  ],
  [
    "a predicate that is no function",
    () => scoring.route("split", [["high", "0.9"]]),
    'pipe scoring: route(): expected `routes[0][1]` to be a function from payload to true or false, got `"0.9"` (string)',
  ],
  [
    "no stage in onError()",
    () => scoring.onError(undefined, "reject"),
    "pipe scoring: onError(): expected `stage` to be the name of a stage, got `undefined`",
  ],
  [
    "a policy that does not exist",
    () => scoring.onError("*", "ignore"),
    'pipe scoring: onError(): expected `policy` to be "halt", "reject", reject({ max }), retry({ … }), routeTo(name) or a function, got `"ignore"` (string)',
  ],
  [
    "a run option that does not exist",
    () => scoring.run([], { sesion: {} }),
    "pipe scoring: run(): unknown option `sesion`, did you mean `session`?",
  ],
  [
    "a session that is none",
    () => scoring.run([], { session: { id: "a" } }),
    "pipe scoring: run(): expected `session` to be a session from engine.session(), got an object (Object)",
  ],
  [
    "a controller in place of a signal",
    () => scoring.run([], { signal: new AbortController() }),
    "pipe scoring: run(): expected `signal` to be an AbortSignal, got an object (AbortController)",
  ],
  [
    "metadata in an array",
    () => scoring.run([], { metadata: [1] }),
    "pipe scoring: run(): expected `metadata` to be an object, got an array of 1",
  ],
  [
    "records in a text",
    () => scoring.run("records.csv"),
    'pipe scoring: run(): expected the records to be an iterable or async iterable, got `"records.csv"` (string)',
  ],
  [
    "records in an object that is no iterable",
    () => scoring.run({ length: 1, 0: "a" }),
    "pipe scoring: run(): expected the records to be an iterable or async iterable, got an object (Object)",
  ],
  [
    "a generator function that was not called",
    () =>
      scoring.run(function* records() {
        yield 1;
      }),
    "pipe scoring: run(): expected the records to be an iterable or async iterable, got a function `records`",
  ],
])("refused by name: %s", (_, build, message) => {
  expect(refusal(build)).toBe(message);
});

test("several problems are told at once", () => {
  const message = refusal(() => scoring.python("predict", { module: 1, function: "f", timeout: "soon" }));
  expect(message).toContain("`module`");
  expect(message).toContain("`timeout`");
});

test("onError of a stage that does not exist says which one was meant", () => {
  const built = untyped(pipe<number>("scoring").node("predict", (n) => n));
  expect(refusal(() => built.onError("predcit", "reject"))).toBe(
    "pipe scoring: onError(): unknown stage `predcit`, did you mean `predict`?",
  );
});

test("onError of a stage that is like none of them lists them", () => {
  const built = untyped(pipe<number>("scoring").node("clean", (n) => n));
  expect(refusal(() => built.onError("write_report", "reject"))).toBe(
    "pipe scoring: onError(): unknown stage `write_report`, expected one of `clean`, `*`",
  );
});

test("onError knows only the stages that were declared before it", () => {
  const built = untyped(pipe<number>("scoring").node("clean", (n) => n));
  expect(refusal(() => built.onError("predict", "reject").node("predict", (n: number) => n))).toContain(
    "predict",
  );
});

test("two stages of one name are refused", () => {
  const built = untyped(pipe<number>("scoring").node("clean", (n) => n));
  expect(refusal(() => built.python("clean", { module: "m", function: "f" }))).toBe(
    "pipe scoring: python(): expected the stage name `clean` to be new in this pipe, got it twice",
  );
});

test.each(["node", "tap", "python", "route"] as const)("%s() after the routes is refused", (kind) => {
  const built = untyped(pipe<number>("scoring").route("split", [["high", (n) => n > 1]]));
  const second = { node: () => 1, tap: () => 1, python: { module: "m", function: "f" }, route: [] }[kind];
  expect(refusal(() => built[kind]("late", second))).toBe(
    `pipe scoring: ${kind}(): expected stage late to come before the routes, got it after split, which ends the pipe; merge() brings the outputs together again, branch(name, …) works on one of them`,
  );
});

test("two stores of one name are refused", () => {
  const features = store("features", { labels: table<string, number>() });
  const built = pipe<number>("scoring").use({ features });
  expect(refusal(() => built.use({ features }))).toBe(
    "pipe scoring: use(): expected the store name `features` to be new, got it twice",
  );
});

test("a store may have the name of something that every object has", async () => {
  const built = pipe<number>("scoring")
    .use({ toString: "a store of that name" })
    .node("read", (_, { stores }) => stores.toString);
  expect(await payloadsOf(built.run([1]))).toEqual(["a store of that name"]);
});

test("a pipe with a python stage is not run without a session, and says which stage needs it", () => {
  const built = pipe<number>("scoring").python("predict", { module: "m", function: "f" });
  expect(refusal(() => built.run([]))).toBe(
    "pipe scoring: run(): expected `session` to be a session, which stage predict needs, got `undefined`",
  );
});

test("a pipe without python stages needs no session", async () => {
  expect(await payloadsOf(pipe<number>("plain").run([1, 2]))).toEqual([1, 2]);
});

test("every method gives back a new pipe, and the old one stays as it was", async () => {
  const first = pipe<number>("numbers").node("add", (n) => n + 1);
  const longer = first.node("double", (n) => n * 2);
  first.onError("add", "reject");
  first.use({ extra: {} });
  expect(await payloadsOf(first.run([1]))).toEqual([2]);
  expect(await payloadsOf(longer.run([1]))).toEqual([4]);
  expect(first.plan).toMatchObject({ stages: [{ name: "add" }], policies: {}, stores: {} });
});

test("one pipe serves any number of runs", async () => {
  const built = pipe<number>("numbers").node("add", (n) => n + 1);
  const runs = [built.run([1]), built.run([2, 3])];
  expect(await Promise.all(runs.map((run) => payloadsOf(run)))).toEqual([[2], [3, 4]]);
});

test("the plan is frozen all through", () => {
  const built = pipe<number>("numbers")
    .use({ features: {} })
    .node("add", (n) => n + 1)
    .route("split", [["high", (n) => n > 1]])
    .onError("*", "reject") as unknown as Pipe<number, number, object, object>;
  const { plan } = built;
  const [, route] = plan.stages;
  const parts = [
    plan,
    plan.stages,
    plan.stages[0],
    route,
    route?.opens,
    plan.outputs,
    plan.policies,
    plan.stores,
  ];
  expect(parts.map((part) => Object.isFrozen(part))).toEqual(parts.map(() => true));
  expect(route?.kind === "route" && Object.isFrozen(route.routes)).toBe(true);
});

test("what the caller does to its arguments afterwards changes nothing", async () => {
  const routes: [string, (n: number) => boolean][] = [["high", (n) => n > 1]];
  const built = pipe<number>("numbers").route("split", routes);
  routes.length = 0;
  const { outputs } = await built.run([1, 2]).collect();
  expect(outputs.high?.map(({ payload }) => payload)).toEqual([2]);
});

test("a python stage has its defaults in the plan", () => {
  const { plan } = pipe("scoring").python("predict", { module: "m", function: "C.f" });
  expect(plan.stages[0]).toMatchObject({
    kind: "python",
    name: "predict",
    module: "m",
    function: "C.f",
    batching: { name: "fixed", size: 250 },
    timeoutMs: 300_000,
    each: false,
    fuse: true,
    stateful: false,
    line: "default",
    opens: [],
  });
});

test("building a pipe and making a run call nothing", async () => {
  const calls: string[] = [];
  const session = await inlineSession(() => {
    calls.push("module");
    return { same: (payloads: unknown[]) => payloads };
  });
  pipe<number>("scoring", { id: () => calls.push("id") })
    .node("clean", () => calls.push("node"))
    .python("predict", { module: "model", function: "same" })
    .route("split", [["all", () => calls.push("route") > 0]])
    .run([1, 2], { session });
  expect(calls).toEqual([]);
});
