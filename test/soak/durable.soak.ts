import { setTimeout as delay } from "node:timers/promises";
import { store, table } from "slither-ts";
import { durable } from "slither-ts/durable";
import { expect, test } from "vitest";
import { runScript } from "../helpers/node-script.js";
import { temporaryFolder } from "../helpers/temporary.js";
import { expectKept, readNumbers, writeAndKill } from "../stores/durable/killed.js";
import { loadAndKill, loadedRound } from "../stores/durable/loaded.js";
import { printedRandom } from "./random.js";

const ROUNDS = 40;
/** More numbers than a process writes before it is killed. */
const STRIDE = 1_000_000;

test("whenever a process is killed, what it was told is kept is there, and no transaction by half", async () => {
  const random = printedRandom();
  const path = temporaryFolder();
  let before = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const killed = await writeAndKill(path, round * STRIDE, random.below(2_000));
    const kept = await readNumbers(path);
    expectKept(kept, killed);
    // The process of this round has changed nothing of what those before it had written.
    const earlier = [...kept.one].filter((number) => number < round * STRIDE).length;
    expect(earlier).toBe(before);
    before = kept.one.size;
  }
});

test("a commit of thousands of entries is there as a whole or not at all, whenever its process is killed", async () => {
  const random = printedRandom();
  const path = temporaryFolder();
  let last = 0;
  for (let round = 0; round < ROUNDS / 2; round += 1) {
    const { child, firstLine, lines, ended } = runScript("durable-large-writer", [path, String(last + 1)]);
    await firstLine;
    // A commit takes some milliseconds: at any point of it.
    await delay(random.below(50));
    child.kill("SIGKILL");
    await ended;
    const acknowledged = Number((await lines).at(-1));
    await using opened = store("rounds", { rounds: table<number, number>() }, { backend: durable({ path }) });
    const values = new Set(Array.from(opened.rounds, ([, value]) => value));
    expect(opened.rounds.size).toBe(5_000);
    expect(values.size).toBe(1);
    [last = 0] = [...values];
    expect(last - acknowledged).toBeOneOf([0, 1]);
  }
});

test("a load is kept as a whole or not at all, whenever its process is killed", async () => {
  const random = printedRandom();
  const path = temporaryFolder();
  let first = 0;
  let begunOnly = 0;
  for (let round = 0; round < ROUNDS / 2; round += 1) {
    const { kept, begun } = await loadAndKill(path, first, 2 + random.below(4), random.below(30));
    const found = await loadedRound(path);
    expect(found).toBeGreaterThanOrEqual(kept);
    expect(found).toBeLessThanOrEqual(begun);
    if (found < begun) begunOnly += 1;
    first = found + 1;
  }
  // Some were killed before their commit was done, or this has tried nothing.
  expect(begunOnly).toBeGreaterThan(0);
});
