import { join } from "node:path";
import {
  deadLetter,
  filter,
  local,
  many,
  OptionsError,
  pipe,
  type RunEvents,
  reject,
  routeTo,
  store,
  table,
} from "slither-ts";
import { expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "../helpers/temporary.js";
import { inlineSession } from "./inline-session.js";
import { upTo } from "./inputs.js";
import { consume, expectBalance } from "./runs.js";

/** Small numbers go to `low`, large ones to `high`, the rest to none. */
const split = pipe<number>("split").route("size", [
  ["low", (n) => n < 3],
  ["high", (n) => n > 6],
]);

const fails = (stage: string) => (n: number) => {
  if (n % 2 === 1) throw new Error(`${stage}: ${n} is odd`);
  return n;
};

test("a branch works on the records of its output alone, which come out there", async () => {
  const { outputs, ledger } = await split
    .branch("low", (low) => low.node("negate", (n) => `-${n}`))
    .run(upTo(10))
    .collect();
  expect(outputs.low.map(({ payload, route }) => [payload, route])).toEqual([
    ["-0", "low"],
    ["-1", "low"],
    ["-2", "low"],
  ]);
  expect(outputs.high.map(({ payload }) => payload)).toEqual([7, 8, 9]);
  expect(outputs.default.map(({ payload }) => payload)).toEqual([3, 4, 5, 6]);
  expect(ledger.stages).toMatchObject({ size: { in: 10, out: 10 }, negate: { in: 3, out: 3 } });
  expectBalance(ledger);
});

test("a merge brings the outputs together in the order of the input, and the pipe goes on with all", async () => {
  const { outputs, ledger } = await split
    .branch("low", (low) => low.node("negate", (n) => -n))
    .branch("high", (high) => high.node("double", (n) => n * 2))
    .merge("all")
    .node("text", (n) => `${n}`)
    .run(upTo(10))
    .collect();
  expect(Object.keys(outputs)).toEqual(["default"]);
  expect(outputs.default.map(({ id, payload, route }) => [id, payload, route])).toEqual(
    [0, -1, -2, 3, 4, 5, 6, 14, 16, 18].map((n, id) => [id, `${n}`, "default"]),
  );
  expectBalance(ledger);
});

test("a merge of one output leaves the others where they are", async () => {
  const { outputs } = await split
    .merge("some", ["low"])
    .node("text", (n) => `${n}`)
    .run(upTo(10))
    .collect();
  expect(outputs.default.map(({ payload }) => payload)).toEqual(["0", "1", "2", "3", "4", "5", "6"]);
  expect(outputs.high.map(({ payload }) => payload)).toEqual([7, 8, 9]);
});

test("after a merge the pipe may route again, also to an output of the same name, with a branch of its own", async () => {
  const { outputs, ledger } = await split
    .branch("low", (low) => low.node("add", (n) => n + 100))
    .merge("all")
    .route("again", [["low", (n) => n > 100]])
    .branch("low", (low) => low.node("times", (n) => n * 10))
    .run(upTo(10))
    .collect();
  expect(outputs.low.map(({ payload }) => payload)).toEqual([1010, 1020]);
  expect(ledger.stages).toMatchObject({ add: { in: 3 }, times: { in: 2 } });
  expectBalance(ledger);
});

test("a second branch of an output goes on where the first has ended", async () => {
  const { outputs, ledger } = await split
    .branch("low", (low) => low.node("add", (n) => n + 1))
    .branch("high", (high) => high.node("other", (n) => n))
    .branch("low", (low) => low.node("times", (n) => n * 10))
    .run(upTo(4))
    .collect();
  expect(outputs.low.map(({ payload }) => payload)).toEqual([10, 20, 30]);
  expect(ledger.edges).toContainEqual({ from: "add", to: "times", output: "low", records: 3 });
  expectBalance(ledger);
});

test("in a branch, what matches no route stays in the output of the branch, and outputs of one name are one", async () => {
  const { outputs, ledger } = await split
    .branch("low", (low) =>
      low.route("parity", [
        ["even", (n) => n % 2 === 0],
        ["high", () => false],
      ]),
    )
    .branch("high", (high) => high.route("even_high", [["even", (n) => n % 2 === 0]]))
    .branch("even", (even) => even.node("half", (n) => n / 2))
    .run(upTo(10))
    .collect();
  expect(outputs.even.map(({ payload }) => payload)).toEqual([0, 1, 4]);
  expect(outputs.low.map(({ payload }) => payload)).toEqual([1]);
  expect(outputs.high.map(({ payload }) => payload)).toEqual([7, 9]);
  expectBalance(ledger);
});

test("a branch inside a branch may be merged there", async () => {
  const { outputs, ledger } = await split
    .branch("low", (low) =>
      low
        .node("add", (n) => n + 10)
        .route("parity", [["even", (n) => n % 2 === 0]])
        .branch("even", (even) => even.node("half", (n) => n / 2))
        .merge("inside")
        .node("text", (n) => `${n}`),
    )
    .run(upTo(4))
    .collect();
  expect(outputs.low.map(({ payload }) => payload)).toEqual(["5", "11", "6"]);
  expectBalance(ledger);
});

test("what a branch inside a branch does not merge is an output of the pipe", async () => {
  const { outputs, ledger } = await split
    .branch("low", (low) =>
      low
        .route("parity", [["even", (n) => n % 2 === 0]])
        .branch("even", (even) => even.node("text", (n) => `${n}`)),
    )
    .merge("all", ["low", "even"])
    .run(upTo(4))
    .collect();
  expect(outputs.default.map(({ payload }) => payload)).toEqual(["0", 1, "2", 3]);
  expectBalance(ledger);
});

test("a branch inside a branch is about what its own stages send, and not about others that went to that output before", async () => {
  const { outputs, ledger } = await pipe<number>("p")
    .route("outer", [
      ["even", (n) => n % 2 === 0],
      ["low", (n) => n < 5],
    ])
    .branch("low", (low) =>
      low
        .node("add", (n) => n + 1)
        .route("inner", [["even", () => true]])
        .branch("even", (even) => even.node("mark", (n) => n + 1000)),
    )
    .run(upTo(8))
    .collect();
  expect(outputs.even.map(({ payload }) => payload)).toEqual([0, 1002, 2, 1004, 4, 6]);
  expect(ledger.stages.mark).toMatchObject({ in: 2 });
  expectBalance(ledger);
});

test("what fails goes into a branch with its failure, keeps it there, and through a merge", async () => {
  const { outputs, ledger } = await pipe<number>("p")
    .node("predict", fails("predict"))
    .node("after", (n) => n * 10)
    .onError("predict", routeTo("fallback"))
    .branch("fallback", (fallback) => fallback.node("guess", (n) => `guessed ${n}`))
    .merge("all")
    .node("wrap", (result) => ({ result }))
    .run(upTo(4))
    .collect();
  expect(
    outputs.default.map(({ payload, failure }) => [payload.result, failure?.stage, failure?.payload]),
  ).toEqual([
    [0, undefined, undefined],
    ["guessed 1", "predict", 1],
    [20, undefined, undefined],
    ["guessed 3", "predict", 3],
  ]);
  expect(outputs.default.every(({ route }) => route === "default")).toBe(true);
  expect(ledger.stages).toMatchObject({
    predict: { leftEarly: 2 },
    after: { in: 2 },
    guess: { in: 2 },
    all: { in: 4 },
  });
  expectBalance(ledger);
});

test("routeTo() in a node stage sends records to the first later branch of that output, and past the rest", async () => {
  const built = pipe<number>("p")
    .node("sort", (n) => (n % 3 === 0 ? routeTo("third") : n))
    .node("skipped", (n) => n + 1)
    .branch("third", (third) => third.node("mark", (n) => `third ${n}`));
  const { outputs, ledger } = await built.run(upTo(7)).collect();
  expect(outputs.third?.map(({ payload }) => payload)).toEqual(["third 0", "third 3", "third 6"]);
  expect(outputs.default.map(({ payload }) => payload)).toEqual([2, 3, 5, 6]);
  expect(ledger.edges).toContainEqual({ from: "sort", to: "mark", output: "third", records: 3 });
  expectBalance(ledger);
});

test('a record that leaves early for "default" is taken up by a later merge', async () => {
  const { outputs, ledger } = await pipe<number>("p")
    .node("leave", (n) => (n === 1 ? routeTo("default") : n))
    .node("add", (n) => n + 100)
    .route("size", [["low", (n) => n < 102]])
    .merge("all")
    .node("wrap", (n) => [n])
    .run(upTo(4))
    .collect();
  expect(outputs.default.map(({ payload }) => payload)).toEqual([[100], [1], [102], [103]]);
  expectBalance(ledger);
});

test('inside a branch, "default" is the output of the branch', async () => {
  const { outputs } = await split
    .branch("low", (low) =>
      low.node("leave", (n) => (n === 1 ? routeTo("default") : n)).node("add", (n) => n + 100),
    )
    .run(upTo(4))
    .collect();
  expect(outputs.low.map(({ payload }) => payload)).toEqual([100, 1, 102]);
});

test("a merge without names takes up what only a function names, too", async () => {
  const { outputs, ledger } = await pipe<number>("p")
    .node("sort", (n) => (n % 2 === 0 ? routeTo("even") : n))
    .merge("all")
    .run(upTo(4))
    .collect();
  expect(outputs.default.map(({ payload }) => payload)).toEqual([0, 1, 2, 3]);
  expectBalance(ledger);
});

test("one record may be made several, left out or set aside in a branch", async () => {
  const { outputs, ledger, rejected } = await split
    .branch("low", (low) =>
      low.node("change", (n) => {
        if (n === 0) return filter("zero");
        return n === 1 ? reject("one") : many([n, n * 10]);
      }),
    )
    .merge("all")
    .run(upTo(5))
    .collect();
  expect(outputs.default.map(({ id, payload }) => [id, payload])).toEqual([
    ["2/0", 2],
    ["2/1", 20],
    [3, 3],
    [4, 4],
  ]);
  expect(rejected).toMatchObject([{ id: 1, stage: "change", reason: "one" }]);
  expectBalance(ledger);
});

test("what a branch says in onError holds for its stages; `*` for those of them that have no policy of their own", async () => {
  const built = split.branch("low", (low) =>
    low
      .node("first", fails("first"))
      .node("second", () => {
        throw new Error("always");
      })
      .onError("*", "reject")
      .onError("second", routeTo("broken")),
  );
  expect(built.plan.policies).toMatchObject({ first: "reject" });
  const { outputs, rejected, ledger } = await built.run(upTo(4)).collect();
  expect(rejected.map(({ id }) => id)).toEqual([1]);
  expect(outputs.broken.map(({ payload }) => payload)).toEqual([0, 2]);
  expectBalance(ledger);
});

test("a stage in a branch that fails under halt ends the run after what came before", async () => {
  const run = split
    .branch("low", (low) => low.node("check", fails("check")))
    .merge("all")
    .run([9, 8, 2, 1, 5]);
  const { items, thrown } = await consume(run);
  expect(items.map(({ payload }) => payload)).toEqual([9, 8, 2]);
  expect(thrown).toMatchObject({ stage: "check", status: "halted" });
  expectBalance((await run.done).ledger);
});

test("a run that is left has what was on its way to a branch in its books", async () => {
  const run = split
    .branch("low", (low) => low.node("add", (n) => n + 1))
    .branch("high", (high) => high.node("other", (n) => n))
    .merge("all")
    .run(upTo(1_000));
  for await (const _ of run) break;
  const { ledger } = await run.done;
  expect(ledger.out).toBe(1);
  expectBalance(ledger);
});

test("every output that is known beforehand is there, also when it is empty", async () => {
  const { outputs, ledger } = await split
    .branch("low", (low) => low.route("more", [["tiny", () => true]]))
    .onError("*", routeTo("failed"))
    .run([])
    .collect();
  expect(outputs).toEqual({ low: [], high: [], tiny: [], failed: [], default: [] });
  expect(Object.keys(ledger.routes).sort()).toEqual(["default", "failed", "high", "low", "tiny"]);
});

test("the ledger has every edge that is known beforehand, also those that nothing went along", async () => {
  const { ledger } = await split
    .branch("low", (low) => low.node("negate", (n) => -n))
    .merge("all", ["low"])
    .run([1, 9, 5])
    .collect();
  expect(ledger.edges).toEqual([
    { from: undefined, to: "size", output: "default", records: 3 },
    { from: "size", to: "all", output: "default", records: 1 },
    { from: "size", to: "negate", output: "low", records: 1 },
    { from: "size", to: undefined, output: "high", records: 1 },
    { from: "negate", to: "all", output: "low", records: 1 },
    { from: "all", to: undefined, output: "default", records: 2 },
  ]);
});

test("a merge tells its start and end as other stages do", async () => {
  const run = split.merge("all").run([1]);
  const kinds: RunEvents["stage-stop"]["kind"][] = [];
  run.on("stage-stop", ({ kind }) => kinds.push(kind));
  await run.collect();
  expect(kinds.sort()).toEqual(["merge", "route"]);
});

test("a record that failed in a branch goes in again there, with the output that it was in", async () => {
  const file = join(temporaryFolder(), "rejected.jsonl");
  const build = (work: (n: number) => number) =>
    split
      .branch("low", (low) => low.node("before", (n) => n).node("check", work))
      .merge("all", ["high"])
      .onError("*", "reject");
  await build(fails("check"))
    .run(upTo(5), { deadLetter: deadLetter(file) })
    .collect();
  const { outputs, ledger } = await build((n) => n)
    .replay(file)
    .collect();
  expect(outputs.low).toMatchObject([{ id: 1, payload: 1, route: "low" }]);
  expect(ledger.stages).toMatchObject({ before: { in: 0 }, check: { in: 1 } });
  expectBalance(ledger, { entered: { check: 1 } });
});

test("via() has the stages, outputs and policies of another pipe here, twice under two names", async () => {
  const clean = pipe<number>("clean", { id: () => "unused" })
    .node("check", (n) => (n === 3 ? reject("three") : n))
    .node("add", (n) => {
      if (n === 2) throw new Error("two");
      return n + 1;
    })
    .onError("*", "reject");
  const built = pipe<number>("p").via(clean, { as: "left" }).via(clean, { as: "right" });
  expect(built.plan.stages.map(({ name }) => name)).toEqual([
    "left.check",
    "left.add",
    "right.check",
    "right.add",
  ]);
  const { outputs, rejected, ledger } = await built.run(upTo(6)).collect();
  expect(outputs.default.map(({ id, payload }) => [id, payload])).toEqual([
    [0, 2],
    [4, 6],
    [5, 7],
  ]);
  expect(rejected.map(({ id, stage }) => [id, stage])).toEqual(
    expect.arrayContaining([
      [2, "left.add"],
      [3, "left.check"],
      [1, "right.add"],
    ]),
  );
  expectBalance(ledger);
});

test("via() takes a pipe that has ended in routes, here and in a branch", async () => {
  const here = await pipe<string>("p")
    .node("length", (text) => text.length)
    .via(split)
    .branch("low", (low) => low.node("negate", (n) => -n))
    .run(["a", "seventeen", "four"])
    .collect();
  expect(here.outputs).toMatchObject({
    low: [{ payload: -1 }],
    high: [{ payload: 9 }],
    default: [{ payload: 4 }],
  });
  const inside = await pipe<number>("p")
    .route("parity", [["even", (n) => n % 2 === 0]])
    .branch("even", (even) => even.via(split, { as: "even" }))
    .run(upTo(9))
    .collect();
  expect(inside.outputs.low.map(({ payload }) => payload)).toEqual([0, 2]);
  expect(inside.outputs.even.map(({ payload }) => payload)).toEqual([4, 6]);
  expect(inside.outputs.high.map(({ payload }) => payload)).toEqual([8]);
  expect(inside.outputs.default.map(({ payload }) => payload)).toEqual([1, 3, 5, 7]);
  expectBalance(inside.ledger);
});

test("the merge of a pipe that was taken in is about its own outputs, not those of the pipe around it", async () => {
  const inner = split.merge("all");
  const { outputs, ledger } = await pipe<number>("p")
    .node("sort", (n) => (n === 0 ? routeTo("low") : n))
    .via(inner)
    .run(upTo(9))
    .collect();
  expect(outputs.low?.map(({ payload }) => payload)).toEqual([0]);
  expect(outputs.default.map(({ payload }) => payload)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expectBalance(ledger);
});

test("via() brings stores along; one that both have must be the same object", async () => {
  const seen = store("seen", { names: table<string, number>() });
  const counting = pipe<string>("counting")
    .use({ seen })
    .node("count", (name, { stores }) => {
      const count = (stores.seen.names.get(name) ?? 0) + 1;
      stores.seen.names.put(name, count);
      return count;
    });
  const { outputs } = await pipe<string>("p").use({ seen }).via(counting).run(["a", "a"]).collect();
  expect(outputs.default.map(({ payload }) => payload)).toEqual([1, 2]);
  const other = store("seen", { names: table<string, number>() });
  expect(() => pipe<string>("p").use({ seen: other }).via(counting)).toThrow(
    "pipe p: via(): expected the store `seen` to be the same object in both pipes, got two; give one of them another name",
  );
});

// biome-ignore lint/suspicious/noExplicitAny: wrong arguments are what is tested.
type Untyped = any;

const plain = pipe<number>("p").route("size", [["low", (n) => n < 3]]) as Untyped;
const same = (branch: Untyped) => branch.node("same", (n: number) => n);

test.each([
  [
    "a branch of an output that nothing goes to",
    () => plain.branch("lwo", same),
    "pipe p: branch(): unknown output `lwo`, did you mean `low`?",
  ],
  [
    "a merge of an output that nothing goes to",
    () => plain.merge("all", ["hgih"]),
    "pipe p: merge(): unknown output `hgih`, expected one of `low`",
  ],
  [
    "a branch of default",
    () => plain.branch("default", same),
    "pipe p: branch(): expected an output beside `default`, whose records the stages that follow work on anyhow, got `default`",
  ],
  [
    "a branch without stages",
    () => plain.branch("low", (low: unknown) => low),
    "pipe p: branch(): expected the branch of output `low` to have at least one stage, got none",
  ],
  [
    "a branch that gives nothing back",
    () => plain.branch("low", () => {}),
    "pipe p: branch(): expected `build` to give back a pipe, got `undefined`",
  ],
  [
    "a branch that is no function",
    () => plain.branch("low", plain),
    "pipe p: branch(): expected `build` to be a function that adds stages to a pipe, got an object (Pipe)",
  ],
  [
    "a branch in the branch of the same output",
    () =>
      plain.branch("low", (low: Untyped) =>
        low.route("again", [["low", () => true]]).branch("low", (inner: Untyped) => same(inner)),
      ),
    "pipe p: branch(): expected no branch of output `low` inside the branch of that name, got one; give the output inside another name",
  ],
  [
    "a stage in a branch whose name is taken",
    () => plain.branch("low", (low: Untyped) => low.node("size", () => 1)),
    "pipe p: branch(): expected the stage name `size` to be new in this pipe, got it twice",
  ],
  [
    "a merge of nothing",
    () => (pipe<number>("p") as Untyped).merge("all"),
    "pipe p: merge(): expected a pipe with outputs beside `default`, got one that has none",
  ],
  [
    "a merge of no names",
    () => plain.merge("all", []),
    "pipe p: merge(): expected `outputs` to be an array of at least one name, got an array of 0",
  ],
  [
    "a merge whose name is taken",
    () => plain.merge("size"),
    "pipe p: merge(): expected the stage name `size` to be new in this pipe, got it twice",
  ],
  [
    "a pipe that is none",
    () => plain.via({}),
    "pipe p: via(): expected `other` to be a pipe, got an object (Object)",
  ],
  [
    "a pipe behind the routes",
    () => plain.via(pipe<number>("q").node("late", (n) => n)),
    "pipe p: via(): expected stage late to come before the routes, got it after size, which ends the pipe; merge() brings the outputs together again, branch(name, …) works on one of them",
  ],
  [
    "an empty prefix",
    () => (pipe<number>("p") as Untyped).via(split, { as: "" }),
    'pipe p: via(): expected `as` to be a name that is not empty, got `""` (string)',
  ],
  [
    "a route to an output whose branch came before",
    () =>
      (pipe<number>("p") as Untyped)
        .python("predict", { module: "m", function: "f" })
        .onError("predict", routeTo("low"))
        .branch("low", same)
        .route("size", [["low", () => true]]),
    "pipe p: route(): expected the branch of output `low` to be declared after every stage that sends records there, got stage size behind it, whose records would pass it by; declare the branch after it",
  ],
  [
    "a policy to an output whose branch came before",
    () =>
      (pipe<number>("p") as Untyped)
        .node("a", (n: number) => n)
        .branch("low", same)
        .node("b", (n: number) => n)
        .onError("b", routeTo("low")),
    "pipe p: onError(): expected the branch of output `low` to be declared after every stage that sends records there, got stage b behind it, whose records would pass it by; declare the branch after it",
  ],
  [
    "the policy of all to an output whose branch came before, when the pipe is run",
    () =>
      (pipe<number>("p") as Untyped)
        .node("a", (n: number) => n)
        .onError("*", routeTo("low"))
        .branch("low", same)
        .node("b", (n: number) => n)
        .run([]),
    "pipe p: run(): expected the branch of output `low` to be declared after every stage that sends records there, got stage b behind it, whose records would pass it by; declare the branch after it",
  ],
  [
    "a policy that would send more into a branch that was declared before it",
    () =>
      (pipe<number>("p") as Untyped)
        .node("a", (n: number) => n)
        .route("size", [["low", () => true]])
        .branch("low", same)
        .onError("a", routeTo("low")),
    "pipe p: onError(): expected the policy of stage a before stage same, which takes the records of output `low`, got it behind; declare it before",
  ],
])("refused by name: %s", (_, build, message) => {
  let thrown: unknown;
  try {
    build();
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(OptionsError);
  expect((thrown as Error).message).toBe(message);
});

test("a branch may send to its own output, and `*` of the pipe holds for its stages", async () => {
  const { outputs, ledger } = await pipe<number>("p")
    .onError("*", routeTo("low"))
    .node("a", fails("a"))
    .branch("low", (low) =>
      low.node("b", (n) => {
        if (n === 3) throw new Error("three");
        return `b ${n}`;
      }),
    )
    .run(upTo(4))
    .collect();
  expect(outputs.low.map(({ payload, failure }) => [payload, failure?.stage])).toEqual([
    ["b 1", "a"],
    [3, "b"],
  ]);
  expectBalance(ledger);
});

test("python stages in branches get the records of their branch, in batches of their own", async () => {
  const sizes: number[] = [];
  const session = await inlineSession({
    double: (payloads: number[]) => {
      sizes.push(payloads.length);
      return payloads.map((n) => n * 2);
    },
  });
  const { outputs, ledger } = await split
    .branch("high", (high) =>
      high.python<number>("double", { module: "model", function: "double", batch: { size: 2 } }),
    )
    .merge("all")
    .run(upTo(10), { session })
    .collect();
  expect(outputs.default.map(({ payload }) => payload)).toEqual([0, 1, 2, 3, 4, 5, 6, 14, 16, 18]);
  expect(sizes.sort()).toEqual([1, 2]);
  expectBalance(ledger);
});

test("records that Python fails on take a fallback in their place, with a real Python process", async () => {
  const engine = await local({ pythonPath: ["test/fixtures/python"] });
  onTestFinished(() => engine.close());
  const session = await engine.session();
  const { outputs, ledger } = await pipe<number>("p")
    .route("sign", [["negative", (n) => n < 0]])
    .branch("negative", (negative) =>
      negative
        .python<number>("raise", { module: "branch_model", function: "root", batch: { size: 3 } })
        .onError("raise", routeTo("unsolved")),
    )
    .branch("unsolved", (unsolved) => unsolved.node("explain", () => "no root"))
    .merge("all")
    .python<string>("name", { module: "branch_model", function: "name", batch: { size: 2 } })
    .run([4, -1, 9, -16, 2], { session })
    .collect();
  expect(outputs.default.map(({ id, payload, failure }) => [id, payload, failure?.stage])).toEqual([
    [0, "<4>", undefined],
    [1, "<no root>", "raise"],
    [2, "<9>", undefined],
    [3, "<no root>", "raise"],
    [4, "<2>", undefined],
  ]);
  expectBalance(ledger);
});
