import { setMaxListeners } from "node:events";
import type { OpenRequest, Reply, Request } from "../engine.js";
import type { CallSite } from "../errors/python.js";
import { CallAbortedError, type StoppedCallFate } from "../errors/session.js";
import type { Checkpoint } from "./checkpoint.js";
import type { CheckpointKeeper } from "./checkpoint-keeper.js";
import type { Conduct } from "./conduct.js";
import type { ExecutionOptions } from "./execution-options.js";
import { Probe } from "./probe.js";
import type { RefOwner } from "./ref.js";
import type { RefTable } from "./ref-table.js";
import { type Executor, type Site, siteIn } from "./replicas.js";
import type { Slots } from "./slots.js";

/** How many there are at once. */
const MOST_PROBES = 8;

/** What probes need of the session, or of the replica, whose state they copy. */
export interface ProbeSource {
  readonly conduct: Conduct;
  readonly lane: { readonly refs: RefTable };
  readonly keeper: Pick<CheckpointKeeper, "current" | "isCurrent">;
  readonly processes: Pick<Slots, "tryTake" | "give">;
  /** Aborted when it ends. */
  readonly over: AbortSignal;
  /** Why it takes no more requests of runs. */
  closed(ofRun: boolean): Error | undefined;
  openRequest(refs: RefTable, pid: () => number | undefined): OpenRequest;
}

/**
 * Throw-away copies of the state that a run works with, for requests that may kill their process or hang: the session itself is spared. Each carries
 * out one request at a time, is used again, and ends when it was not used for a second. One whose worker dies is not replaced, nor is its request
 * sent again.
 */
export class Probes implements Executor {
  readonly id: string;
  readonly width = MOST_PROBES;
  readonly #source: ProbeSource;
  readonly #fallback: Executor;
  readonly #owner: RefOwner;
  /** Those whose workers have not ended, and when they have and their slots are given back. */
  readonly #probes = new Map<Probe, Promise<void>>();
  readonly #making = new Set<Promise<boolean>>();
  /** Who waits until there is another probe, or one less. */
  readonly #waiting = new Set<() => void>();
  readonly #closing = new AbortController();

  /**
   * @param fallback carries out what no probe can, because none can be made.
   * @param owner whom the refs in results belong to: the session.
   */
  constructor(source: ProbeSource, fallback: Executor, owner: RefOwner) {
    this.id = fallback.id;
    this.#source = source;
    this.#fallback = fallback;
    this.#owner = owner;
    setMaxListeners(0, source.over, this.#closing.signal);
    source.over.addEventListener("abort", this.#onOver);
  }

  /**
   * One request, with a state that is the session's. Where there is neither a probe nor room for one, the session or the replicas carry it out.
   * Time that is to run from the request runs from when a probe has it.
   *
   * @throws what `session.call` throws; WorkerDiedError, MemoryLimitError each time that its worker dies; CallAbortedError after `close`.
   */
  async execute(request: Request, site: Site, options: ExecutionOptions): Promise<Reply> {
    const signals = [options.abort, options.withdraw, this.#closing.signal].filter(
      (signal) => signal !== undefined,
    );
    let canMake = true;
    for (;;) {
      const ended = signals.find((signal) => signal.aborted);
      if (ended !== undefined) throw abortedError(siteIn(this.id, site), "never ran", ended.reason);
      const checkpoint = this.#checkpoint;
      if (checkpoint === undefined) break;
      const idle = this.#idle(checkpoint);
      if (idle !== undefined) return idle.execute(request, siteIn(this.id, site), options);
      if (canMake && this.#takesRoom()) {
        const making = this.#make(checkpoint).then((made) => {
          canMake = made;
          // Who asked for it takes it, and not one of those that wait, if it is still wanted.
          if (!made || signals.some((signal) => signal.aborted)) this.#announce();
        });
        await firstOf(making, signals);
      } else if (this.#probes.size + this.#making.size > 0) {
        const change = new Promise<void>((resolve) => this.#waiting.add(resolve));
        await firstOf(change, signals);
      } else break;
    }
    return this.#fallback.execute(request, site, options);
  }

  /** Kills all of them at once; who waits gets a CallAbortedError. Resolves when they are gone, and their slots given back. */
  async close(): Promise<void> {
    const reason = new Error("the run has ended");
    this.#source.over.removeEventListener("abort", this.#onOver);
    this.#closing.abort(reason);
    this.#endAll((site, fate) => abortedError(site, fate, reason));
    await Promise.all(this.#making);
    await Promise.all(this.#probes.values());
  }

  /** The state that there may be probes of now: that of the session, and not an earlier one. */
  get #checkpoint(): Checkpoint | undefined {
    const { keeper } = this.#source;
    return keeper.isCurrent && this.#source.closed(true) === undefined ? keeper.current : undefined;
  }

  #idle(checkpoint: Checkpoint): Probe | undefined {
    const idle = [...this.#probes.keys()].filter((probe) => probe.idle);
    for (const outdated of idle.filter((probe) => probe.checkpoint !== checkpoint)) outdated.leave();
    return idle.find((probe) => probe.checkpoint === checkpoint);
  }

  #takesRoom(): boolean {
    return this.#probes.size + this.#making.size < MOST_PROBES && this.#source.processes.tryTake(1);
  }

  /** Says whether there is one. The slot for it is taken by the caller. */
  #make(checkpoint: Checkpoint): Promise<boolean> {
    const making = this.#tryToMake(checkpoint).finally(() => this.#making.delete(making));
    this.#making.add(making);
    return making;
  }

  async #tryToMake(checkpoint: Checkpoint): Promise<boolean> {
    const source = this.#source;
    // Its session may replace it meanwhile.
    checkpoint.retain();
    try {
      const probe = await Probe.make({
        checkpoint,
        conduct: source.conduct,
        owner: this.#owner,
        held: source.lane.refs,
        openRequest: (refs, pid) => source.openRequest(refs, pid),
        onIdle: () => this.#announce(),
      });
      const gone = probe.ended.then(() => {
        this.#probes.delete(probe);
        source.processes.give(1);
        this.#announce();
      });
      this.#probes.set(probe, gone);
      if (this.#closing.signal.aborted || source.over.aborted) probe.kill();
      return true;
    } catch {
      source.processes.give(1);
      return false;
    } finally {
      void checkpoint.letGo();
    }
  }

  #announce(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const tell of waiting) tell();
  }

  #endAll(error: (site: CallSite, fate: StoppedCallFate) => Error): void {
    for (const probe of this.#probes.keys()) probe.end(error);
  }

  /** A request must not seem to have killed its worker when its session was closed. */
  readonly #onOver = (): void => {
    const { over } = this.#source;
    const closed = this.#source.closed(true);
    this.#endAll((site, fate) => closed ?? abortedError(site, fate, over.reason));
    this.#announce();
  };
}

function abortedError({ session, target }: CallSite, fate: StoppedCallFate, reason: unknown): Error {
  return new CallAbortedError({ session, target, fate }, reason);
}

/** Resolves when `event` has, or one of the signals is aborted. */
function firstOf(event: Promise<void>, signals: readonly AbortSignal[]): Promise<void> {
  return new Promise((resolve) => {
    const settle = (): void => {
      for (const signal of signals) signal.removeEventListener("abort", settle);
      resolve();
    };
    // One signal for many that wait is no leak, which Node would warn of.
    setMaxListeners(0, ...signals);
    for (const signal of signals) signal.addEventListener("abort", settle);
    void event.then(settle);
  });
}
