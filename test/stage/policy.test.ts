// biome-ignore-all lint/suspicious/noThenProperty: `then` is an option of retry().
import { expect, test } from "vitest";
import { OptionsError } from "../../src/errors/options.js";
import { isPolicy, Retry, reject, retry, routeOfPolicy } from "../../src/stage/policy.js";
import { filter, many, routeTo } from "../../src/stage/results.js";

/** What a call that nothing types is refused with. */
function refusal(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    expect(error).toBeInstanceOf(OptionsError);
    return (error as Error).message;
  }
  return expect.fail("it was taken");
}

test("retry has defaults for everything", () => {
  expect({ ...retry() }).toEqual({
    attempts: 3,
    backoffMs: 200,
    maxBackoffMs: 30_000,
    jitter: true,
    on: [],
    final: "halt",
  });
});

const untyped = { retry, reject, routeTo, filter, many } as unknown as Record<
  "retry" | "reject" | "routeTo" | "filter" | "many",
  (argument?: unknown) => unknown
>;

test.each<[string, () => unknown, string]>([
  ["no attempts", () => untyped.retry({ attempts: 0 }), "retry(): expected `attempts` to be"],
  ["a wait that is none", () => untyped.retry({ backoff: "soon" }), "retry(): expected `backoff` to be"],
  ["an option that does not exist", () => untyped.retry({ atempts: 3 }), "did you mean `attempts`?"],
  ["`on` that is no list", () => untyped.retry({ on: "OSError" }), "an array of classes of errors and names"],
  [
    "`on` with what is neither",
    () => untyped.retry({ on: [1] }),
    "a class of errors, or the name of a Python",
  ],
  ["`on` with a class of no errors", () => untyped.retry({ on: [Map] }), "a class of errors, or the name"],
  [
    "`then` that tries again",
    () => untyped.retry({ then: retry() }),
    '"halt", "reject", reject({ max }) or routeTo',
  ],
  [
    "`then` that decides by itself",
    () => untyped.retry({ then: () => "halt" }),
    '"halt", "reject", reject({',
  ],
  ["no reason", () => untyped.reject(""), "reject(): expected the reason as text that is not empty"],
  [
    "a bound below 0",
    () => untyped.reject({ max: -1 }),
    "reject(): expected `max` to be a whole number from 0",
  ],
  [
    "a broken bound",
    () => untyped.reject({ max: 1.5 }),
    "reject(): expected `max` to be a whole number from 0",
  ],
  ["nothing to reject by", () => untyped.reject(), "reject():"],
  [
    "an output without a name",
    () => untyped.routeTo(""),
    "routeTo(): expected the name of an output as text",
  ],
  [
    "an output that is no text",
    () => untyped.routeTo(3),
    "routeTo(): expected the name of an output as text",
  ],
  ["a filter without a reason", () => untyped.filter(), "filter(): expected the reason as text"],
  ["several of what is no array", () => untyped.many("abc"), "many(): expected an array of payloads, got"],
])("refused by name: %s", (_, call, message) => {
  expect(refusal(call)).toContain(message);
});

test("what a policy sends to an output it always does, its `then` included", () => {
  expect(routeOfPolicy(routeTo("late"))).toBe("late");
  expect(routeOfPolicy(retry({ then: routeTo("late") }))).toBe("late");
  for (const policy of ["halt", "reject", reject({ max: 1 }), retry(), () => routeTo("late")] as const)
    expect(routeOfPolicy(policy)).toBeUndefined();
});

test("a policy is one of the words, what the functions make, or a function", () => {
  for (const policy of ["halt", "reject", reject({ max: 1 }), retry(), routeTo("a"), () => "halt"])
    expect(isPolicy(policy)).toBe(true);
  for (const other of ["retry", "ignore", undefined, null, {}, reject("why"), filter("why"), { attempts: 3 }])
    expect(isPolicy(other)).toBe(false);
});

test("`on` may have classes of errors and names beside each other", () => {
  class OwnError extends TypeError {}
  expect(retry({ on: ["OSError", OwnError, Error] })).toBeInstanceOf(Retry);
});
