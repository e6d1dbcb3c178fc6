import { setTimeout as delay } from "node:timers/promises";
import { pipe, type Run, type RunExplanation, RunUnfinishedError } from "slither-ts";
import { describe, expect, test } from "vitest";
import { sharedSession } from "../../helpers/engine.js";
import { upTo } from "../../pipe/inputs.js";
import { haltOf } from "../../pipe/runs.js";

const session = sharedSession();

const halves = pipe<number>("halves").node("halve", (number) => number / 2);

const python = (name: string, size = 10) => ({ module: "pace", function: name, batch: { size } });

/** Two stages that make one trip, with a tap. */
const trip = pipe<number>("trip")
  .python<number>("first", python("quick"))
  .tap("look", () => {})
  .python<number>("second", python("sleeps"));

async function explained(run: Run<number>): Promise<RunExplanation> {
  await run.collect();
  return run.explain();
}

describe("a run is explained", () => {
  test("when it has ended, and not before", async () => {
    const run = halves.run([1, 2]);
    expect(() => run.explain()).toThrow(RunUnfinishedError);
    await run.batches().next();
    expect(() => run.explain()).toThrow(
      "pipe halves: expected explain() after the run's end, got it before; await run.done first",
    );
  });

  test("each time alike", async () => {
    const run = halves.run([1, 2]);
    await run.collect();
    expect(run.explain()).toBe(run.explain());
  });

  test("also when it was left, or has failed", async () => {
    const left = halves.run(upTo(1_000));
    for await (const _ of left) break;
    expect(left.explain()).toMatchObject({ status: "stopped", out: 1 });
    const failed = pipe("fails")
      .node("fail", () => Promise.reject(new Error("no")))
      .run([1]);
    await haltOf(failed);
    expect(failed.explain()).toMatchObject({ status: "halted", in: 1, out: 0 });
  });
});

test("what a run that was left has left behind counts up to its end", async () => {
  const run = pipe<number>("p")
    .node("ask", (number) => (number === 0 ? number : delay(60_000, number, { ref: false })), {
      concurrency: 4,
    })
    .run(upTo(10));
  for await (const _ of run) break;
  const { stats } = await run.done;
  // Four at once for so long, had they counted on; what its end itself takes is far less.
  await delay(400);
  expect(run.explain().stages[0]?.workMs).toBeLessThan(4 * (stats.durationMs + 200));
});

test("a tap of several in a trip is named as the limit, by its own name", async () => {
  const made = pipe<number>("p")
    .python<number>("first", python("quick"))
    .tap("look", () => {})
    .tap("save", () => delay(20))
    .python<number>("second", python("quick"));
  const { limit, trips } = await explained(made.run(upTo(20), { session: session() }));
  expect(limit).toMatchObject({
    kind: "stage",
    stage: "save",
    sentence: expect.stringMatching(
      /^Taps look and save are the limit: they were at work \d+ % of the run, most of it in save,/,
    ),
  });
  const [look = 0, save = 0] = trips[0]?.tapWorkMs ?? [];
  expect(save).toBeGreaterThan(look);
});

test("the parts of its trips make up their time", async () => {
  const { trips } = await explained(trip.run(upTo(50), { session: session() }));
  const [{ durationMs, times }] = trips as [RunExplanation["trips"][number]];
  const { computeMs, ...rest } = times;
  const parts = [...Object.values(rest), ...computeMs];
  expect(parts.filter((ms) => ms < 0)).toEqual([]);
  expect(computeMs).toHaveLength(2);
  expect(parts.reduce((sum, ms) => sum + ms, 0)).toBeCloseTo(durationMs, 6);
});

test("it has what went over the border, by trip", async () => {
  const { trips, stages } = await explained(trip.run(upTo(50), { session: session() }));
  expect(trips).toEqual([
    {
      stages: ["first", "second"],
      taps: ["look"],
      tapWorkMs: [expect.any(Number)],
      trips: 5,
      rows: 50,
      bytesSent: expect.any(Number),
      bytesReceived: expect.any(Number),
      durationMs: expect.any(Number),
      times: expect.any(Object),
      tapsMs: expect.any(Number),
    },
  ]);
  expect(trips[0]?.bytesSent).toBeGreaterThan(50);
  expect(trips[0]?.bytesReceived).toBeGreaterThan(50);
  expect(stages.map(({ stage, in: taken, out }) => [stage, taken, out])).toEqual([
    ["first", 50, 50],
    ["look", 50, 50],
    ["second", 50, 50],
  ]);
  const computed = trips[0]?.times.computeMs as [number, number];
  expect(stages[0]?.workMs).toBeCloseTo(computed[0], 6);
  expect(stages[2]?.workMs).toBeCloseTo(computed[1], 6);
});

test("stages that are not fused have trips of their own", async () => {
  const made = pipe<number>("apart")
    .python<number>("first", python("quick"))
    .python<number>("second", { ...python("quick"), fuse: false });
  const { trips } = await explained(made.run(upTo(20), { session: session() }));
  expect(trips.map(({ stages, trips: count }) => [stages, count])).toEqual([
    [["first"], 2],
    [["second"], 2],
  ]);
});

test("batches that fail are counted apart", async () => {
  const made = pipe<number>("fails").python<number>("fail", python("fails", 1)).onError("*", "reject");
  const { failed, trips } = await explained(made.run(upTo(2), { session: session() }));
  expect({ batches: failed.batches, trips }).toEqual({ batches: 2, trips: [] });
  expect(failed.durationMs).toBeGreaterThan(0);
});

test("the consumer is waited for where things are given to it one after the other", async () => {
  const iterated = halves.run(upTo(10));
  for await (const _ of iterated);
  expect(iterated.explain().consumerMs).toBeGreaterThan(0);
  const inArrays = halves.run(upTo(10));
  for await (const _ of inArrays.batches());
  expect(inArrays.explain().consumerMs).toBeGreaterThan(0);
  expect(await explained(halves.run(upTo(10)))).not.toHaveProperty("consumerMs");
});

test("it is plain data, which reads well", async () => {
  const run = trip.run(upTo(10), { session: session() });
  await run.collect();
  const explanation = run.explain();
  expect(JSON.parse(JSON.stringify(explanation))).toStrictEqual(explanation);
  expect(String(explanation).split("\n")[0]).toBe(
    `${run.id}: completed after ${explanation.durationMs.toFixed(1)} ms, 10 in, 10 out`,
  );
});
