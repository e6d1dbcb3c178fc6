import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { killGroup } from "./spawn.js";
import type { StartedWorker } from "./start.js";

/** How a process ended. */
export interface Ending {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** How long after its death a process's pipes may stay open, held by something that it started and that left its group. */
const PIPES_GRACE_MS = 500;

/** Resolves when the process is gone, what it had started is killed, and everything that it wrote before was read. */
export async function processEnd({ child, connection, logs }: StartedWorker): Promise<Ending> {
  const [exitCode, signal] =
    child.exitCode === null && child.signalCode === null
      ? ((await once(child, "exit")) as [number | null, NodeJS.Signals | null])
      : [child.exitCode, child.signalCode];
  killGroup(child.pid);
  const drained = Promise.all([connection.closed, logs.ended()]);
  const giveUp = new AbortController();
  await Promise.race([drained, delay(PIPES_GRACE_MS, undefined, { signal: giveUp.signal }).catch(() => {})]);
  giveUp.abort();
  connection.destroy();
  child.stdout.destroy();
  child.stderr.destroy();
  return { exitCode, signal };
}
