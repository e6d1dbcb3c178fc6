import { inspect } from "node:util";
import { explainText, pipe, weighted } from "slither-ts";
import { describe, expect, test } from "vitest";
import { scoring } from "./pipes.js";

/** The lines of a text, without the indentation that they have here. */
function drawn(text: string): string {
  const lines = text.split("\n").slice(1, -1);
  const indent = (lines[0] as string).search(/\S/);
  return lines.map((line) => line.slice(indent)).join("\n");
}

const SCORING = drawn(`
  scoring: 1 trip to Python
    enrich       node    one by one, on error: reject
    ┌ to Python          batches of 100, 3 in flight for each process, 4 in all,
    │                    holds up to 64 MB, order: preserve
    │ featurize  python  scorer.featurize, timeout 30 s, on error: reject
    │ remember   tap     sees what \`when\` picks, called when the trip is over,
    │                    on error: reject
    │ predict    python  scorer.predict, one by one, timeout 5 min,
    │                    on error: reject
    └ to Node            results of featurize for remember, results of predict
    write        node    one by one, on error: reject
`);

test("the stages of a trip stand in a bracket, which says what crosses the border", () => {
  expect(explainText(scoring.explain())).toBe(SCORING);
});

describe("it is what is seen of the data", () => {
  test("as text", () => {
    expect(String(scoring.explain())).toBe(SCORING);
  });

  test("when it is printed, also inside of something else", () => {
    expect(inspect(scoring.explain())).toBe(SCORING);
    expect(inspect({ plan: pipe("p").explain() })).toBe("{ plan: p: everything in Node }");
  });

  test("but nothing of that is in it", () => {
    expect(Object.keys(scoring.explain())).toEqual(["name", "trips", "operators"]);
  });
});

test("data that went through JSON has the same text", () => {
  expect(explainText(JSON.parse(JSON.stringify(scoring.explain())))).toBe(SCORING);
});

test("of every trip but the first it says why it is one of its own", () => {
  const made = pipe<number>("apart")
    .python<number>("one", {
      module: "m",
      function: "f",
      stateful: true,
      buffer: { rows: 500, bytes: "100KB" },
    })
    .tap("look", () => {})
    .python<number>("two", {
      module: "m",
      function: "g",
      timeout: "1500ms",
      batch: weighted({ maxWeight: 5, weight: () => 1 }),
      rateLimit: { limit: 2, per: "1s", key: String },
    })
    .route("split", [["low", (n) => n < 1]])
    .branch("low", (low) => low.node("ask", Number, { concurrency: 8, ordering: "as-completed" }));
  expect(explainText(made.explain())).toBe(
    drawn(`
      apart: 2 trips to Python
        ┌ to Python          batches of 250, 2 in flight for each process,
        │                    holds up to 500 records or 100 KB, order: preserve
        │ one        python  m.f, stateful, timeout 5 min
        └ to Node            results of one
        look         tap     sees all
        ┌ to Python          weighted batches (maxWeight 5),
        │                    2 in flight for each process, holds up to 64 MB,
        │                    order: preserve, at most 2 per 1 s for each key,
        │                    not one trip with one: one is stateful, and its batches are sent once
        │ two        python  m.g, timeout 1.5 s
        └ to Node            results of two
        split        route
        ask          node    of output low, 8 at once, holds up to 64 MB,
                             order: as-completed
    `),
  );
});

test("trips in branches are counted by themselves", () => {
  const python = { module: "m", function: "f" };
  const made = pipe<number>("p")
    .route("split", [["low", (n) => n < 1]])
    .branch("low", (low) => low.python("second", python));
  expect(String(made.explain())).toMatch(/^p: 0 trips to Python, and 1 more in branches\n/);
});

test("a function of columns is said to be one", () => {
  const made = pipe<{ n: number }>("p").python("score", { module: "m", function: "f", columns: true });
  expect(String(made.explain())).toContain("python  m.f, in columns, timeout 5 min\n");
});

test("no name breaks a line", () => {
  const made = pipe("a\nb").python("c\u2028d", { module: "e\rf", function: "g\u001bh" });
  expect(explainText(made.explain())).toMatch(/^[^\p{Cc}\p{Zl}\p{Zp}]*(?:\n {2}[^\p{Cc}\p{Zl}\p{Zp}]*)+$/u);
});
