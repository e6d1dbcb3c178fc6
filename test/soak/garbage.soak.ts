import { expect, test } from "vitest";
import { runScript } from "../helpers/node-script.js";

const RECORDS = 500_000;
/** As V8 writes it: megabytes before and after. */
const SCAVENGE = /Scavenge ([\d.]+) \([\d.]+\) -> ([\d.]+) /;

test("batches that are done are collected young: nothing that lives longer refers to them", async () => {
  const { lines, ended } = runScript("many-batches", [String(RECORDS)]);
  expect(await ended).toBe(0);
  const grown: number[] = [];
  let before: number | undefined;
  for (const line of await lines) {
    const scavenge = SCAVENGE.exec(line);
    // A major collection takes out what had been kept.
    if (scavenge === null && line.includes("Mark-Compact")) before = undefined;
    if (scavenge === null) continue;
    const after = Number(scavenge[2]);
    if (before !== undefined) grown.push(after - before);
    before = after;
  }
  expect(grown.length).toBeGreaterThan(20);
  // Of about 15 that each collection looks through. It was 2.9 when every batch was kept until the next major one.
  const mean = grown.reduce((sum, one) => sum + one, 0) / grown.length;
  expect(mean).toBeLessThan(1.2);
});
