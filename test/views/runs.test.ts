import {
  batchView,
  OptionsError,
  type PipeHaltedError,
  pipe,
  retry,
  type Session,
  type ViewContext,
  view,
} from "slither-ts";
import { crash, faultTest, inline, raise } from "slither-ts/testing";
import { expect, onTestFinished, test } from "vitest";
import { thrown } from "../helpers/rejection.js";
import { asking, askingSession, inlineEngine } from "./sessions.js";

const ASK_EACH = { module: "m", function: "ask_each" };
const ASK_ALL = { module: "m", function: "ask_all" };

const doubled = view("price", ({ key }: { key: number }) => key * 2);

/** Notes what it is asked with, and by whom. */
function recorder(name = "price"): { contexts: ViewContext[]; view: ReturnType<typeof view> } {
  const contexts: ViewContext[] = [];
  return {
    contexts,
    view: view(name, ({ key }, context) => {
      contexts.push(context);
      return key;
    }),
  };
}

async function payloadsOf(session: Session, options: object, input = [1, 2, 3]): Promise<unknown[]> {
  const { outputs } = await pipe<number>("p")
    .python<number>("s", { ...ASK_EACH, ...options })
    .run(input, { session })
    .collect();
  return outputs.default.map(({ payload }) => payload);
}

test("a stage asks a view that it lists", async () => {
  const session = await askingSession([]);

  expect(await payloadsOf(session, { views: [doubled] })).toEqual([2, 4, 6]);
});

test("a stage asks for the keys of a whole batch", async () => {
  const trips: number[][] = [];
  const many = batchView<number>("price", (keys) => {
    trips.push(keys);
    return keys.map((key) => key * 2);
  });
  const session = await askingSession([]);

  expect(await payloadsOf(session, { ...ASK_ALL, views: [many] })).toEqual([2, 4, 6]);
  expect(trips).toEqual([[1, 2, 3]]);
});

test("a name is looked up in the session, then in its engine", async () => {
  const engine = inlineEngine({ modules: { m: asking }, views: [doubled] });
  const own = await engine.session({ views: [view("price", ({ key }) => `own ${key}`)] });

  expect(await payloadsOf(own, { views: ["price"] })).toEqual(["own 1", "own 2", "own 3"]);
  expect(await payloadsOf(await engine.session(), { views: ["price"] })).toEqual([2, 4, 6]);
});

test("a view that is listed beside its name is that view", async () => {
  const session = await askingSession([view("price", () => "of the engine")]);

  expect(await payloadsOf(session, { views: ["price", doubled] })).toEqual([2, 4, 6]);
});

test("a name that nobody has given fails before the run", async () => {
  const session = await askingSession([doubled]);
  const needy = pipe<number>("p").python("s", { ...ASK_EACH, views: ["prize"] });

  const error = thrown(() => needy.run([1], { session }), OptionsError);

  expect(error.message).toBe(
    "pipe p: run(): stage s: unknown view `prize`, did you mean `price`?; give it to engine.session() or the engine, or list the view itself",
  );
});

test("a stage is refused what it does not list, whatever the session has", async () => {
  const session = await askingSession([doubled]);

  const halted: PipeHaltedError = await payloadsOf(session, { views: [recorder("other").view] }).then(
    () => expect.fail("expected the run to halt"),
    (error) => error,
  );

  expect(halted.cause).toMatchObject({
    pythonType: "ViewRefusedError",
    pythonMessage:
      "stage s may not ask view `price`: it lists `other`; add it to the option `views` of the stage",
  });
});

test("the context says which run and stage ask, with the run's metadata and the pipe's stores", async () => {
  const { contexts, view: price } = recorder();
  const session = await askingSession([]);
  const stores = { shop: new Map([["ink", 3]]) };

  const run = pipe<number>("p")
    .use(stores)
    .python("s", { ...ASK_EACH, views: [price] })
    .run([1], { session, metadata: { city: "Ulm" } });
  await run.collect();

  expect({ ...contexts[0] }).toMatchObject({
    view: "price",
    session: "a",
    run: run.id,
    pipe: "p",
    stage: "s",
    metadata: { city: "Ulm" },
    attempt: 1,
  });
  expect(contexts[0]?.stores?.shop).toBe(stores.shop);
});

test("fused stages each have their own views", async () => {
  const [first, second] = [recorder(), recorder()];
  const session = await askingSession([]);
  const fused = pipe<number>("p")
    .python<number>("one", { ...ASK_EACH, views: [first.view] })
    .python<number>("two", { ...ASK_EACH, views: [second.view] });

  await fused.run([7], { session }).collect();

  expect(fused.explain().operators).toHaveLength(1);
  expect(first.contexts.map(({ stage }) => stage)).toEqual(["one"]);
  expect(second.contexts.map(({ stage }) => stage)).toEqual(["two"]);
});

test("a fused stage is refused what only its neighbour lists", async () => {
  const session = await askingSession([]);
  const fused = pipe<number>("p")
    .python<number>("one", { ...ASK_EACH, views: [doubled] })
    .python<number>("two", ASK_EACH)
    .onError("*", "reject");

  const { rejected } = await fused.run([7], { session }).collect();

  expect(rejected.map(({ stage, reason }) => ({ stage, reason }))).toEqual([
    { stage: "two", reason: expect.stringContaining("stage two may not ask view `price`: it lists none") },
  ]);
});

test("a batch that is tried again asks again, with the number of the attempt", async () => {
  const { contexts, view: price } = recorder();
  let tries = 0;
  const m = ({ view }: Parameters<typeof asking>[0]) => ({
    flaky: async (rows: unknown[]) => {
      const answers = await view<unknown[]>("price", { keys: rows });
      if (++tries < 3) throw new Error("not yet");
      return answers;
    },
  });
  const session = await inlineEngine({ modules: { m } }).session();

  await pipe<number>("p")
    .python("s", { module: "m", function: "flaky", views: [price] })
    .onError("s", retry({ attempts: 3, backoff: 1, on: ["Error"] }))
    .run([1], { session })
    .collect();

  expect(contexts.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
});

test("a batch that is sent again because its process died counts as another attempt", async () => {
  const { contexts, view: price } = recorder();
  const m = ({ view }: Parameters<typeof asking>[0]) => ({
    once: async (rows: unknown[]) => view("price", { keys: rows }),
  });
  const engine = inlineEngine({
    modules: { m },
    faults: ({ attempt }) => (attempt === 1 ? crash({ signal: "SIGKILL" }) : undefined),
  });
  const session = await engine.session({ setup: () => {} });

  await pipe<number>("p")
    .python("s", { module: "m", function: "once", views: [price] })
    .run([1], { session })
    .collect();

  expect(contexts.map(({ attempt }) => attempt)).toEqual([2]);
});

test("the parts of a batch that is searched ask for their own records", async () => {
  const asked: unknown[] = [];
  const many = batchView<number>("price", (keys, { attempt }) => {
    asked.push([keys, attempt]);
    if (keys.includes(2)) throw new Error("2 is not for sale");
    return keys;
  });
  const session = await askingSession([]);

  const { rejected, outputs } = await pipe<number>("p")
    .python<number>("s", { ...ASK_ALL, views: [many] })
    .onError("s", "reject")
    .run([1, 2], { session })
    .collect();

  expect(outputs.default.map(({ payload }) => payload)).toEqual([1]);
  expect(rejected.map(({ reason }) => reason)).toEqual([
    "session a: stage s: m.ask_all raised ViewError: 2 is not for sale",
  ]);
  expect(asked).toEqual([
    [[1, 2], 1],
    [[1], 2],
    [[2], 2],
  ]);
});

test("with each, a view that fails fails its record alone", async () => {
  const session = await askingSession([]);
  const picky = view("price", ({ key }) => {
    if (key === 2) throw new Error("2 is not for sale");
    return key;
  });

  const { rejected, outputs } = await pipe<number>("p")
    .python<number>("s", { module: "m", function: "ask_one", each: true, views: [picky] })
    .onError("s", "reject")
    .run([1, 2, 3], { session })
    .collect();

  expect(outputs.default.map(({ payload }) => payload)).toEqual([1, 3]);
  expect(rejected.map(({ id }) => id)).toEqual([1]);
});

test("a policy tells a view's exceptions apart", async () => {
  let failures = 2;
  const flaky = view(
    "price",
    async ({ key }) => {
      if (failures-- > 0) await new Promise(() => {});
      return key;
    },
    { timeout: 5 },
  );
  const session = await askingSession([]);

  const { outputs } = await pipe<number>("p")
    .python<number>("s", { ...ASK_EACH, views: [flaky] })
    .onError("s", retry({ attempts: 3, backoff: 1, on: ["ViewTimeoutError"] }))
    .run([1], { session })
    .collect();

  expect(outputs.default.map(({ payload }) => payload)).toEqual([1]);
});

test("a run that a consumer leaves aborts the signal of a view that is being asked", async () => {
  let asked!: (signal: AbortSignal) => void;
  const signal = new Promise<AbortSignal>((resolve) => {
    asked = resolve;
  });
  const endless = view("price", (_, context) => {
    asked(context.signal);
    return new Promise(() => {});
  });
  const session = await askingSession([]);
  const leaving = new AbortController();

  const ended = pipe<number>("p")
    .python("s", { ...ASK_EACH, views: [endless] })
    .run([1], { session, signal: leaving.signal })
    .collect()
    .catch((error) => error.status);
  const aborted = new Promise((resolve) =>
    signal.then((given) => given.addEventListener("abort", () => resolve("aborted"))),
  );
  await signal;
  leaving.abort();

  expect(await Promise.all([ended, aborted])).toEqual(["aborted", "aborted"]);
  // The worker was not killed for it: its fake waited for a view, and was stopped there.
  expect(await session.call("m", "caught", ["none"])).toContain("ViewRefusedError");
});

test("a pipe that asks views comes through every fault", async () => {
  const engine = inline({ modules: { m: asking }, views: [doubled] });
  onTestFinished(() => engine.close({ timeout: 1 }));
  const tested = pipe<number>("p")
    .python<number>("s", { ...ASK_ALL, views: ["price"], batch: { size: 5 } })
    .onError("s", "reject");

  const report = await faultTest(
    tested,
    Array.from({ length: 60 }, (_, index) => index),
    {
      session: () => engine.session({ setup: () => {} }),
      scenarios: ["killed worker", "short result", "duplicate delivery", "poisoned record", "aborted run"],
    },
  );

  expect(report.passed).toBe(true);
});

test("a fault that raises is no answer of a view", async () => {
  const { contexts, view: price } = recorder();
  const engine = inlineEngine({
    modules: { m: asking },
    faults: () => raise("ValueError", "no"),
  });
  const session = await engine.session();

  await pipe<number>("p")
    .python("s", { ...ASK_EACH, views: [price] })
    .onError("s", "reject")
    .run([1], { session })
    .collect();

  expect(contexts).toEqual([]);
});
