import { explainRunText, type RunExplanation } from "slither-ts";
import { expect, test } from "vitest";
import { limitOf } from "../../../src/run/explain/limit.js";
import { measuredRun, pythonStage, stage, tripsOf } from "./measured-run.js";

function explained(changes: Parameters<typeof measuredRun>[0]): RunExplanation {
  const run = measuredRun(changes);
  return { ...run, limit: limitOf(run, 2) };
}

/** The lines of a text, without the indentation that they have here. */
function drawn(text: string): string {
  const lines = text.split("\n").slice(1, -1);
  const indent = (lines[0] as string).search(/\S/);
  return lines.map((line) => line.slice(indent)).join("\n");
}

test("what there is to say of a run stands in columns", () => {
  const { times, ...trips } = tripsOf(["featurize", "predict"], [100, 700], {
    taps: ["save"],
    tapWorkMs: [20],
    durationMs: 1_600,
  });
  const explanation = explained({
    inputMs: 12.34,
    waits: { cache: 40, retry: 0, rejections: 0, acknowledgements: 0 },
    consumerMs: 5,
    loop: 0.3,
    python: { processes: 2, workMs: 800, anyMs: 700, waitedMs: 20 },
    stages: [
      stage("ask", 2_000, { atOnce: 4 }),
      pythonStage("featurize", 100),
      { stage: "save", kind: "tap", in: 100, out: 100, atOnce: 1 },
      pythonStage("predict", 700),
    ],
    trips: [{ ...trips, times: { ...times, encodeMs: 80, queueMs: 700, tapMs: 20 } }],
    failed: { batches: 1, durationMs: 50 },
  });
  expect(explainRunText(explanation)).toBe(
    drawn(`
      p-1: completed after 1000.0 ms, 100 in, 100 out
      Stage ask is the limit: its function was at work 50 % of the run, and mostly waited; it has 4 records at a time, and more \`concurrency\` lets it take more

        of the run      ms  share
        input         12.3    1 %  waited for
        ask         2000.0   50 %  node, 4 at once
        featurize    100.0    5 %  python
        predict      700.0   35 %  python
        cache         40.0    4 %  waited for
        consumer       5.0    1 %  waited for
        event loop   300.0   30 %  busy
        Python       800.0   40 %  2 processes
        failed        50.0    5 %  1 batch

      featurize + predict: 10 trips, 100 rows, 2.0 KB sent, 1.0 KB received
        of the trips      ms  share
        encode          80.0    5 %  in Node
        queue          700.0   44 %  behind other batches and calls
        send             0.0    0 %  on the way
        decode           0.0    0 %  in Python
        featurize      100.0    6 %  in Python
        predict        700.0   44 %  in Python
        answer           0.0    0 %  in Python
        return           0.0    0 %  on the way, until Node had time for it
        read             0.0    0 %  in Node
        taps            20.0    1 %  save
        all           1600.0  100 %
    `),
  );
});

test("a run without Python has no more than its own table", () => {
  const { consumerMs: _, loop: __, ...run } = explained({ inputMs: 900 });
  expect(explainRunText(run)).toBe(
    drawn(`
      p-1: completed after 1000.0 ms, 100 in, 100 out
      The input is the limit: the stages waited for it 90 % of the run

        of the run     ms  share
        input       900.0   90 %  waited for
    `),
  );
});

test("no name breaks a line", () => {
  const name = "a\nb\u2028c";
  const { times, ...trips } = tripsOf([name], [900]);
  const explanation = explained({
    run: name,
    stages: [pythonStage(name, 900), stage(name, 950)],
    python: { processes: 1, workMs: 900, anyMs: 900, waitedMs: 0 },
    trips: [{ ...trips, times, taps: [name] }],
  });
  const lines = explainRunText(explanation).split(/[\n\u2028]/);
  expect(lines.filter((line) => /^[bc]/.test(line))).toEqual([]);
});
