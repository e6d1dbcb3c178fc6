import { createInterface } from "node:readline";
import { remoteStore, remoteTable } from "slither-ts/redis";
import { describe, expect, onTestFinished, test } from "vitest";
import { type NodeScript, runScript } from "../../helpers/node-script.js";
import { temporaryFolder } from "../../helpers/temporary.js";
import { program, type Server, startServer } from "./server.js";

const PROCESSES = 3;
const LANES = 3;

async function ownServer(port?: number, folder?: string): Promise<Server> {
  const own = await startServer(port, folder);
  onTestFinished(() => own.stop());
  return own;
}

async function countersOf({ url }: Server) {
  const made = await remoteStore("storm", { counters: remoteTable<string, number>() }, { url });
  onTestFinished(() => made.close());
  return made.counters;
}

/** Processes that each add 1 to the same number `LANES * count` times. */
function storm({ url }: Server, count: number): NodeScript[] {
  return Array.from({ length: PROCESSES }, () => runScript("remote-counter", [url, "storm", String(count)]));
}

/** How often each outcome was told, when all of them have ended well. */
async function outcomesOf(scripts: readonly NodeScript[]): Promise<Record<string, number>> {
  const exits = await Promise.all(scripts.map(({ ended }) => ended));
  expect(exits).toEqual(scripts.map(() => 0));
  const counts: Record<string, number> = { done: 0, open: 0, not: 0 };
  for (const line of (await Promise.all(scripts.map(({ lines }) => lines))).flat())
    counts[line] = (counts[line] ?? 0) + 1;
  return counts;
}

describe.skipIf(program === undefined)("several processes on one server", () => {
  test("lose no update of one number, and each reads what the others have written", {
    timeout: 60_000,
  }, async () => {
    const own = await ownServer();
    const counters = await countersOf(own);
    const scripts = storm(own, 60);
    expect(await outcomesOf(scripts)).toEqual({ done: PROCESSES * LANES * 60, open: 0, not: 0 });
    expect(await counters.get("count")).toBe(PROCESSES * LANES * 60);
    const pids = scripts.map(({ child }) => child.pid as number);
    expect(await counters.getMany(pids.map((pid) => `ended ${pid}`))).toEqual(pids);
  });

  test("lose no update that was done when the server is killed and started again, and are told of all others", {
    timeout: 60_000,
  }, async () => {
    const folder = temporaryFolder();
    const own = await ownServer(undefined, folder);
    const scripts = storm(own, 150);
    await said(scripts, 100);
    await own.stop();
    const again = await ownServer(own.port, folder);
    const { done = 0, open = 0, not = 0, ...others } = await outcomesOf(scripts);
    expect([done, others]).toEqual([PROCESSES * LANES * 150, {}]);
    // The storm was not over before the server was gone.
    expect(open + not).toBeGreaterThan(0);
    const count = (await (await countersOf(again)).get("count")) ?? 0;
    expect(count).toBeGreaterThanOrEqual(done);
    expect(count).toBeLessThanOrEqual(done + open);
  });
});

/** Resolves when processes have said so many lines together, and each of them one. */
async function said(scripts: readonly NodeScript[], count: number): Promise<void> {
  let lines = 0;
  const enough = new Promise<void>((resolve) => {
    for (const { child } of scripts)
      createInterface(child.stdout as NodeJS.ReadableStream).on("line", () => {
        lines += 1;
        if (lines === count) resolve();
      });
  });
  await Promise.all([enough, ...scripts.map(({ firstLine }) => firstLine)]);
}
