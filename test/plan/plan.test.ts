import { pipe } from "slither-ts";
import { expect, test } from "vitest";
import { outputsOf, policyOf } from "../../src/plan/plan.js";

const two = pipe<number>("two")
  .node("first", (n) => n)
  .node("second", (n) => n);

test("a stage without a policy halts", () => {
  expect(policyOf(two.plan, "first")).toBe("halt");
});

test("`*` is the policy of every stage that has none of its own", () => {
  const { plan } = two.onError("first", "halt").onError("*", "reject");
  expect([policyOf(plan, "first"), policyOf(plan, "second")]).toEqual(["halt", "reject"]);
});

test("`*` holds for stages that are declared after it, too", () => {
  const { plan } = two.onError("*", "reject").node("third", (n) => n);
  expect(policyOf(plan, "third")).toBe("reject");
});

test("the last policy that a stage was given is its policy", () => {
  const { plan } = two.onError("first", "reject").onError("first", "halt");
  expect(policyOf(plan, "first")).toBe("halt");
});

test.each(["toString", "constructor", "valueOf", "__proto__"])(
  "a stage called %s has a policy like any other",
  (name) => {
    const named = pipe<number>("odd").node(name, (n) => n);
    expect(policyOf(named.plan, name)).toBe("halt");
    expect(policyOf(named.onError("*", "reject").plan, name)).toBe("reject");
    expect(policyOf(named.onError(name, "reject").plan, name)).toBe("reject");
  },
);

test("the outputs are those of the route stage, each once, and `default` last", () => {
  const routed = two.route("split", [
    ["high", (n) => n > 5],
    ["low", (n) => n < 1],
    ["high", (n) => n === 3],
  ]);
  expect(outputsOf(routed.plan)).toEqual(["high", "low", "default"]);
});

test("a pipe without routes has the output `default` alone", () => {
  expect(outputsOf(two.plan)).toEqual(["default"]);
});

test("a route may be called `default` by its own name", () => {
  expect(outputsOf(two.route("split", [["default", () => true]]).plan)).toEqual(["default"]);
});
