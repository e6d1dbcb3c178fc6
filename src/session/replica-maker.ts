import { ForkRefusedError } from "../errors/session.js";
import type { Emitter } from "../telemetry/emitter.js";
import type { EngineEvents } from "../telemetry/events.js";
import type { Checkpoint } from "./checkpoint.js";
import { isDeathOfOriginal } from "./copier.js";
import { Lifecycle } from "./lifecycle.js";
import { Replicas } from "./replicas.js";
import type { Session } from "./session.js";
import type { Slots } from "./slots.js";
import { snapshotOf } from "./snapshot.js";

/** How often replicas are begun when what they are made of dies. */
const MOST_ATTEMPTS = 3;

/** Makes the replicas of runs. */
export class ReplicaMaker {
  readonly #processes: Slots;
  readonly #events: Emitter<EngineEvents>;
  /** Those of the runs that go on. */
  readonly #open = new Set<Replicas>();

  constructor(processes: Slots, events: Emitter<EngineEvents>) {
    this.#processes = processes;
    this.#events = events;
  }

  /**
   * Copies of a session as it is, all or none. When its worker dies meanwhile, or the process that keeps its state, they are made of what comes in its
   * place.
   *
   * @throws ForkRefusedError, EngineFullError, and what says that the session is gone, when there cannot be any; what `signal` is aborted with.
   */
  async make(original: Session, count: number, signal: AbortSignal): Promise<Replicas> {
    const purpose = { copies: count, processes: this.#processes, signal };
    for (let attempt = 1; ; attempt += 1) {
      let checkpoint: Checkpoint | undefined;
      try {
        checkpoint = await snapshotOf(original.lifecycle, purpose);
        return await this.#copies(original, count, checkpoint);
      } catch (error) {
        const died = checkpoint?.gone.aborted ?? isDeathOfOriginal(error);
        if (!died || signal.aborted || attempt === MOST_ATTEMPTS) throw error;
      } finally {
        await checkpoint?.letGo();
      }
    }
  }

  /** Ends the replicas of all runs. */
  async close(timeoutMs: number): Promise<void> {
    await Promise.all([...this.#open].map((replicas) => replicas.close(timeoutMs)));
  }

  /** Room for them is taken by the caller; where they cannot be made it is given back. */
  async #copies(original: Session, count: number, checkpoint: Checkpoint): Promise<Replicas> {
    const { id, lifecycle } = original;
    const replicas = Array.from({ length: count }, (_, index) =>
      this.#replica(`${id}/replica-${index + 1}`, lifecycle),
    );
    const outcomes = await Promise.allSettled(
      replicas.map(async (replica) => {
        const worker = await checkpoint.restore({ ...replica.openRequest(), reseed: true });
        replica.keeper.hold(checkpoint.retain());
        replica.lane.refs.copyFrom(lifecycle.lane.refs, original);
        replica.attach(worker);
        replica.opened();
      }),
    );
    const failed = outcomes.find((outcome) => outcome.status === "rejected");
    if (failed === undefined) return this.#opened(new Replicas(id, replicas));
    const made = replicas.filter((_, index) => outcomes[index]?.status === "fulfilled");
    this.#processes.give(count - made.length);
    await new Replicas(id, made).close();
    // Its own error would call it the session's worker.
    if (checkpoint.gone.aborted)
      throw new ForkRefusedError(id, `the process ${checkpoint.pid} that kept its state died meanwhile`);
    throw failed.reason;
  }

  #opened(replicas: Replicas): Replicas {
    this.#open.add(replicas);
    void replicas.ended().then(() => this.#open.delete(replicas));
    return replicas;
  }

  /** A session that nobody sees: it has no place in the registry, and lives by the checkpoint of its original. */
  #replica(id: string, original: Lifecycle): Lifecycle {
    const processes = this.#processes;
    return new Lifecycle({
      id,
      // It ends with its run, however long that leaves it idle.
      conduct: {
        ...original.conduct,
        checkpoint: "manual",
        busy: "queue",
        limits: { ...original.conduct.limits, idle: undefined },
      },
      events: this.#events,
      noForks: undefined,
      processes,
      open: undefined,
      setup: undefined,
      onEnd: () => processes.give(1),
    });
  }
}
