import fc from "fast-check";
import { expect, test } from "vitest";
import { ProtocolError } from "../../src/errors/session.js";
import { type BatchTimes, batchReply, monotonicSeconds, type RowsBody } from "../../src/wire/batch-reply.js";

const bytes = { sent: 1, received: 2 };

function errorOf(): ProtocolError {
  return new ProtocolError("failed");
}

/** The seconds between the two clocks, from two looks with next to nothing between them. */
const OFFSET = offsetOfClocks();

function offsetOfClocks(): number {
  for (;;) {
    const before = performance.now();
    const seconds = monotonicSeconds();
    if (performance.now() - before < 0.1) return seconds - before / 1_000;
  }
}

/** Milliseconds of `performance.now()` as a stamp of the worker. */
function stamp(ms: number): number {
  return OFFSET + ms / 1_000;
}

/** The times in the order in which they came. */
function inOrder({ steps, ...times }: BatchTimes): number[] {
  const { asked, encoded, begun, received, decoded, answered, arrived, read } = times;
  const stamped = steps.flatMap(({ began, done }) => [began, done]);
  return [asked, encoded, begun, received, decoded, ...stamped, answered, arrived, read];
}

function timesOf(stamps: readonly number[], node: Parameters<typeof batchReply>[1]): BatchTimes {
  return batchReply([[0, null, []], stamps, [], []], node, bytes, errorOf).times;
}

test("records that have left come in the order of the batch, whenever they have left", () => {
  const body: RowsBody = [
    [1, null, ["c"]],
    [0, 0, 0, 0, 0],
    [
      [3, 0, "early"],
      [0, 0, "early"],
      [1, 1, { code: "exception" }],
    ],
    [],
  ];

  const { left, results } = batchReply(body, { asked: 0, encoded: 0, sent: 0, arrived: 0 }, bytes, errorOf);

  expect(results).toEqual(["c"]);
  expect(left).toEqual([
    { index: 0, step: 0, why: "early" },
    { index: 1, step: 1, why: expect.any(ProtocolError) },
    { index: 3, step: 0, why: "early" },
  ]);
});

test("what taps have asked for comes in their order, whatever form it travelled in", () => {
  const body: RowsBody = [
    [0, null, []],
    [0, 0, 0, 0, 0],
    [],
    [
      [0, [2, ["a"], [[1, 2]]]],
      [0, [0, null, []]],
      [1, [1, null, ["x"]]],
    ],
  ];

  const { taps } = batchReply(body, { asked: 0, encoded: 0, sent: 0, arrived: 0 }, bytes, errorOf);

  expect(taps).toEqual([[{ a: 1 }, { a: 2 }], [], ["x"]]);
});

test("the stamps of the worker are times on the clock of Node", () => {
  const now = performance.now();
  const at = (ms: number): number => now - 100 + ms;
  const node = { asked: at(0), encoded: at(1), sent: at(2), arrived: at(90) };

  const times = timesOf([at(-50), at(10), at(11), at(40), at(50), at(80), at(81)].map(stamp), node);

  const expected = [0, 1, 2, 10, 11, 11, 40, 50, 80, 81, 90].map(at);
  for (const [index, time] of expected.entries()) expect(inOrder(times)[index]).toBeCloseTo(time, 0);
});

test("a batch that waits for others has begun when the worker was free", () => {
  const now = performance.now();
  const node = { asked: now - 100, encoded: now - 99, sent: now - 98, arrived: now };

  const { begun } = timesOf([now - 60, now - 50, now - 49, now - 10, now - 9].map(stamp), node);

  expect(begun).toBeCloseTo(now - 60, 0);
});

test("no time is before the one that it follows, or after the answer was read, whatever the clocks say", () => {
  const offset = fc.double({ min: -500, max: 500, noNaN: true });
  const stamps = fc
    .integer({ min: 1, max: 4 })
    .chain((steps) => fc.array(offset, { minLength: 3 + 2 * steps, maxLength: 3 + 2 * steps }));
  const node = fc.tuple(offset, offset, offset);
  fc.assert(
    fc.property(stamps, node, (offsets, [encoded, sent, arrived]) => {
      const asked = performance.now() - 600;
      const times = timesOf(
        offsets.map((ms) => stamp(asked + ms)),
        { asked, encoded: asked + encoded, sent: asked + sent, arrived: asked + arrived },
      );
      const all = inOrder(times);
      expect(all).toEqual([...all].sort((one, other) => one - other));
      expect(all).toHaveLength(offsets.length + 5);
      expect(all.at(-1)).toBeLessThanOrEqual(performance.now());
      expect(all[0]).toBe(asked);
    }),
  );
});

test("a table that is none is refused", () => {
  const body: RowsBody = [[2, ["a"], [[1]]], [0, 0, 0, 0, 0], [], []];

  expect(() => batchReply(body, { asked: 0, encoded: 0, sent: 0, arrived: 0 }, bytes, errorOf)).toThrow(
    RangeError,
  );
});
