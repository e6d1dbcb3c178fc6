import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { withGrace } from "../../src/run/grace.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Work that ends when it is too late for it. */
const stuck = (tooLate: AbortSignal): Promise<void> =>
  new Promise((resolve) => tooLate.addEventListener("abort", () => resolve()));

test("work may take any time as long as somebody waits for the run", async () => {
  let hasEnded = false;
  const unwanted = new AbortController();
  void withGrace(unwanted.signal, stuck).then(() => {
    hasEnded = true;
  });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(hasEnded).toBe(false);
});

test.each([
  ["before it begins", 0],
  ["while it is done", 5_000],
])("it is too late one second after nobody waits any more, which was so %s", async (_, abortAfter) => {
  let hasEnded = false;
  const unwanted = new AbortController();
  if (abortAfter === 0) unwanted.abort();
  const ended = withGrace(unwanted.signal, stuck).then(() => {
    hasEnded = true;
  });
  await vi.advanceTimersByTimeAsync(abortAfter);
  unwanted.abort();
  await vi.advanceTimersByTimeAsync(999);
  expect(hasEnded).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  await ended;
});

test("work that has ended leaves no timer behind, and none is set for it later", async () => {
  const unwanted = new AbortController();
  await withGrace(AbortSignal.abort(), async () => {});
  await withGrace(unwanted.signal, async () => {});
  unwanted.abort();
  expect(vi.getTimerCount()).toBe(0);
});
