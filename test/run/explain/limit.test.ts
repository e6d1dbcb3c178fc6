import type { MeasuredRun } from "slither-ts";
import { describe, expect, test } from "vitest";
import { limitOf } from "../../../src/run/explain/limit.js";
import { measuredRun, pythonStage, stage, tripsOf } from "./measured-run.js";

const CORES = 4;

/** Its kind and its stage. */
function limited(changes: Partial<MeasuredRun>): unknown {
  const { kind, stage: at } = limitOf(measuredRun(changes), CORES);
  return at === undefined ? kind : [kind, at];
}

function sentence(changes: Partial<MeasuredRun>, cores = CORES): string {
  return limitOf(measuredRun(changes), cores).sentence;
}

/** One process that worked for so long, in predict, and before in featurize. */
function withPython(workMs: number, { processes = 1, featurizeMs = 0 } = {}) {
  const predictMs = workMs - featurizeMs;
  return {
    python: { processes, workMs, anyMs: workMs / processes, waitedMs: 0 },
    stages: [pythonStage("featurize", featurizeMs), pythonStage("predict", predictMs)],
    trips: [tripsOf(["featurize", "predict"], [featurizeMs, predictMs])],
  };
}

describe("the limit is what was at work, or was waited for, the most", () => {
  test.each([
    ["Python", withPython(960), ["python", "predict"]],
    ["the input", { inputMs: 820, loop: 0.1 }, "input"],
    ["the consumer", { consumerMs: 900, loop: 0.1 }, "consumer"],
    ["a function that waits", { stages: [stage("ask", 950)], loop: 0.1 }, ["stage", "ask"]],
    ["a function that computes", { stages: [stage("parse", 900)], loop: 0.95 }, ["node", "parse"]],
    [
      "a session that is busy with others",
      { python: { processes: 1, workMs: 10, anyMs: 10, waitedMs: 900 } },
      "session",
    ],
    ["nothing", { inputMs: 400, loop: 0.3, ...withPython(300) }, "none"],
  ])("%s", (_, changes, limit) => {
    expect(limited(changes)).toEqual(limit);
  });

  test("also where another is near", () => {
    expect(limited({ ...withPython(900), inputMs: 850, loop: 0.2 })).toEqual(["python", "predict"]);
    expect(limited({ ...withPython(850), inputMs: 900, loop: 0.2 })).toBe("input");
  });
});

describe("a full event loop", () => {
  test("is the limit although what goes through it is waited for", () => {
    const stages = [stage("parse", 800)];
    expect(limited({ loop: 0.97, inputMs: 990, stages })).toEqual(["node", "parse"]);
  });

  test("is that of the consumer, or the input, where that has most of it", () => {
    expect(limited({ loop: 0.97, consumerMs: 900 })).toBe("consumer");
    expect(limited({ loop: 0.97, inputMs: 900 })).toBe("input");
  });

  test("is not that of the consumer where others have a good part of it", () => {
    expect(limited({ loop: 0.97, consumerMs: 500, stages: [stage("parse", 450)] })).toBe("node");
  });

  test("is not the limit where processes worked for longer", () => {
    expect(limited({ ...withPython(980), loop: 0.9 })).toEqual(["python", "predict"]);
  });

  test("has the work of python stages on an engine without processes", () => {
    const { stages, trips } = withPython(900);
    const python = { workMs: 900, anyMs: 900, waitedMs: 0 };
    expect(limited({ loop: 0.95, python, stages, trips })).toEqual(["node", "predict"]);
  });
});

test("a function that is at work for several records is full when all its places are taken", () => {
  const half = stage("ask", 4_000, { atOnce: 8 });
  expect(limited({ stages: [half], inputMs: 600 })).toBe("input");
  expect(limited({ stages: [{ ...half, workMs: 7_600 }], inputMs: 600 })).toEqual(["stage", "ask"]);
});

test("taps in a trip are waited for like other functions", () => {
  const trips = [tripsOf(["featurize"], [10], { taps: ["save"], tapWorkMs: [900], tapsMs: 900 })];
  expect(limited({ ...withPython(10), trips, loop: 0.1 })).toEqual(["stage", "save"]);
});

describe("the sentence", () => {
  test("of Python names the share of its largest part, and what replicas would come to", () => {
    expect(sentence({ ...withPython(960, { featurizeMs: 280 }), loop: 0.3 }, 2)).toBe(
      "Python is the limit: one process worked 96 % of the run, 71 % of that in predict; 2 replicas would take about 0.6 of the time at best",
    );
  });

  test("of Python says why replicas would not help", () => {
    expect(sentence(withPython(1_800, { processes: 2 }), 2)).toBe(
      "Python is the limit: each of 2 processes worked 90 % of the run, 100 % of that in predict; more replicas would not help: this machine has 2 cores",
    );
  });

  test("of Python says that there can be none beside a stateful stage", () => {
    const { python, trips } = withPython(960);
    const stages = [pythonStage("predict", 960, { stateful: true })];
    expect(sentence({ python, trips, stages })).toMatch(/; there can be no replicas: predict is stateful$/);
  });

  test("of Python names the messages where they have most of it", () => {
    const { times, ...trips } = tripsOf(["predict"], [300]);
    const changed = { ...trips, times: { ...times, decodeMs: 400, answerMs: 200 } };
    const run = { ...withPython(900), stages: [pythonStage("predict", 300)], trips: [changed] };
    expect(limited(run)).toBe("python");
    expect(sentence(run)).toContain("67 % of that in reading and writing messages");
  });

  test("of Node names what took most of its time", () => {
    const { times, ...trips } = tripsOf(["predict"], [10]);
    const changed = { ...trips, times: { ...times, encodeMs: 150, readMs: 50 } };
    expect(
      sentence({ loop: 0.93, stages: [stage("parse", 600), stage("write", 20)], trips: [changed] }),
    ).toBe(
      "Node is the limit: its event loop was busy 93 % of the run; parse took 60 % and messages to and from Python took 20 %",
    );
  });

  test("of a function that waits says what mends it", () => {
    expect(sentence({ stages: [stage("ask", 950)] })).toBe(
      "Stage ask is the limit: its function was at work 95 % of the run, and mostly waited; it takes one record at a time, and `concurrency` lets it take several",
    );
    expect(sentence({ stages: [stage("ask", 7_600, { atOnce: 8 })] })).toMatch(
      /; it has 8 records at a time, and more `concurrency` lets it take more$/,
    );
    expect(sentence({ stages: [stage("save", 950, { kind: "tap" })] })).toMatch(/, and mostly waited$/);
  });

  test("of nothing says what was at work, and what may have been waited for", () => {
    const stages = [pythonStage("predict", 200, { rateLimited: true })];
    const failed = { batches: 2, durationMs: 300 };
    expect(sentence({ ...withPython(200), stages, failed, loop: 0.1 })).toBe(
      "Nothing was at work for half of the run: Python was at work 20 % and Node's event loop was busy 10 %; predict has a rate limit; 2 batches failed",
    );
  });

  test("of a run without records says so", () => {
    expect(limitOf(measuredRun({ in: 0, out: 0, loop: 1 }), CORES)).toEqual({
      kind: "none",
      share: 0,
      sentence: "There was nothing to do: no records came",
    });
  });
});

test("a run that took no time at all has no limit", () => {
  expect(limited({ durationMs: 0, inputMs: 0, stages: [stage("ask", 0)] })).toBe("none");
});
