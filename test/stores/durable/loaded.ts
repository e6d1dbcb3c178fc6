import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { store, table } from "slither-ts";
import { durable } from "slither-ts/durable";
import { expect } from "vitest";
import { runScript } from "../../helpers/node-script.js";

const ENTRIES = 3_000;

/** The rounds of loads of a process that was killed: the last that it was told is kept, and the last whose commit had begun. */
export interface KilledLoads {
  readonly kept: number;
  readonly begun: number;
}

/**
 * Lets a process load round after round, and kills it while it commits one.
 *
 * @param rounds how many commits it begins.
 * @param afterMs how long the last of them goes on.
 */
export async function loadAndKill(
  path: string,
  first: number,
  rounds: number,
  afterMs: number,
): Promise<KilledLoads> {
  const { child, ended, lines } = runScript("durable-loader", [path, String(first)]);
  let begun = 0;
  createInterface(child.stdout as NodeJS.ReadableStream).on("line", async (line) => {
    if (line.startsWith("begins")) begun += 1;
    if (begun < rounds) return;
    await delay(afterMs);
    child.kill("SIGKILL");
  });
  expect(await ended).toBe("SIGKILL");
  const said = (await lines).map((line) => line.split(" "));
  const last = (what: string): number =>
    Math.max(first - 1, ...said.filter(([word]) => word === what).map(([, round]) => Number(round)));
  return { kept: last("kept"), begun: last("begins") };
}

/** The one round that all of what is kept is of. */
export async function loadedRound(path: string): Promise<number> {
  await using opened = store(
    "loaded",
    { one: table<number, number>(), other: table<number, number>() },
    { backend: durable({ path }) },
  );
  const entries = [...opened.one, ...opened.other];
  const rounds = new Set(entries.map(([, round]) => round));
  expect([opened.one.size, opened.other.size, rounds.size]).toEqual([ENTRIES, ENTRIES, 1]);
  return entries[0]?.[1] as number;
}
