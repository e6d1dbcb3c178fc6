import { setTimeout as delay } from "node:timers/promises";
import { type CacheTable, cached, pipe, type Run, type RunExplanation, retry } from "slither-ts";
import { describe, expect, test, vi } from "vitest";
import { limitOf } from "../../../src/run/explain/limit.js";
import { waitForRoom } from "../../../src/stage/contract.js";
import { hops } from "../../dispatch/deferred.js";
import { scriptedTable } from "../../pipe/cache-tables.js";
import { stand } from "../../stage/context.js";
import { measuredRun, stage } from "./measured-run.js";

const WAIT_MS = 150;
/** A timer comes as much too early as the event loop was busy before it was set. */
const WAITED_MS = WAIT_MS / 2;

async function explained(run: Run<unknown>): Promise<RunExplanation> {
  await run.collect();
  return run.explain();
}

/** Fails the first time, at once. */
function failingOnce(): (number: number) => number {
  let calls = 0;
  return (number) => {
    calls += 1;
    if (calls === 1) throw new RangeError("not yet");
    return number;
  };
}

const again = { attempts: 2, backoff: `${WAIT_MS}ms`, jitter: false, on: [RangeError] } as const;

/** Has what is asked for, and is far away. */
function farAway(): CacheTable<number, number> {
  const { table, age } = scriptedTable<number>();
  age(1, 1, 0);
  const near = table as CacheTable<number, number>;
  const getMany = near.getMany.bind(near) as (keys: readonly number[]) => unknown;
  const slow = async (keys: readonly number[]): Promise<unknown> => {
    await delay(WAIT_MS);
    return getMany(keys);
  };
  return { ...near, getMany: slow } as unknown as CacheTable<number, number>;
}

describe("the wait before a next try is no work of the function", () => {
  test.each([
    ["of a stage that takes one record after the other", {}],
    ["of one that takes several at once", { concurrency: 2 }],
  ])("%s", async (_, options) => {
    const made = pipe<number>("p").node("ask", failingOnce(), options).onError("ask", retry(again));
    const { waits, stages, durationMs } = await explained(made.run([1]));
    expect(waits).toEqual({ cache: 0, retry: expect.any(Number), rejections: 0, acknowledgements: 0 });
    expect(waits.retry).toBeGreaterThanOrEqual(WAITED_MS);
    // The same time is not counted twice.
    expect((stages[0]?.workMs ?? 0) + waits.retry).toBeLessThanOrEqual(durationMs + 1);
  });
});

describe("the table of a cache is no work of the function", () => {
  test.each([
    ["of a stage that takes one record after the other", {}],
    ["of one that takes several at once", { concurrency: 2 }],
  ])("%s", async (_, options) => {
    const cache = cached(farAway(), (number: number) => number);
    const made = pipe<number>("p").node("ask", (number) => number, { ...options, cache });
    const { waits, stages } = await explained(made.run([1]));
    expect(waits.cache).toBeGreaterThanOrEqual(WAITED_MS);
    expect(stages[0]?.workMs).toBe(0);
  });
});

test.each([
  ["is there", () => hops(3)],
  ["cannot be had", () => Promise.reject(new Error("disk full"))],
])("whoever takes rejections is waited for until room %s", async (_, room) => {
  const { context } = stand();
  const waited = vi.spyOn(context.books, "waited");
  await waitForRoom(room(), context).catch(() => {});
  expect(waited.mock.calls).toEqual([["rejections", expect.any(Number)]]);
});

test("what was waited for is told where nothing was at work", () => {
  const waits = { cache: 900, retry: 600, rejections: 300, acknowledgements: 20 };
  expect(limitOf(measuredRun({ waits, stages: [stage("ask", 100)] }), 2).sentence).toBe(
    "Nothing was at work for half of the run: ask was at work 10 %; the table of a cache was waited for 90 % of the run; " +
      "records waited for their next try 60 % of the run; whoever takes the rejected records was waited for 30 % of the run",
  );
});
