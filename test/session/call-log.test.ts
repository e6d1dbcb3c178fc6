import { expect, test } from "vitest";
import { CallLog } from "../../src/session/call-log.js";

function logOf(...calls: string[]): CallLog {
  const log = new CallLog();
  for (const call of calls) log.add(call);
  return log;
}

test("a call log names its calls in order", () => {
  expect(logOf("m.a", "m.b", "m.a").calls).toEqual(["m.a", "m.b", "m.a"]);
});

test("a call log keeps the last 1,000 names, and counts all", () => {
  const log = logOf(...Array.from({ length: 2_500 }, (_, index) => `m.f${index}`));

  expect(log.count).toBe(2_500);
  expect(log.calls).toHaveLength(1_000);
  expect(log.calls[0]).toBe("m.f1500");
});

test("a call log that was cleared is empty", () => {
  const log = logOf("m.a");

  log.clear();

  expect([log.count, log.calls]).toEqual([0, []]);
});

test("a copy of a call log has a future of its own", () => {
  const log = logOf("m.a");
  const copy = log.copy();

  log.add("m.b");
  copy.add("m.c");

  expect([log.calls, copy.calls]).toEqual([
    ["m.a", "m.b"],
    ["m.a", "m.c"],
  ]);
});

test("one call log after another names and counts the calls of both, and changes neither", () => {
  const [earlier, later] = [logOf("m.a"), logOf("m.b")];

  const both = earlier.followedBy(later);

  expect([both.calls, both.count]).toEqual([["m.a", "m.b"], 2]);
  expect([earlier.count, later.count]).toEqual([1, 1]);
});

test("one long call log after another keeps the last 1,000 names", () => {
  const names = (letter: string): string[] => Array.from({ length: 900 }, (_, index) => `${letter}${index}`);

  const both = logOf(...names("a")).followedBy(logOf(...names("b")));

  expect(both.count).toBe(1_800);
  expect([both.calls.length, both.calls[0], both.calls.at(-1)]).toEqual([1_000, "a800", "b899"]);
});
