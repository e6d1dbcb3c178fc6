import { expect, test } from "vitest";
import { referencePages, withTables } from "../../scripts/reference.mjs";
import { ATTRIBUTES } from "../../src/telemetry/attributes.js";
import {
  FORKSERVER_EVENT_TABLE,
  RUN_EVENT_TABLE,
  SESSION_EVENT_TABLE,
} from "../../src/telemetry/event-table.js";
import { METRIC_TABLE } from "../../src/telemetry/metric-table.js";
import { SPAN_TABLE } from "../../src/telemetry/span-table.js";
import { page } from "./pages.js";

const pages = Object.entries(
  referencePages({
    FORKSERVER_EVENT_TABLE,
    SESSION_EVENT_TABLE,
    RUN_EVENT_TABLE,
    ATTRIBUTES,
    SPAN_TABLE,
    METRIC_TABLE,
  }),
);

test.each(pages)(
  "%s has the tables that the sources make (npx tsx scripts/write-reference.mjs)",
  (path, tables) => {
    const { text } = page(path);
    expect(text).toBe(withTables(text, tables));
  },
);

test("a page without the place of a table is refused", () => {
  expect(() => withTables("# Events\n", { metrics: "| a |" })).toThrow("expected <!-- table metrics -->");
});
