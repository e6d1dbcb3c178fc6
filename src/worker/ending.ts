import { once } from "node:events";
import type { Duplex, Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import type { Connection } from "./connection.js";
import { killGroup } from "./kill-group.js";
import type { LogLines } from "./log-lines.js";
import type { PythonChild } from "./spawn.js";

/** How a process ended. Both are undefined where nobody was left to tell. */
export interface Ending {
  readonly exitCode: number | null | undefined;
  readonly signal: NodeJS.Signals | null | undefined;
}

export const UNKNOWN_ENDING: Ending = { exitCode: undefined, signal: undefined };

/** How long after its death a process's pipes may stay open, held by something that it started and that left its group. */
const PIPES_GRACE_MS = 500;

/** Resolves when `gone` does, what the process had started is killed, and everything that it wrote before was read. */
export async function processEnd(
  gone: Promise<Ending>,
  parts: {
    readonly pid: number;
    readonly connections: readonly Connection[];
    readonly logs: LogLines;
    readonly streams: readonly (Readable | Duplex)[];
  },
): Promise<Ending> {
  const ending = await gone;
  killGroup(parts.pid);
  await drained(parts.logs, parts.connections);
  for (const connection of parts.connections) connection.destroy();
  for (const stream of parts.streams) stream.destroy();
  return ending;
}

/** Resolves when everything was read that a process wrote which is gone, as far as it can be. */
export async function drained(logs: LogLines, connections: readonly Connection[] = []): Promise<void> {
  const all = Promise.all([logs.ended(), ...connections.map(({ closed }) => closed)]);
  const giveUp = new AbortController();
  await Promise.race([all, delay(PIPES_GRACE_MS, undefined, { signal: giveUp.signal }).catch(() => {})]);
  giveUp.abort();
}

/** How a child of this process ends. */
export async function childEnd(child: PythonChild): Promise<Ending> {
  if (child.exitCode !== null || child.signalCode !== null)
    return { exitCode: child.exitCode, signal: child.signalCode };
  const [exitCode, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
  return { exitCode, signal };
}

/** For example `with exit code 3`, `killed by SIGSEGV`. */
export function describeEnding({ exitCode, signal }: Ending): string {
  if (signal) return `killed by ${signal}`;
  return exitCode === undefined ? "nobody could tell how" : `with exit code ${exitCode}`;
}
