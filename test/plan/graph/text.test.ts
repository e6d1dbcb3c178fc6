// biome-ignore-all lint/suspicious/noThenProperty: `then` is an option of retry().
import { graphText, pipe, retry, routeTo } from "slither-ts";
import { expect, test } from "vitest";
import { z } from "zod";
import { durationInWords } from "../../../src/plan/graph/words.js";
import { deciding, failing, merged, nested, straight } from "./pipes.js";

/** The lines of a picture, without the indentation that they have here. */
function drawn(text: string): string {
  const lines = text.split("\n").slice(1, -1);
  const indent = (lines[0] as string).search(/\S/);
  return lines.map((line) => line.slice(indent)).join("\n");
}

test("stages that follow each other stand below each other", () => {
  expect(graphText(straight.graph())).toBe(
    drawn(`
      straight
        input
        enrich  node
        score   python  scores.all, batches of 100
        └─ default → output
    `),
  );
});

test("a tap stands in its place, with what happens to what it fails for", () => {
  const made = pipe<number>("p")
    .tap("log", () => {})
    .tap("count", () => {}, { when: () => true })
    .onError("count", "reject");
  expect(graphText(made.graph())).toBe(
    drawn(`
      p
        input
        log    tap
        count  tap     on error: reject
        └─ default → output
    `),
  );
});

test("a branch stands under the stage that sends records there", () => {
  expect(graphText(nested.graph())).toBe(
    drawn(`
      nested
        input
        split       route
        ├─ high → output
        ├─ low
        │  explain  node
        │  again    route
        │  ├─ deep
        │  │  dig   node
        │  │  └─ deep → output
        │  └─ low → output
        └─ default → output
    `),
  );
});

test("an arrow says where lines join", () => {
  expect(graphText(merged.graph())).toBe(
    drawn(`
      merged
        input
        split       route
        ├─ high
        │  praise   node
        │  └─ → all
        ├─ low
        │  explain  node
        │  └─ → all
        all         merge
        write       node
        └─ default → output
    `),
  );
});

test("a branch to which several stages send what failed is there once", () => {
  expect(graphText(failing.graph())).toBe(
    drawn(`
      failing
        input
        check     node    on error: route to fallback
        ├─ failed: fallback
        │  guess  node    on error: route to fallback
        │  ├─ failed: fallback → all
        │  └─ → all
        predict   python  models.predict, batches of 250, on error: route to fallback
        ├─ failed: fallback → guess
        all       merge
        └─ default → output
    `),
  );
});

test("what a function decides is said so", () => {
  expect(graphText(deciding.graph())).toBe(
    drawn(`
      deciding
        input
        sort     node
        ├─ decided: slow
        │  wait  node
        │  └─ slow → output
        └─ default → output
    `),
  );
});

test("what does not fit into 80 columns goes on in the next line", () => {
  const made = pipe<number>("long")
    .node("ask", (n) => n, {
      concurrency: 4,
      ordering: "as-completed",
      input: z.number(),
      output: z.number(),
    })
    .python("a_stage_with_a_name", {
      module: "package.module",
      function: "a_function_with_a_name",
      each: true,
      rateLimit: { limit: 5, per: "1s" },
    })
    .python("last", { module: "m", function: "f", stateful: true })
    .onError("a_stage_with_a_name", retry({ then: routeTo("later") }));
  expect(graphText(made.graph())).toBe(
    drawn(`
      long
        input
        ask                  node    4 at once, order: as-completed,
                                     checks input and output
        a_stage_with_a_name  python  package.module.a_function_with_a_name,
                                     one by one, batches of 250, at most 5 per 1 s,
                                     on error: retry 3x then route to later
        ├─ failed: later → output
        last                 python  m.f, batches of 250, stateful
        └─ default → output
    `),
  );
});

test("a part to which nothing leads stands by itself", () => {
  const { name, nodes, edges } = straight.graph();
  const cut = edges.filter(({ to }) => to !== "stage:score");
  expect(graphText({ name, nodes, edges: cut })).toBe(
    drawn(`
      straight
        input
        enrich  node

        score   python  scores.all, batches of 100
        └─ default → output
    `),
  );
});

test.each([
  [200, "200 ms"],
  [1_234, "1234 ms"],
  [2_500, "2.5 s"],
  [90_000, "1.5 min"],
  [100_000, "100 s"],
  [300_000, "5 min"],
  [7_200_000, "2 h"],
  [86_400_000, "1 d"],
  [129_600_000, "1.5 d"],
])("%d ms are %s", (milliseconds, words) => {
  expect(durationInWords(milliseconds)).toBe(words);
});
