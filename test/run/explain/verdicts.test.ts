import { setTimeout as delay } from "node:timers/promises";
import { pipe, type Run, type RunLimit } from "slither-ts";
import { inline } from "slither-ts/testing";
import { describe, expect, onTestFinished, test } from "vitest";
import { limitOf } from "../../../src/run/explain/limit.js";
import { sharedSession } from "../../helpers/engine.js";
import { upTo } from "../../pipe/inputs.js";

const session = sharedSession();

const WAIT_MS = 50;

const python = (name: string) => ({ module: "pace", function: name, batch: { size: 5 } });

/** Batches that cost next to nothing. */
const quick = pipe<number>("quick").python<number>("echo", python("quick"));

/** Keeps the thread. */
function compute(): void {
  const end = performance.now() + WAIT_MS;
  while (performance.now() < end);
}

async function limitIn(run: Run<number>): Promise<RunLimit> {
  await run.collect();
  return run.explain().limit;
}

describe("Python is the limit", () => {
  test.each(["sleeps", "computes"])("of a function that %s", async (name) => {
    const made = pipe<number>("p")
      .python<number>("first", python("quick"))
      .python<number>("slow", python(name));
    const run = made.run(upTo(40), { session: session() });
    expect(await limitIn(run)).toMatchObject({ kind: "python", stage: "slow" });
    // The machine of this test has as many cores as it has.
    expect(limitOf(run.explain(), 64).replicas?.time).toBeLessThan(0.9);
    expect(limitOf(run.explain(), 1).sentence).toMatch(
      /more replicas would not help: this machine has 1 core$/,
    );
  });

  test("in each of several processes", async () => {
    const made = pipe<number>("p").python<number>("slow", python("sleeps"));
    const run = made.run(upTo(80), { session: session(), replicas: 2 });
    expect(await limitIn(run)).toMatchObject({
      kind: "python",
      stage: "slow",
      sentence: expect.stringContaining("each of 2 processes worked"),
    });
  });
});

describe("Node is the limit", () => {
  test("of a node stage that computes", async () => {
    const made = pipe<number>("p").node("parse", (payload) => {
      compute();
      return payload;
    });
    const run = made.python<number>("echo", python("quick")).run(upTo(20), { session: session() });
    expect(await limitIn(run)).toMatchObject({ kind: "node", stage: "parse" });
  });

  test("of functions that stand in for Python", async () => {
    const engine = inline({
      modules: {
        pace: {
          quick: (payloads: number[]) => {
            compute();
            return payloads;
          },
        },
      },
    });
    onTestFinished(() => engine.close());
    const run = quick.run(upTo(50), { session: await engine.session() });
    expect(await limitIn(run)).toMatchObject({ kind: "node", stage: "echo" });
  });
});

describe("a stage is the limit", () => {
  const wait = async (payload: number): Promise<number> => {
    await delay(WAIT_MS);
    return payload;
  };

  test("whose function waits", async () => {
    expect(await limitIn(pipe<number>("p").node("ask", wait).run(upTo(20)))).toMatchObject({
      kind: "stage",
      stage: "ask",
    });
  });

  test("that waits for several records at once", async () => {
    const made = pipe<number>("p").node("ask", wait, { concurrency: 4 });
    expect(await limitIn(made.run(upTo(80)))).toMatchObject({ kind: "stage", stage: "ask" });
  });

  test("that is a tap in a trip", async () => {
    const made = pipe<number>("p")
      .python<number>("first", python("quick"))
      .tap("save", () => delay(WAIT_MS))
      .python<number>("second", python("quick"));
    const run = made.run(upTo(20), { session: session() });
    expect(await limitIn(run)).toMatchObject({ kind: "stage", stage: "save" });
  });
});

describe("the input is the limit", () => {
  test("that is waited for", async () => {
    async function* slow() {
      for (const number of upTo(20)) {
        await delay(WAIT_MS);
        yield number;
      }
    }
    expect((await limitIn(quick.run(slow(), { session: session() }))).kind).toBe("input");
  });

  test("that computes", async () => {
    function* slow() {
      for (const number of upTo(20)) {
        compute();
        yield number;
      }
    }
    expect((await limitIn(quick.run(slow(), { session: session() }))).kind).toBe("input");
  });
});

describe("the consumer is the limit", () => {
  test("that waits", async () => {
    const run = quick.run(upTo(50), { session: session() });
    for await (const _ of run.batches()) await delay(2 * WAIT_MS);
    expect(run.explain().limit.kind).toBe("consumer");
  });

  test("that computes", async () => {
    const run = quick.run(upTo(20), { session: session() });
    for await (const _ of run) compute();
    expect(run.explain().limit.kind).toBe("consumer");
  });
});

test("the session is the limit that is busy with another run", async () => {
  const other = pipe<number>("other").python("slow", python("sleeps")).run(upTo(40), { session: session() });
  const going = other.collect();
  const run = quick.run(upTo(10), { session: session() });
  expect((await limitIn(run)).kind).toBe("session");
  await going;
});

test("nothing is the limit where a rate limit is waited for", async () => {
  const limited = { ...python("quick"), rateLimit: { limit: 5, per: "400ms" as const } };
  const run = pipe<number>("p").python<number>("ask", limited).run(upTo(15), { session: session() });
  expect(await limitIn(run)).toMatchObject({
    kind: "none",
    sentence: expect.stringContaining("ask has a rate limit"),
  });
});
