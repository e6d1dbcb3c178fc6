import { pipe, routeTo } from "slither-ts";
import { describe, expect, test } from "vitest";
import type { PipePlan } from "../../src/plan/plan.js";
import { decides, directionsOf, END, onward, sendsOf, sent, startsBranch } from "../../src/plan/topology.js";

const same = (n: number): number => n;

/** Routes with two branches, one of them with a branch of its own, and a merge. */
const { plan } = pipe<number>("p")
  .node("first", same)
  .route("size", [
    ["low", (n) => n < 3],
    ["high", (n) => n > 6],
  ])
  .branch("low", (low) =>
    low
      .node("low_first", same)
      .route("parity", [["even", (n) => n % 2 === 0]])
      .branch("even", (even) => even.node("even_only", same))
      .merge("low_merge")
      .node("low_last", same),
  )
  .branch("high", (high) => high.node("high_only", same))
  .merge("all")
  .node("last", same);

/** The name of the stage at a place, or `end`. */
function nameAt({ stages }: PipePlan, place: number): string | undefined {
  return place === END ? "end" : stages[place]?.name;
}

function indexOf({ stages }: PipePlan, name: string): number {
  return stages.findIndex((stage) => stage.name === name);
}

const goesOn = (of: PipePlan, name: string) => nameAt(of, onward(of, indexOf(of, name)));
const goesTo = (of: PipePlan, name: string, output: string) =>
  nameAt(of, sent(of, indexOf(of, name), output));

describe("a record that has finished a stage", () => {
  test.each([
    ["first", "size"],
    ["size", "all"],
    ["low_first", "parity"],
    ["parity", "low_merge"],
    ["even_only", "low_merge"],
    ["low_merge", "low_last"],
    ["low_last", "all"],
    ["high_only", "all"],
    ["all", "last"],
    ["last", "end"],
  ])("of %s goes to %s", (stage, next) => {
    expect(goesOn(plan, stage)).toBe(next);
  });
});

describe("a record that is sent to an output", () => {
  test.each([
    ["size", "low", "low_first"],
    ["size", "high", "high_only"],
    ["low_first", "high", "low_merge"],
    ["low_last", "high", "high_only"],
    ["parity", "even", "even_only"],
    ["first", "even", "all"],
    ["first", "odd", "all"],
    ["low_first", "odd", "low_merge"],
    ["low_last", "odd", "all"],
    ["first", "default", "all"],
    ["low_first", "default", "low_merge"],
    ["low_last", "default", "all"],
    ["last", "low", "end"],
    ["last", "default", "end"],
  ])("from %s to %s goes to %s", (stage, output, next) => {
    expect(goesTo(plan, stage, output)).toBe(next);
  });
});

test("a merge of some outputs leaves the others to the end", () => {
  const { plan: some } = pipe<number>("p")
    .node("first", (n) => (n > 1 ? routeTo("other") : n))
    .route("size", [["low", () => true]])
    .merge("merge", ["low"]);
  expect(goesTo(some, "size", "low")).toBe("merge");
  expect(goesTo(some, "first", "other")).toBe("end");
});

test("a merge of all leaves what a policy that comes behind it sends elsewhere", () => {
  const { plan: late } = pipe<number>("p")
    .node("first", same)
    .route("size", [["low", () => true]])
    .merge("merge")
    .onError("first", routeTo("failed"));
  expect(goesTo(late, "first", "failed")).toBe("end");
  expect(late.outputs).toEqual(["failed"]);
});

test("what is sent to the output of a branch by its name is not on the branch's line: only a merge of that name takes it up", () => {
  const { plan: named } = pipe<number>("p")
    .route("size", [["low", () => true]])
    .branch("low", (low) =>
      low
        .route("again", [
          ["low", (n) => n === 1],
          ["even", (n) => n % 2 === 0],
        ])
        .merge("inside", ["even"]),
    )
    .merge("all");
  expect(goesTo(named, "again", "low")).toBe("all");
  expect(goesTo(named, "again", "default")).toBe("inside");
});

test("a stage is known to send where its routes and its policy say, a merge nowhere", () => {
  const { plan: sending } = pipe<number>("p")
    .onError("*", routeTo("failed"))
    .node("first", same)
    .route("size", [
      ["low", () => true],
      ["default", () => true],
    ])
    .merge("merge");
  expect(sending.stages.map((_, index) => sendsOf(sending, index))).toEqual([
    ["failed"],
    ["low", "failed"],
    [],
  ]);
});

test("functions decide: those of node stages, and policies", () => {
  const { plan: deciding } = pipe<number>("p")
    .node("node", same)
    .python<number>("plain", { module: "m", function: "f" })
    .python<number>("judged", { module: "m", function: "f" })
    .onError("judged", () => "reject")
    .route("size", [["low", () => true]])
    .merge("merge");
  expect(deciding.stages.map((_, index) => decides(deciding, index))).toEqual([
    true,
    false,
    true,
    false,
    false,
  ]);
});

test("the first stage of a branch starts it, a merge does not", () => {
  expect(plan.stages.filter(startsBranch).map(({ name }) => name)).toEqual([
    "low_first",
    "even_only",
    "high_only",
  ]);
});

test("the directions of a stage are those of the plan; the last stage has the outputs right behind it", () => {
  const index = indexOf(plan, "low_first");
  const directions = directionsOf(plan, index);
  expect({ ...directions, to: directions.to("high") }).toEqual({
    line: "low",
    next: index + 1,
    onward: onward(plan, index),
    to: sent(plan, index, "high"),
  });
  expect(directionsOf(plan, plan.stages.length - 1)).toMatchObject({
    line: "default",
    next: END,
    onward: END,
  });
});
