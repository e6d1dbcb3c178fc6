import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compared } from "../../bench/compare.js";
import { oneRatio, ratio, results } from "./results.js";

const dropped = (kept: ReturnType<typeof ratio>, now: ReturnType<typeof ratio>): boolean | undefined =>
  compared(oneRatio(kept), oneRatio(now))[0]?.dropped;

describe("a ratio for which higher is better", () => {
  test("has dropped when it is worse by more than a tenth and both runs were calm", () => {
    expect(dropped(ratio(0.5, 0.01), ratio(0.44, 0.01))).toBe(true);
  });

  test("has not dropped within a tenth, however calm both runs were", () => {
    expect(dropped(ratio(0.5), ratio(0.46))).toBe(false);
  });

  test("has not dropped when it is better by far", () => {
    expect(dropped(ratio(0.5), ratio(5))).toBe(false);
  });
});

describe("a ratio for which lower is better", () => {
  test("has dropped when it has grown by more than a tenth", () => {
    expect(dropped(ratio(2, 0, "lower"), ratio(2.3, 0, "lower"))).toBe(true);
  });

  test("has not dropped when it has become smaller", () => {
    expect(dropped(ratio(2, 0, "lower"), ratio(0.1, 0, "lower"))).toBe(false);
  });
});

describe("the noise", () => {
  test("is one and a half times the spread of the run that was kept, when that is the wider", () => {
    const [comparison] = compared(oneRatio(ratio(0.5, 0.2)), oneRatio(ratio(0.21, 0.01)));
    expect(comparison).toMatchObject({ dropped: false });
    expect(comparison?.noise).toBeCloseTo(0.3);
  });

  test("is one and a half times the spread of the run now, when that is the wider", () => {
    const [comparison] = compared(oneRatio(ratio(0.5, 0.01)), oneRatio(ratio(0.21, 0.2)));
    expect(comparison).toMatchObject({ dropped: false });
    expect(comparison?.noise).toBeCloseTo(0.3);
  });

  test("does not hide what is worse by more", () => {
    expect(dropped(ratio(0.5, 0.2), ratio(0.19, 0.2))).toBe(true);
  });
});

const anyRatio = fc
  .tuple(fc.double({ min: 0.01, max: 100, noNaN: true }), fc.double({ min: 0, max: 2, noNaN: true }))
  .map(([median, spread]) => ({ median, spread: median * spread }));

test("a ratio has never dropped when it is the kept one, whatever its spread", () => {
  fc.assert(
    fc.property(anyRatio, fc.constantFrom("higher" as const, "lower" as const), (kept, better) => {
      const same = ratio(kept.median, kept.spread, better);
      expect(dropped(same, same)).toBe(false);
    }),
  );
});

test("what is worse than both the noise and a tenth has always dropped, and what is better has not", () => {
  fc.assert(
    fc.property(anyRatio, fc.double({ min: 1.01, max: 10, noNaN: true }), ({ median, spread }, times) => {
      const apart = Math.max(1.5 * spread, 0.1 * median) * times;
      const [low, high] = [ratio(median, spread, "lower"), ratio(median + apart, spread, "lower")];
      expect([dropped(low, high), dropped(high, low)]).toEqual([true, false]);
    }),
  );
});

test("a row that was kept and is measured no longer has dropped", () => {
  const now = results({ scoring: [{ name: "another", figures: {} }] });
  expect(compared(oneRatio(ratio(1)), now)).toMatchObject([{ row: "row", now: undefined, dropped: true }]);
});

test("a row that is new is compared with nothing", () => {
  expect(compared(results({ scoring: [] }), oneRatio(ratio(1)))).toEqual([]);
});

test("groups that were not measured now are left out", () => {
  expect(compared(oneRatio(ratio(1)), results({ call: [] }))).toEqual([]);
});

test("rows without a ratio are left out", () => {
  const kept = results({ scoring: [{ name: "row", figures: { limit: 1 } }] });
  expect(compared(kept, kept)).toEqual([]);
});
