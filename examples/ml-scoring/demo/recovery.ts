// The proof that a crash changes no prediction: the process of a session is killed while it scores, as `kill -9` does.
import type { Engine } from "slither-ts";
import { step } from "./progress.js";
import { filledCache, type ScoredRun, type ScoredSession, type Synthetic, score } from "./synthetic.js";

export interface Recovery {
  /** The process that was killed, and the one that took over. */
  readonly killedPid: number | undefined;
  readonly newPid: number | undefined;
  /** How many records were through when it was killed. */
  readonly killedAfter: number;
  /** From the death of the one process to the other being ready. */
  readonly recoveryMs: number;
  readonly sameOutputs: boolean;
  readonly balanced: boolean;
}

export async function proveRecovery(
  engine: Engine,
  { records, cached }: Synthetic,
  { session, model, first }: ScoredSession,
): Promise<Recovery> {
  step(`scoring on session ${session.id} once more, and killing its process half-way`);
  const killedPid = session.pid;
  const killedAfter = records.length / 2;
  let recoveryMs = 0;
  const stopListening = engine.on("session-recovery", ({ durationMs }) => {
    recoveryMs = durationMs;
  });
  let through = 0;
  const run = await score(session, model.id, await filledCache(cached), records, () => {
    through += 1;
    if (through === killedAfter) process.kill(killedPid as number, "SIGKILL");
  });
  stopListening();
  const { ledger, rejected } = run;
  return {
    killedPid,
    newPid: session.pid,
    killedAfter,
    recoveryMs: Math.round(recoveryMs),
    sameOutputs: outputsOf(run) === outputsOf(first),
    balanced: ledger.balanced && ledger.unfinished === 0 && rejected === 0,
  };
}

/** What came out, in its order, to the last digit. */
function outputsOf({ items }: ScoredRun): string {
  return JSON.stringify(items.map(({ id, route, payload }) => [id, route, payload]));
}
