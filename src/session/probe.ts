import type { OpenRequest, Reply, Request, Worker } from "../engine.js";
import type { CallSite } from "../errors/python.js";
import { CallTimeoutError, SessionLostError, type StoppedCallFate } from "../errors/session.js";
import { Line } from "../views/line.js";
import type { Checkpoint } from "./checkpoint.js";
import type { Conduct } from "./conduct.js";
import type { ExecutionOptions } from "./execution-options.js";
import { LEAVE_GRACE_MS } from "./fork-worker.js";
import { Lane } from "./lane.js";
import { laneTo } from "./lane-to.js";
import type { RefOwner } from "./ref.js";
import { RefTable } from "./ref-table.js";

/** How long one that nobody uses is kept. */
const IDLE_MS = 1_000;

/** What a probe is made of. */
export interface ProbeParts {
  readonly checkpoint: Checkpoint;
  readonly conduct: Conduct;
  /** Whom the refs in results belong to. */
  readonly owner: RefOwner;
  /** What the owner holds in the state of the checkpoint. */
  readonly held: RefTable;
  openRequest(refs: RefTable, pid: () => number | undefined): OpenRequest;
  /** Called each time that it is free for another request. */
  readonly onIdle: () => void;
}

/** A throw-away copy of a checkpoint, for one request at a time. */
export class Probe {
  readonly checkpoint: Checkpoint;
  /** Resolves when its worker is gone. */
  readonly ended: Promise<unknown>;
  readonly #worker: Worker;
  readonly #lane: Lane;
  readonly #onIdle: () => void;
  #running: CallSite | undefined;
  #gone: Error | undefined;
  #ending = false;
  #timer: NodeJS.Timeout | undefined;

  private constructor(worker: Worker, refs: RefTable, { checkpoint, conduct, owner, onIdle }: ProbeParts) {
    this.checkpoint = checkpoint;
    this.#worker = worker;
    this.#onIdle = onIdle;
    const gone = (): Error | undefined => this.#gone && new SessionLostError(owner.id, this.#gone);
    const line = new Line(owner.id);
    this.#lane = new Lane(laneTo(worker, { conduct, line }, gone), refs, "queue");
    this.ended = worker.ended.then((death) => {
      this.#gone = death;
      clearTimeout(this.#timer);
      this.#lane.queue.workerGone(death, false);
    });
    this.#keepForAWhile();
  }

  /** @throws as `checkpoint.restore`. */
  static async make(parts: ProbeParts): Promise<Probe> {
    const refs = new RefTable(parts.owner.id, parts.owner.lifecycle);
    refs.copyFrom(parts.held, parts.owner);
    let worker: Worker | undefined;
    const request = parts.openRequest(refs, () => worker?.pid);
    worker = await parts.checkpoint.restore({ ...request, reseed: false });
    return new Probe(worker, refs, parts);
  }

  get idle(): boolean {
    return this.#running === undefined && this.#gone === undefined && !this.#ending;
  }

  readonly kill = (): void => {
    this.#ending = true;
    clearTimeout(this.#timer);
    this.#worker.kill();
  };

  /** Only when it is idle. Rejects with the errors listed at `session.call`. */
  async execute(request: Request, site: CallSite, options: ExecutionOptions): Promise<Reply> {
    clearTimeout(this.#timer);
    this.#running = site;
    const answer = this.#lane.execute(request, site, options);
    const signals = [options.abort, options.withdraw].filter((signal) => signal !== undefined);
    // Nothing is kept of it: there is no use in waiting until its code stops.
    for (const signal of signals) signal.addEventListener("abort", this.kill);
    try {
      return await answer;
    } catch (error) {
      // Its code was stopped anywhere, and what comes next must not meet what that has left.
      if (error instanceof CallTimeoutError) this.kill();
      throw error;
    } finally {
      for (const signal of signals) signal.removeEventListener("abort", this.kill);
      this.#running = undefined;
      if (this.idle) {
        this.#keepForAWhile();
        this.#onIdle();
      }
    }
  }

  /** Ends it at once; `error` makes what a request that runs fails with. */
  end(error: (site: CallSite, fate: StoppedCallFate) => Error): void {
    const site = this.#running;
    if (site !== undefined) this.#lane.stop((fate) => error(site, fate));
    this.kill();
  }

  /** Lets the idle probe go. */
  leave(): void {
    this.#ending = true;
    clearTimeout(this.#timer);
    void this.#worker.close(LEAVE_GRACE_MS);
  }

  #keepForAWhile(): void {
    this.#timer = setTimeout(() => this.leave(), IDLE_MS).unref();
  }
}
