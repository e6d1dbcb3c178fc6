import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Benchmark, quantile } from "../measure.js";
import { processesWith } from "./processes.js";

const SESSIONS = 20;

/** How long anything is left after Node was killed. */
export const orphans: Benchmark = {
  title: `kill -9 of Node with ${SESSIONS} sessions, half of them computing`,
  note: "milliseconds until no process of its engine is left",
  async run({ quick }) {
    const times: number[] = [];
    for (let index = 0; index < (quick ? 1 : 10); index++)
      times.push(await killNode(`orphans-${index}-${process.pid}`));
    return [{ name: "everything gone", figures: { p50: quantile(times, 0.5), max: quantile(times, 1) } }];
  },
};

async function killNode(mark: string): Promise<number> {
  const script = fileURLToPath(new URL("./node-to-kill.ts", import.meta.url));
  const child = spawn(process.execPath, [...process.execArgv, script, String(SESSIONS)], {
    env: { ...process.env, SLITHER_BENCH_MARK: mark },
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  const began = performance.now();
  child.kill("SIGKILL");
  await once(child, "exit");
  while (processesWith(`SLITHER_BENCH_MARK=${mark}`).length > 0) await delay(1);
  return performance.now() - began;
}
