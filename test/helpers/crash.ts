import { readFileSync } from "node:fs";
import type { Engine, EngineEvents, Session } from "slither-ts";
import { nextEvent } from "./events.js";

/** Kills a session's worker from outside. */
export function kill(session: Session, signal: NodeJS.Signals = "SIGKILL"): void {
  process.kill(session.pid as number, signal);
}

/** Kills a session's worker, and waits until the session is back. */
export async function crash(engine: Engine, session: Session): Promise<EngineEvents["session-recovery"]> {
  const back = recovered(engine, session);
  kill(session);
  return back;
}

export function recovered(engine: Engine, session: Session): Promise<EngineEvents["session-recovery"]> {
  return nextEvent(engine, "session-recovery", (event) => event.session === session.id);
}

export function kept(engine: Engine, id: string): Promise<EngineEvents["session-checkpoint"]> {
  return nextEvent(engine, "session-checkpoint", (event) => event.session === id);
}

/** The process that forked this one, or adopted it: the forkserver. */
export function parentOf(pid: number): number {
  return Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
}
