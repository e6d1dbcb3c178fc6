import { expect, test } from "vitest";
import { Crossings } from "../../src/run/crossings.js";
import type { BatchTimes } from "../../src/wire/batch-reply.js";

/** Two functions, and what is written for a tap between them takes 40 ms. */
const times: BatchTimes = {
  asked: 0,
  encoded: 1,
  begun: 2,
  received: 3,
  decoded: 10,
  steps: [
    { began: 10, done: 20 },
    { began: 60, done: 63 },
  ],
  answered: 70,
  arrived: 72,
  read: 75,
};

function crossingsOf(trips: number): Crossings {
  const crossings = new Crossings();
  for (let trip = 0; trip < trips; trip += 1)
    crossings.add({ rows: 1, bytes: { sent: 1, received: 1 }, times, settled: 80 });
  return crossings;
}

test("what is written for taps between two functions is part of the answer, and of neither function", () => {
  const { computeMs, answerMs } = crossingsOf(2).times;

  expect({ computeMs, answerMs }).toEqual({ computeMs: [20, 6], answerMs: 2 * (40 + 7) });
});

test("the parts of trips with taps make up the whole", () => {
  const crossings = crossingsOf(3);
  const { computeMs, ...rest } = crossings.times;

  const parts = [...Object.values(rest), ...computeMs];
  expect(parts.reduce((sum, part) => sum + part, 0)).toBe(crossings.durationMs);
});
