import fc from "fast-check";
import { graphMermaid, graphText, type PipeGraph, pipe } from "slither-ts";
import { expect, test } from "vitest";
import { randomPipe } from "./random-pipe.js";

function check(law: (graph: PipeGraph, stages: readonly string[]) => void): void {
  fc.assert(
    fc.property(randomPipe, (made) =>
      law(
        made.graph(),
        made.plan.stages.map(({ name }) => name),
      ),
    ),
    { numRuns: 300 },
  );
}

test("every stage is a node exactly once", () => {
  check(({ nodes }, stages) => {
    const drawn = nodes.filter(({ kind }) => kind !== "input" && kind !== "output");
    expect(drawn.map(({ name }) => name)).toEqual(stages);
    expect(new Set(nodes.map(({ id }) => id)).size).toBe(nodes.length);
  });
});

test("both ends of every edge are nodes", () => {
  check(({ nodes, edges }) => {
    const ids = nodes.map(({ id }) => id);
    expect(edges.flatMap(({ from, to }) => [from, to]).filter((id) => !ids.includes(id))).toEqual([]);
  });
});

test("every node is reached from the input", () => {
  check(({ nodes, edges }) => {
    const reached = new Set(["input"]);
    // What is added while a set is gone through is gone through as well.
    for (const id of reached) for (const { from, to } of edges) if (from === id) reached.add(to);
    expect(nodes.map(({ id }) => id).filter((id) => !reached.has(id))).toEqual([]);
  });
});

test("of every node but the outputs there is one usual way, and of outputs none", () => {
  check(({ nodes, edges }) => {
    for (const { id, kind } of nodes) {
      const ways = edges.filter(({ from }) => from === id);
      expect(ways.filter((edge) => edge.kind === "flow")).toHaveLength(kind === "output" ? 0 : 1);
      if (kind === "output") expect(ways).toEqual([]);
    }
  });
});

test("JSON does not change it", () => {
  check((graph) => {
    expect(JSON.parse(JSON.stringify(graph))).toStrictEqual(graph);
  });
});

test("the text has a line for every stage, and names the output of every way that is not the usual one", () => {
  check((graph, stages) => {
    const lines = graphText(graph)
      .split("\n")
      .map((line) => line.replace(/^[ │├└─]+/, ""));
    for (const name of stages)
      expect(lines.filter((line) => line.startsWith(`${name} `) && !line.includes("→"))).toHaveLength(1);
    const ways = graph.edges.filter(({ kind }) => kind !== "flow").map(({ output }) => output);
    for (const output of ways) expect(lines.some((line) => line.split(" ").includes(output))).toBe(true);
  });
});

test("records take no way that is not an edge", async () => {
  await fc.assert(
    fc.asyncProperty(
      randomPipe,
      fc.array(fc.nat({ max: 1_000 }), { maxLength: 30 }),
      async (made, records) => {
        const { ledger } = await made.run(records).collect();
        const idOf = (stage: string | undefined, otherwise: string): string =>
          stage === undefined ? otherwise : `stage:${stage}`;
        const taken = ledger.edges
          .filter((edge) => edge.records > 0)
          .map(({ from, to, output }) => ({
            from: idOf(from, "input"),
            to: idOf(to, `output:${output}`),
            output,
          }));
        const known = made.graph().edges.map(({ from, to, output }) => ({ from, to, output }));
        expect(known).toEqual(expect.arrayContaining(taken));
      },
    ),
    { numRuns: 100 },
  );
});

const anyName = fc.string({ unit: "binary", minLength: 1 }).filter((name) => name !== "*");

test("no name of a pipe, stage, output or function breaks a line of the text or of Mermaid", () => {
  fc.assert(
    fc.property(anyName, anyName, anyName, (name, output, called) => {
      const made = pipe(name)
        .python(name, { module: called, function: called })
        .route(`${name} 2`, [[output, () => true]]);
      const graph = made.graph();
      const lines = graphMermaid(graph).split(/[\r\n\u2028\u2029]/);
      expect(lines).toHaveLength(1 + graph.nodes.length + graph.edges.length);
      // A quote ends a label, whatever stands in it.
      for (const line of lines.slice(1))
        expect(line.match(/"/g)?.length ?? 0).toBe(/--> n\d/.test(line) ? 0 : 2);
      expect(graphText(graph)).toMatch(/^[^\p{Cc}\p{Zl}\p{Zp}]*(?:\n {2}[^\p{Cc}\p{Zl}\p{Zp}]*)+$/u);
    }),
  );
});
