import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { runScript } from "../helpers/node-script.js";

const RECORDS = 300_000;
const BATCHES = RECORDS / 100;

/** A hidden class that V8 has made for one object alone: it goes from one that cannot remember where it went. */
const OF_ONE_OBJECT = /^map,Transition,.*,prototype,/gm;

test("objects that every batch has are of the same hidden classes each time", async () => {
  const folder = await mkdtemp(join(tmpdir(), "slither-soak-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const log = join(folder, "v8.log");
  const flags = ["--log-maps", "--no-logfile-per-isolate", `--logfile=${log}`];
  const { ended } = runScript("many-batches", [String(RECORDS)], undefined, flags);
  expect(await ended).toBe(0);
  const made = (await readFile(log, "utf8")).match(OF_ONE_OBJECT)?.length ?? 0;
  // The code that is loaded makes some hundreds. With one object literal that begins with a spread, Node 20 makes one more for each batch.
  expect(made).toBeLessThan(BATCHES / 2);
});
