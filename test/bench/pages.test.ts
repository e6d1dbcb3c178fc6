import { describe, expect, test } from "vitest";
import { kept } from "../../bench/kept.js";
import { benchmarksPage } from "../../bench/pages/markdown.js";
import { readmeBlock, withBlock } from "../../bench/pages/readme.js";
import { pagesOf } from "../../bench/pages/write.js";
import { page } from "../docs/pages.js";
import { CONDITIONS, ratio, results } from "./results.js";

describe("what shows the results is what `npm run bench -- pages` makes of bench/results.json", () => {
  const pages = pagesOf(kept(), page("README.md").text);
  test.each(Object.keys(pages))("%s", (path) => {
    expect(page(path).text).toBe(pages[path]);
  });
});

const scoring = { name: "1 session, batch 100", figures: { limit: 150, pipe: 75 }, ratio: ratio(0.5, 0.1) };

test("the page says of each floor whether it is met, not met, or not measured", () => {
  const text = benchmarksPage(
    results({ scoring: [scoring], memory: [{ name: "Python", figures: { growth: 0 } }] }),
  );
  expect(text).toContain(
    "| scoring: 1 session, batch 100 | at least 0.6 of the limit | 0.50 | **not met** |",
  );
  expect(text).toContain("| memory: Python | at most 60 MB more at the end | 0 | met |");
  expect(text).toContain(
    "| call: session.call, on one core | at most 1.7 times a raw echo | | not measured |",
  );
});

test("the page has the figures of each row and the spread of its ratio", () => {
  expect(benchmarksPage(results({ scoring: [scoring] }))).toContain(
    "| 1 session, batch 100 | 150 | 75 | 0.50 (0.45 to 0.55) |",
  );
});

test("the page names the machine once for groups that were measured on the same", () => {
  const text = benchmarksPage(results({ scoring: [scoring], call: [] }));
  expect(text).toContain(
    "scoring, call: 2 cores of Some CPU, 8 GB of memory, Linux 6.0; slither-ts 0.1.0, Node 20.0.0, Python 3.11.0.",
  );
});

test("the page tells which groups were measured in a short run", () => {
  const group = { conditions: { ...CONDITIONS, quick: true }, tables: [] };
  expect(benchmarksPage({ call: group })).toContain("Measured 2026-01-02, in a short run");
});

test("the README has a line for each highlight that was measured", () => {
  expect(readmeBlock(results({ scoring: [scoring] }))).toContain(
    "| scoring, one session, batches of 100 | 75,000 records/s | 150,000, the limit | 0.50 (0.45 to 0.55) |",
  );
});

test("the README is the same outside of its markers", () => {
  const before = "a\n<!-- performance -->\nold\n<!-- /performance -->\nb\n";
  expect(withBlock(before, "new")).toBe("a\n<!-- performance -->\n\nnew\n\n<!-- /performance -->\nb\n");
});

test("a README without the markers is refused", () => {
  expect(() => withBlock("a\n", "new")).toThrow(/expected README.md to have <!-- performance -->/);
});
