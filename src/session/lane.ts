import type { EncodedRequest, Reply, Sent } from "../engine.js";
import type { CallSite } from "../errors/python.js";
import { SessionBusyError, type StoppedCallFate } from "../errors/session.js";
import type { ViewDesk } from "../views/desk.js";
import type { Line } from "../views/line.js";
import { Questions } from "../views/questions.js";
import { encodeRequest, type Request } from "../wire/request.js";
import type { SharedMemory } from "../wire/shared-memory.js";
import { Execution, type ExecutionLane } from "./execution.js";
import type { ExecutionOptions } from "./execution-options.js";
import { JobQueue } from "./queue.js";
import { notingRefs, type Ref } from "./ref.js";
import type { RefTable } from "./ref-table.js";
import { Release } from "./release.js";
import { Turn } from "./turn.js";

/** What a lane needs of whoever has the worker. */
export interface LaneControl {
  /** The process of the worker; undefined on an engine without processes. */
  readonly pid: number | undefined;
  readonly graceMs: number;
  /** What large arrays of requests are put into. */
  readonly sharedMemory: SharedMemory;
  /** What answers the questions of Python. */
  readonly views: ViewDesk;
  /** Who waits for the worker. */
  readonly line: Line;
  send(request: EncodedRequest): Sent;
  release(refs: readonly number[]): void;
  kill(reason: Error): void;
  /** Whether, if the worker were killed now, nothing that was answered would be lost. */
  comesBackWhole(): boolean;
  /** What a request that is made now fails with; one of a run is taken longer. */
  closed(ofRun: boolean): Error | undefined;
  /** What a request whose turn has come fails with instead of being sent. */
  refusal(): Error | undefined;
  answered(execution: Execution): void;
  idle(): void;
}

/** One line of requests to one worker: its queue, what is under way in it, and the refs that it has given out. */
export class Lane implements ExecutionLane {
  readonly queue: JobQueue;
  readonly graceMs: number;
  readonly line: Line;
  readonly #control: LaneControl;
  /** In the order in which they were asked for, which is nearly that in which they end. No Set: see JobQueue. */
  readonly #executions: Execution[] = [];
  readonly #turns = new Set<Promise<unknown>>();
  readonly #failsWhenBusy: boolean;
  refs: RefTable;

  constructor(control: LaneControl, refs: RefTable, busy: "queue" | "fail") {
    this.#control = control;
    this.refs = refs;
    this.graceMs = control.graceMs;
    this.line = control.line;
    this.queue = new JobQueue(() => control.idle());
    this.#failsWhenBusy = busy === "fail";
  }

  get pid(): number | undefined {
    return this.#control.pid;
  }

  /**
   * One request, in its order. Rejects with the errors listed at `session.call`.
   *
   * @param request or what makes it, where it names objects of refs outside of its arguments.
   */
  async execute(
    request: Request | (() => Request),
    site: CallSite,
    options: ExecutionOptions,
  ): Promise<Reply> {
    const make = typeof request === "function" ? request : () => request;
    // Told apart from plain calls by having an owner.
    const ofRun = options.owner !== undefined;
    const closed = this.#control.closed(ofRun);
    if (closed !== undefined) throw closed;
    const leave = this.line.join(site.target);
    let execution: Execution | undefined;
    try {
      if (this.#failsWhenBusy && !ofRun && this.#executions.length > 0)
        throw new SessionBusyError(site.session, site.target);
      execution = this.#executionOf(make, site, options);
      this.#executions.push(execution);
      execution.begin();
      return await execution.reply;
    } finally {
      if (execution !== undefined) this.#executions.splice(this.#executions.indexOf(execution), 1);
      leave?.();
    }
  }

  send(request: EncodedRequest): Sent {
    return this.#control.send(request);
  }

  kill(reason: Error): void {
    this.#control.kill(reason);
  }

  comesBackWhole(): boolean {
    return this.#control.comesBackWhole();
  }

  refusal(): Error | undefined {
    return this.#control.refusal();
  }

  answered(execution: Execution): void {
    this.#control.answered(execution);
  }

  /** Work that needs the worker for itself, in its turn. Fails by itself when the worker is gone meanwhile. */
  async turn<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = Turn.take(this.queue, work);
    this.#turns.add(turn);
    try {
      return await turn;
    } finally {
      this.#turns.delete(turn);
    }
  }

  /** Lets go of the object of a ref, in its turn. */
  release(ref: Ref): void {
    const letGo = (): void => {
      // A worker that was set up anew, or went back to a checkpoint, may have another object under this number.
      if (this.refs.remove(ref)) this.#control.release([ref.id]);
    };
    this.queue.add(new Release(this.queue, letGo));
  }

  /** Resolves when everything that was asked for up to now has its outcome. */
  async settled(): Promise<void> {
    const replies = this.#executions.map((execution) => execution.reply);
    await Promise.allSettled([...replies, ...this.#turns]);
  }

  /** Stops what waits and what runs; `error` is what it fails with. */
  stop(error: (fate: StoppedCallFate) => Error): void {
    for (const execution of [...this.#executions]) execution.stop(error);
  }

  #executionOf(make: () => Request, site: CallSite, options: ExecutionOptions): Execution {
    const { sharedMemory, views: desk } = this.#control;
    const { askers, sentBefore } = options;
    const questions = new Questions({ desk, askers, session: site.session, line: this.line, sentBefore });
    const { result: encoded, refs } = notingRefs(
      () => encodeRequest(make(), site, sharedMemory, questions.host),
      (ref) => this.refs.require(ref),
    );
    return new Execution(encoded, { refs, questions }, options, this);
  }
}
