// biome-ignore-all lint/suspicious/noThenProperty: `then` is an option of retry().
import { pipe, reject, retry, routeTo } from "slither-ts";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { fixed } from "../../../src/stage/batching.js";
import { deciding, failing, merged, nested, straight } from "./pipes.js";

/** `from -kind output-> to` for each edge. */
function edgesOf(made: typeof straight | object): string[] {
  const { edges } = (made as typeof straight).graph();
  return edges.map(({ from, to, output, kind }) => `${from} -${kind} ${output}-> ${to}`);
}

/** The node of a stage. */
function nodeOf(made: object, stage: string): object | undefined {
  return (made as typeof straight).graph().nodes.find(({ id }) => id === `stage:${stage}`);
}

const same = (n: number): number => n;

describe("the ways that records may take", () => {
  test("through a pipe without stages: from the input to the output", () => {
    expect(pipe("nothing").graph()).toStrictEqual({
      name: "nothing",
      nodes: [
        { id: "input", kind: "input", name: "input" },
        { id: "output:default", kind: "output", name: "default" },
      ],
      edges: [{ from: "input", to: "output:default", output: "default", kind: "flow" }],
    });
  });

  test("through a straight pipe: from stage to stage", () => {
    expect(edgesOf(straight)).toEqual([
      "input -flow default-> stage:enrich",
      "stage:enrich -flow default-> stage:score",
      "stage:score -flow default-> output:default",
    ]);
  });

  test("through routes and branches within branches: each branch ends at its own output", () => {
    expect(edgesOf(nested)).toEqual([
      "input -flow default-> stage:split",
      "stage:split -flow default-> output:default",
      "stage:split -route high-> output:high",
      "stage:split -route low-> stage:explain",
      "stage:explain -flow low-> stage:again",
      "stage:again -flow low-> output:low",
      "stage:again -route deep-> stage:dig",
      "stage:dig -flow deep-> output:deep",
    ]);
  });

  test("through a merge: the outputs come together, and are outputs no longer", () => {
    expect(edgesOf(merged)).toEqual([
      "input -flow default-> stage:split",
      "stage:split -flow default-> stage:all",
      "stage:split -route high-> stage:praise",
      "stage:split -route low-> stage:explain",
      "stage:praise -flow high-> stage:all",
      "stage:explain -flow low-> stage:all",
      "stage:all -flow default-> stage:write",
      "stage:write -flow default-> output:default",
    ]);
    const outputs = merged.graph().nodes.filter(({ kind }) => kind === "output");
    expect(outputs.map(({ name }) => name)).toEqual(["default"]);
  });

  test("by routeTo policies: into the branch of that output, and from the stages in it past the rest of it", () => {
    expect(edgesOf(failing).filter((edge) => edge.includes("-failure"))).toEqual([
      "stage:check -failure fallback-> stage:guess",
      "stage:predict -failure fallback-> stage:guess",
      "stage:guess -failure fallback-> stage:all",
    ]);
  });

  test("by the routeTo that a retry ends in", () => {
    const made = pipe<number>("retried")
      .node("ask", same)
      .onError("ask", retry({ then: routeTo("later") }));
    expect(edgesOf(made)).toContain("stage:ask -failure later-> output:later");
  });

  test("by a routeTo in a function, where a branch waits for what it sends", () => {
    expect(edgesOf(deciding)).toContain("stage:sort -decision slow-> stage:wait");
  });

  test("into the stages of another pipe, by the names that they have here", () => {
    const made = pipe<number>("outer").node("first", same).via(merged, { as: "inner" });
    const names = made.graph().nodes.map(({ name }) => name);
    expect(names).toEqual([
      "input",
      "first",
      ...["inner.split", "inner.praise", "inner.explain", "inner.all", "inner.write"],
      "default",
    ]);
    expect(edgesOf(made)).toContain("stage:inner.split -route low-> stage:inner.explain");
  });

  test("a stage may be called as an output, or `input`", () => {
    const made = pipe<number>("same").node("input", same).node("default", same);
    expect(edgesOf(made)).toEqual([
      "input -flow default-> stage:input",
      "stage:input -flow default-> stage:default",
      "stage:default -flow default-> output:default",
    ]);
  });
});

describe("what is told of a stage", () => {
  test("of a node stage", () => {
    expect(nodeOf(straight, "enrich")).toStrictEqual({
      id: "stage:enrich",
      kind: "node",
      name: "enrich",
      policy: "halt",
      schemas: { input: false, output: false },
      concurrency: 1,
    });
  });

  test("of a python stage", () => {
    expect(nodeOf(straight, "score")).toStrictEqual({
      id: "stage:score",
      kind: "python",
      name: "score",
      policy: "halt",
      schemas: { input: false, output: false },
      module: "scores",
      function: "all",
      each: false,
      batching: { name: "fixed", settings: { size: 100 } },
      stateful: false,
      timeoutMs: 300_000,
    });
  });

  test("of a route stage and a merge", () => {
    expect([nodeOf(merged, "split"), nodeOf(merged, "all")]).toStrictEqual([
      { id: "stage:split", kind: "route", name: "split", policy: "halt" },
      { id: "stage:all", kind: "merge", name: "all" },
    ]);
  });

  test("order, where it is not that of the pipe, rate limit, schemas, concurrency", () => {
    const options = {
      ordering: "as-completed" as const,
      rateLimit: { limit: 5, per: "1s" as const, key: (n: number) => n },
      concurrency: 4,
      output: z.number(),
    };
    const made = (ordering: "preserve" | "as-completed") =>
      nodeOf(pipe<number>("paced", { ordering }).node("ask", same, options), "ask");
    const told = {
      concurrency: 4,
      rateLimit: { limit: 5, intervalMs: 1_000, keyed: true },
      schemas: { input: false, output: true },
    };
    expect(made("preserve")).toMatchObject({ ...told, ordering: "as-completed" });
    expect(made("as-completed")).toMatchObject(told);
    expect(made("as-completed")).not.toHaveProperty("ordering");
  });

  test("settings of batching of one's own that JSON would change are text", () => {
    const batch = {
      name: "mine",
      create: fixed(1).create,
      settings: {
        size: 3,
        isFast: true,
        unit: "rows",
        most: Number.POSITIVE_INFINITY,
        key: same,
        none: undefined,
      },
    };
    const made = pipe<number>("own").python("score", { module: "m", function: "f", batch });
    expect(nodeOf(made, "score")).toMatchObject({
      batching: {
        name: "mine",
        settings: {
          size: 3,
          isFast: true,
          unit: "rows",
          most: "`Infinity` (number)",
          key: "a function `same`",
          none: "`undefined`",
        },
      },
    });
  });

  test.each([
    ["halt", "halt" as const],
    ["reject", "reject" as const],
    ["reject up to 5", reject({ max: 5 })],
    ["route to later", routeTo("later")],
    ["retry 3x then reject", retry({ attempts: 3, then: "reject" })],
    ["retry 2x then route to later", retry({ attempts: 2, then: routeTo("later") })],
    ["function", () => "reject" as const],
  ])("its policy in words: %s", (words, policy) => {
    const made = pipe<number>("policies").node("check", same).onError("check", policy);
    expect(nodeOf(made, "check")).toMatchObject({ policy: words });
  });

  test("a tap has a policy, and nothing else to tell", () => {
    const made = pipe<number>("taps").tap("log", () => {});
    expect(nodeOf(made, "log")).toStrictEqual({ id: "stage:log", kind: "tap", name: "log", policy: "halt" });
  });

  test("in a branch, `default` is the output of the branch", () => {
    const made = nested.branch("high", (high) =>
      high.node("praise", same).onError("praise", routeTo("default")),
    );
    expect(nodeOf(made, "praise")).toMatchObject({ policy: "route to high" });
    expect(edgesOf(made)).toContain("stage:praise -failure high-> output:high");
  });
});
