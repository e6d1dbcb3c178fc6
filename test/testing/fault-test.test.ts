import {
  type Engine,
  filter,
  many,
  OptionsError,
  pipe,
  reject,
  retry,
  routeTo,
  type Session,
} from "slither-ts";
import {
  FaultTestError,
  faultTest,
  type InlineModule,
  inline,
  recordEvents,
  type ScenarioName,
} from "slither-ts/testing";
import { describe, expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { fusionOf } from "../../src/plan/fusion.js";
import { sharedEngine } from "../helpers/engine.js";
import { rejection } from "../helpers/rejection.js";
import { upTo } from "../pipe/inputs.js";

const NAMES: readonly ScenarioName[] = [
  "killed worker",
  "hung worker",
  "poisoned record",
  "short result",
  "slow consumer",
  "consumer leaves",
  "duplicate delivery",
  "throwing input",
  "aborted run",
];

const model = {
  double: async (numbers: number[]) => numbers.map((each) => 2 * each),
};

function inlineEngine(module: InlineModule | (() => InlineModule) = model): Engine {
  const engine = inline({ modules: { model: module } });
  onTestFinished(() => engine.close());
  return engine;
}

function sessionsOf(module?: InlineModule | (() => InlineModule)): () => Promise<Session> {
  const engine = inlineEngine(module);
  return () => engine.session({ setup: () => {} });
}

const doubled = pipe<number>("doubled").python<number>("double", {
  module: "model",
  function: "double",
  batch: { size: 5 },
});

function outcomes(report: { scenarios: readonly { name: string; skipped?: string | undefined }[] }) {
  return report.scenarios.map(({ name, skipped }) => skipped ?? name);
}

// biome-ignore lint/suspicious/noThenProperty: that is what the option of retry() is called.
const thenReject = { then: "reject" } as const;
// biome-ignore lint/suspicious/noThenProperty: as above.
const onceThenRoute = { attempts: 1, then: routeTo("aside") } as const;

const policies = [
  ["halt", "halt"],
  ["reject", "reject"],
  ["reject({ max })", reject({ max: 50 })],
  ["routeTo", routeTo("aside")],
  ["retry, then halt", retry()],
  ["retry, then reject", retry(thenReject)],
  ["retry once, then routeTo", retry(onceThenRoute)],
  ["a function", () => "reject" as const],
] as const;

describe("a pipe that is right passes", () => {
  test.each(policies)("under %s", async (_, policy) => {
    const session = sessionsOf();
    for (const seed of [1, 2, 3]) {
      const report = await faultTest(doubled.onError("double", policy), upTo(52), { session, seed });
      expect(report).toMatchObject({ passed: true, seed });
      expect(outcomes(report)).toEqual(NAMES);
    }
  });

  test("with node stages that reject, filter, multiply and route", async () => {
    const varied = pipe<number>("varied")
      .node("prepare", (number) => {
        if (number % 7 === 1) return filter("seven");
        if (number % 7 === 2) return many([number, -number]);
        if (number % 7 === 3) return reject("three");
        return number % 7 === 4 ? routeTo("four") : number;
      })
      .python<number>("double", { module: "model", function: "double", batch: { size: 5 } })
      .python<number>("again", { module: "model", function: "double", batch: { size: 3 } })
      .route("sign", [["negative", (number) => number < 0]])
      .onError("*", "reject");
    const session = sessionsOf();

    expect(outcomes(await faultTest(varied, upTo(60), { session }))).toEqual(NAMES);
    async function* asynchronous(): AsyncGenerator<number> {
      yield* upTo(60);
    }
    expect(outcomes(await faultTest(varied, asynchronous, { session }))).toEqual(NAMES);
  });

  test.each(policies)(
    "with stages that are fused, and a tap between them, under %s",
    async (name, policy) => {
      const first = pipe<number>("fused")
        .python<number>("double", { module: "model", function: "double", batch: { size: 5 } })
        .tap("note", () => {})
        .python<number>("again", { module: "model", function: "double" })
        .onError("*", name.endsWith("halt") ? "halt" : "reject");
      const fused = name.endsWith("halt") ? first.onError("*", policy) : first.onError("double", policy);
      expect(fusionOf(fused.plan).groups).toHaveLength(1);
      const session = sessionsOf();
      for (const seed of [1, 2, 3])
        expect(outcomes(await faultTest(fused, upTo(52), { session, seed }))).toEqual(NAMES);
    },
  );

  test("when it is stateful, with batches that are sent once", async () => {
    const stateful = pipe<number>("stateful").python<number>("double", {
      module: "model",
      function: "double",
      batch: { size: 5 },
      stateful: true,
    });

    const report = await faultTest(stateful, upTo(20), { session: sessionsOf() });

    expect(report.scenarios.filter(({ skipped }) => skipped !== undefined)).toEqual([
      {
        name: "duplicate delivery",
        passed: true,
        differences: [],
        skipped: "every python stage that was sent a batch is stateful: its batches are sent once",
      },
    ]);
  });

  test("when a stateful stage makes something else of the others, once a record before it was set aside", async () => {
    const counter = () => {
      let seen = 0;
      return { ...model, count: (numbers: number[]) => numbers.map(() => ++seen) };
    };
    const session = sessionsOf(counter);
    const mixed = doubled
      .python<number>("count", { module: "model", function: "count", batch: { size: 20 }, stateful: true })
      .onError("*", "reject");

    for (const seed of upTo(10))
      expect(await faultTest(mixed, upTo(40), { session, seed })).toMatchObject({ passed: true });
  });

  test("when nothing goes wrong for want of python stages, which is said", async () => {
    const plain = pipe<number>("plain").node("same", (number) => number);

    const report = await faultTest(plain, upTo(10));

    expect(outcomes(report).filter((name) => name === "the pipe has no python stage")).toHaveLength(5);
  });

  test("when its session does not come back, which is said", async () => {
    const engine = inlineEngine();

    const report = await faultTest(doubled, upTo(10), {
      session: () => engine.session(),
      scenarios: ["killed worker"],
    });

    expect(outcomes(report)).toEqual([
      "its session does not come back when it dies: it has neither a checkpoint nor a `setup`",
    ]);
  });

  test("with branches, one of them for what fails, that are merged again", async () => {
    const branching = pipe<number>("branching")
      .python<number>("double", { module: "model", function: "double", batch: { size: 5 } })
      .onError("double", routeTo("failed"))
      .route("size", [["large", (n) => n > 40]])
      .branch("large", (large) =>
        large.python<number>("again", { module: "model", function: "double", batch: { size: 3 } }),
      )
      .branch("failed", (failed) => failed.node("explain", () => "no result"))
      .merge("all")
      .node("wrap", (result) => ({ result }))
      .onError("again", "reject");
    const report = await faultTest(branching, upTo(30), { session: sessionsOf(), seed: 1 });
    expect(outcomes(report)).toEqual(NAMES);
  });
});

describe("a record that Python rejects by itself is not taken for a difference", () => {
  const fives = {
    ...model,
    noFives: (numbers: number[]) => numbers.map((each) => (each % 5 === 0 ? reject("five") : each)),
  };
  const checked = (size: number) =>
    pipe<number>("checked").python<number>("check", {
      module: "model",
      function: "noFives",
      batch: { size },
    });
  const seeds = [...upTo(12)];
  const rejecting = policies.filter(([name]) => !name.endsWith("halt"));

  test.each(policies)("when it would have been the poison, under %s", async (_, policy) => {
    const session = sessionsOf(fives);
    const tested = checked(7).onError("check", policy);
    for (const seed of seeds)
      expect(
        await faultTest(tested, upTo(70), { session, seed, scenarios: ["poisoned record"] }),
      ).toMatchObject({ passed: true });
  });

  test.each(rejecting)(
    "when a fault hits it alone, and it goes elsewhere by policy: %s",
    async (_, policy) => {
      const session = sessionsOf(fives);
      const tested = checked(1).onError("check", policy);
      for (const seed of seeds)
        expect(
          await faultTest(tested, upTo(20), { session, seed, scenarios: ["hung worker", "short result"] }),
        ).toMatchObject({ passed: true });
    },
  );

  test.each([
    {
      what: "its output schema",
      schemas: { output: z.number().refine((number) => number % 4 !== 0) },
    },
    {
      what: "its output schema, after an asynchronous one made it anew",
      schemas: {
        input: z.number().transform(async (number) => ({ number })),
        output: z.object({ number: z.number().refine((number) => number % 4 !== 0) }),
      },
    },
  ])("nor one that is refused by $what", async ({ schemas }) => {
    const session = sessionsOf({ same: (values: unknown[]) => values });
    const tested = pipe<number>("tested")
      .python<unknown>("same", { module: "model", function: "same", batch: { size: 7 }, ...schemas })
      .onError("same", "reject");
    for (const seed of seeds) {
      const report = await faultTest(tested, upTo(40), { session, seed, scenarios: ["poisoned record"] });
      expect(outcomes(report)).toEqual(["poisoned record"]);
    }
  });

  test("and where it rejects all of them, none can be the poison, which is said", async () => {
    const report = await faultTest(
      checked(7).onError("check", "reject"),
      [...upTo(30)].map((number) => 5 * number),
      { session: sessionsOf(fives), scenarios: ["poisoned record"] },
    );

    expect(outcomes(report)).toEqual(["stage check set every record aside in the clean run"]);
  });
});

test("ids that begin with another id are not taken for records that were made of that one", async () => {
  const tree = pipe<string>("tree", { id: (path) => path })
    .python<string>("same", { module: "model", function: "same", batch: { size: 4 } })
    .onError("same", routeTo("aside"));
  const session = sessionsOf({ same: (paths: string[]) => paths });

  for (const seed of upTo(6))
    expect(
      await faultTest(tree, ["a", "a/b", "a/b/c", "a/2b"], { session, seed, scenarios: ["poisoned record"] }),
    ).toMatchObject({ passed: true });
});

describe("what is wrong is told", () => {
  test("ids that are not unique, before anything is compared by them", async () => {
    const grouped = pipe<number>("grouped", { id: (number) => `group ${number % 3}` })
      .python<number>("double", { module: "model", function: "double", batch: { size: 5 } })
      .onError("double", "reject");

    const error = await rejection(faultTest(grouped, upTo(20), { session: sessionsOf() }), OptionsError);

    expect(error.message).toBe(
      "faultTest(): expected the pipe's `id` to give unique ids for this input, by which records are compared, got 'group 0' twice, for records 0 and 3",
    );
  });

  test("a function that is not repeatable, with its records, the seed, and how to try that alone", async () => {
    const counter = () => {
      let seen = 0;
      return { double: (numbers: number[]) => numbers.map(() => ++seen) };
    };
    const session = sessionsOf(counter);

    const error = await rejection(
      faultTest(doubled, upTo(10), { session, seed: 4, scenarios: ["duplicate delivery", "slow consumer"] }),
      FaultTestError,
    );

    expect(error).toMatchObject({ code: "SLITHER_FAULT_TEST", seed: 4 });
    expect(error.scenarios.map(({ name, passed }) => [name, passed])).toEqual([
      ["duplicate delivery", false],
      ["slow consumer", true],
    ]);
    const [head, alone, ...rest] = error.message.split("\n");
    expect(head).toBe("faultTest() of pipe doubled, seed 4: 1 of 2 scenarios failed");
    expect(alone).toBe('duplicate delivery (alone: { …, seed: 4, scenarios: ["duplicate delivery"] }):');
    expect(rest[0]).toMatch(/^ {2}- record \d came out as \d+; in the clean run as \d+$/);
    expect(rest).toEqual(error.scenarios[0]?.differences.map((each) => `  - ${each}`));
  });

  test("a run that does not end", async () => {
    const once = () => {
      let calls = 0;
      // Two runs without a fault; in the third it is called once more.
      return { double: (numbers: number[]) => (++calls > 2 ? new Promise(() => {}) : numbers) };
    };
    const engine = inline({ modules: { model: once } });
    onTestFinished(() => engine.close({ timeout: 1 }));

    const error = await rejection(
      faultTest(doubled, upTo(10), {
        session: () => engine.session({ setup: () => {}, limits: { cancelGrace: "10ms" } }),
        scenarios: ["duplicate delivery"],
        timeout: "100ms",
      }),
      FaultTestError,
    );

    expect(error.scenarios[0]?.differences).toEqual([
      expect.stringMatching(/^the run did not end in time; \d item/),
    ]);
  });

  test("a pipe that comes to something else each time, by record", async () => {
    let runs = 0;
    const random = pipe<number>("random").node("add", (number) => (number === 0 ? ++runs : number));

    const error = await rejection(faultTest(random, upTo(3), { seed: 1 }), FaultTestError);

    expect(error.message).toMatch(
      /^faultTest\(\) of pipe random, seed 1: expected two runs without any fault/,
    );
    expect(error.message).toContain("\n  - record 0 came out as 2; in the clean run as 1");
    expect(error.scenarios).toEqual([]);
  });

  test("an input that the pipe does not complete", async () => {
    const strict = pipe<number>("strict").node("check", (number) => {
      if (number === 2) throw new RangeError("two");
      return number;
    });

    const error = await rejection(faultTest(strict, upTo(3)), FaultTestError);

    expect(error.message).toContain("expected an input that the pipe completes when nothing goes wrong");
    expect(error.message).toContain("unfinished): two");
  });

  test("numbers that only look alike", async () => {
    let runs = 0;
    const zeros = pipe<number>("zeros").node("zero", () => (++runs === 1 ? 0 : -0));

    const error = await rejection(faultTest(zeros, [1]), FaultTestError);

    expect(error.message).toContain("record 0 came out as -0; in the clean run as 0");
  });
});

test("a pipe with stores is made anew for each run, where a function makes it", async () => {
  const counting = () => {
    const seen = { count: 0 };
    return pipe<number>("counting")
      .use({ seen })
      .node("count", (_, { stores }) => ++stores.seen.count);
  };

  expect(await faultTest(counting, upTo(10))).toMatchObject({ passed: true });
  await rejection(faultTest(counting(), upTo(10)), FaultTestError);
});

test("the same seed chooses the same, also for a scenario alone", async () => {
  const engine = inlineEngine();
  const session = () => engine.session({ setup: () => {} });
  const hit = async (scenarios: readonly ScenarioName[]) => {
    const recorder = recordEvents(engine);
    await faultTest(doubled.onError("double", "reject"), upTo(50), { session, seed: 9, scenarios });
    recorder.stop();
    const runs = recorder.of("batch-failure").map(({ batch, size }) => `${batch}: ${size}`);
    return runs;
  };

  const alone = await hit(["poisoned record"]);

  expect(alone.length).toBeGreaterThan(0);
  expect(await hit(["slow consumer", "poisoned record"])).toEqual(alone);
});

test("sessions are closed, one after the other", async () => {
  const engine = inlineEngine();
  await faultTest(doubled, upTo(10), { session: () => engine.session({ id: "a", setup: () => {} }) });

  expect(engine.sessions.size).toBe(0);
});

test("wrong arguments are refused by name", async () => {
  const session = sessionsOf();
  const message = async (...args: unknown[]) => {
    const test = faultTest as (...args: unknown[]) => Promise<unknown>;
    return (await rejection(test(...args), OptionsError)).message;
  };

  // @ts-expect-error: the records of the pipe are numbers.
  const strings = () => faultTest(doubled, ["a"], { session });
  expect(strings).toBeTypeOf("function");
  expect(await message({}, [])).toBe(
    "faultTest(): expected a pipe, or a function that makes one, got an object (Object)",
  );
  expect(await message(doubled, 3, { session })).toBe(
    "faultTest(): expected the input to be an array, or a function that gives an iterable, got `3` (number)",
  );
  expect(await message(doubled, [1])).toBe(
    "faultTest(): expected `session` to be a function that opens a session, which stage double needs, got `undefined`",
  );
  expect(await message(doubled, [1], { session: () => 3 })).toBe(
    "faultTest(): expected `session` to give a session, got `3` (number)",
  );
  expect(await message(doubled, [1], { session, scenarios: ["killed wroker"] })).toContain(
    'expected `scenarios[0]` to be one of "killed worker", "hung worker"',
  );
  expect(await message(doubled, [1], { session, sed: 1 })).toContain(
    "unknown option `sed`, did you mean `seed`?",
  );
});

describe("on real Python", () => {
  const engine = sharedEngine();
  const checked = pipe<number>("checked")
    .python<number>("double", { module: "repeatable", function: "double", batch: { size: 10 } })
    .node("format", (number) => `= ${number}`);

  test.each([
    { name: "a pipe that rejects", tested: checked.onError("double", "reject"), replicas: undefined },
    { name: "a pipe that rejects, on replicas", tested: checked.onError("double", "reject"), replicas: 2 },
    { name: "a pipe that halts", tested: checked, replicas: undefined },
    {
      name: "a pipe with fused stages",
      tested: pipe<number>("fused")
        .python<number>("double", { module: "repeatable", function: "double", batch: { size: 10 } })
        .python<number>("again", { module: "repeatable", function: "double" })
        .onError("*", "reject"),
      replicas: undefined,
    },
  ])("$name passes every scenario", async ({ tested, replicas }) => {
    const input = tested === checked ? upTo(60).filter((number) => number !== 13) : upTo(60);
    const report = await faultTest(tested, input, { session: () => engine().session(), replicas });
    expect(outcomes(report)).toEqual(NAMES);
  });

  test("a function that counts is found out", async () => {
    const counting = pipe<number>("counting")
      .python<number>("count", { module: "repeatable", function: "count", batch: { size: 10 } })
      .onError("count", "reject");

    const error = await rejection(
      faultTest(counting, upTo(60), { session: () => engine().session(), scenarios: ["duplicate delivery"] }),
      FaultTestError,
    );

    expect(error.message).toContain("came out as");
  });
});
