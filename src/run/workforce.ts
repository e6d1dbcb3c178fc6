import { Probes } from "../session/probes.js";
import type { Executor, Replicas } from "../session/replicas.js";
import type { Session } from "../session/session.js";
import type { Use } from "../session/usage.js";
import { untilStopped } from "../stopping.js";

/** What carries out the Python stages of a run: its session, or replicas of it. */
export interface Workforce {
  /** Undefined for a run without a session. */
  readonly executor: Executor | undefined;
  /** Copies of the state that it works with, for batches that may kill their process or hang. Undefined for a run without a session. */
  readonly probes: Executor | undefined;
  /** Ends what was started for the run. */
  dismiss(): Promise<void>;
}

export interface WorkforceOptions {
  readonly session?: Session | undefined;
  readonly replicas?: number | undefined;
  /** The run, as its session sees it. */
  readonly use: Use;
  /** Aborted: what is waited for is given up. */
  readonly signal: AbortSignal;
}

/**
 * Gets a session ready for a run: its state is kept, so that the session can be brought back to it; and copied, where the run is to have replicas.
 *
 * @throws ForkRefusedError, EngineFullError, and what says that the session is gone, when there cannot be replicas; what `signal` is aborted with;
 * ViewRefusedError in a view that the session waits for.
 */
export async function enlist({ session, replicas, use, signal }: WorkforceOptions): Promise<Workforce> {
  if (session === undefined) return { executor: undefined, probes: undefined, dismiss: async () => {} };
  const letGo = session.lifecycle.use(use);
  try {
    const copies = await session.inLine("a run", async () => {
      // It has its turn behind the calls that were made before, which may take any time.
      await untilStopped(session.keepForRun(), signal);
      return replicas === undefined ? undefined : copiesOf(session, replicas, signal);
    });
    const executor = copies ?? session;
    const probes = new Probes(copies?.first ?? session.lifecycle, executor, session);
    const dismiss = async (): Promise<void> => {
      await probes.close();
      letGo();
      await copies?.close();
    };
    return { executor, probes, dismiss };
  } catch (error) {
    letGo();
    throw error;
  }
}

async function copiesOf(session: Session, count: number, signal: AbortSignal): Promise<Replicas> {
  const making = session.replicas(count, signal);
  try {
    return await untilStopped(making, signal);
  } catch (error) {
    void making.then(
      (unwanted) => unwanted.close(),
      () => {},
    );
    throw error;
  }
}
