import { setMaxListeners } from "node:events";
import type { EncodedRequest, Reply, Sent } from "../engine.js";
import { inStep } from "../errors/failed-step.js";
import {
  CallAbortedError,
  CallTimeoutError,
  CancelledError,
  SessionLostError,
  type StoppedCallFate,
  WorkerDiedError,
} from "../errors/session.js";
import { LONGEST_TIMER_MS } from "../options/fields.js";
import { isAborted, listen, unlisten } from "../stopping.js";
import type { Questions } from "../views/questions.js";
import { monotonicSeconds } from "../wire/batch-reply.js";
import type { ExecutionOptions } from "./execution-options.js";
import { onceRead, Pressure } from "./pressure.js";
import type { Job, JobQueue } from "./queue.js";
import type { Ref } from "./ref.js";

/** How long a batch of a run that has ended may take to stop, so that its session is free within a second. */
const RUN_END_GRACE_MS = 500;

/** What an execution needs of the lane that it is in. */
export interface ExecutionLane {
  readonly queue: JobQueue;
  /** How long code may take to stop when it was asked to. */
  readonly graceMs: number;
  send(request: EncodedRequest): Sent;
  /** Kills the worker; `reason` is why. */
  kill(reason: Error): void;
  /** Whether, if the worker were killed now, nothing that was answered would be lost. */
  comesBackWhole(): boolean;
  /** What a request whose turn has come fails with instead of being sent. */
  refusal(): Error | undefined;
  /** The worker has answered. */
  answered(execution: Execution): void;
}

/** What belongs to a request besides what is sent. */
export interface ExecutionParts {
  /** What it was made with: the objects must still be there when its turn comes. */
  readonly refs: readonly Ref[];
  /** What its Python asks. */
  readonly questions: Questions;
}

/** What a request that is asked to stop fails with, by what became of it. */
type Stop = (fate: StoppedCallFate, cause?: unknown) => Error;

/** One request: its place in the queue, its deadline, its signals, its outcome. */
export class Execution implements Job {
  readonly request: EncodedRequest;
  readonly options: ExecutionOptions;
  readonly owner: unknown;
  readonly depth: number;
  readonly reply: Promise<Reply>;
  readonly #lane: ExecutionLane;
  readonly #parts: ExecutionParts;
  #resolve!: (reply: Reply) => void;
  #reject!: (error: unknown) => void;
  #sent: Sent | undefined;
  #attempts = 0;
  #isRunning = false;
  /** In seconds of the system's monotonic clock. */
  #runningSince = 0;
  /** Nobody waits for the answer any more. */
  #unheard = false;
  /** Whether it is stopped only to free its worker, which must not cost more than that. */
  #spares = false;
  /** What it fails with, when it was asked to stop. */
  #stopped: Stop | undefined;
  /** What its worker was killed for, when it did not heed that. */
  #killed: Error | undefined;
  #deadline: NodeJS.Timeout | undefined;
  #verdict: NodeJS.Immediate | undefined;
  #pressure: Pressure | undefined;
  /** It belongs to a run that has ended early: only such requests can be withdrawn. */
  #runEnded = false;

  constructor(
    request: EncodedRequest,
    parts: ExecutionParts,
    options: ExecutionOptions,
    lane: ExecutionLane,
  ) {
    this.request = request;
    this.#parts = parts;
    this.options = options;
    this.#lane = lane;
    this.owner = options.owner ?? this;
    this.depth = options.depth ?? 1;
    this.reply = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Takes its place in the queue. */
  begin(): void {
    const { abort, withdraw, timeoutFrom } = this.options;
    const aborted = [abort, withdraw].find(isAborted);
    if (aborted) {
      this.#fail(this.#abortedError("never ran", aborted.reason));
      return;
    }
    for (const signal of [abort, withdraw]) {
      // One signal for many calls is no leak, which Node would warn of.
      if (signal) setMaxListeners(0, signal);
    }
    listen(abort, this.#onAbort);
    listen(withdraw, this.#onWithdraw);
    if (timeoutFrom !== "running") this.#startDeadline();
    this.#lane.queue.add(this);
  }

  start(): void {
    const { refs, questions } = this.#parts;
    const refusal = this.#lane.refusal() ?? refs.find((ref) => ref.loss !== undefined)?.loss;
    if (refusal !== undefined) {
      this.#fail(refusal);
      this.#lane.queue.answered(this);
      return;
    }
    questions.sent();
    const sent = this.#lane.send(this.request);
    this.#sent = sent;
    sent.reply.then(
      (reply) => this.#answered(sent, () => this.#succeed(reply), undefined, reply),
      (error: unknown) => this.#answered(sent, () => this.#fail(error), error),
    );
  }

  running(): void {
    this.#isRunning = true;
    this.#runningSince = monotonicSeconds();
    this.#pressure?.allowGrace(this.#graceMs);
    if (this.options.timeoutFrom === "running") this.#startDeadline();
  }

  workerGone(reason: Error, ran: boolean, takenOver: boolean): "again" | "settled" {
    this.#sent = undefined;
    this.#isRunning = false;
    this.#parts.questions.drop();
    if (this.#unheard) {
      this.#cleanUp();
      return "settled";
    }
    if (ran) this.#attempts += 1;
    const failure = this.#failureByDeath(reason, ran, takenOver);
    if (failure !== undefined) {
      this.#fail(failure);
      return "settled";
    }
    if (this.options.timeoutFrom === "running") clearTimeout(this.#deadline);
    return "again";
  }

  /** Asks it to stop: one that waits never runs, one that runs is cancelled, and killed when it does not heed that. */
  stop(error: Stop): void {
    if (this.#lane.queue.withdraw(this)) {
      this.#fail(error(this.#attempts > 0 ? "killed" : "never ran"));
      return;
    }
    this.#spares = false;
    if (this.#stopped === undefined || this.#unheard) this.#askToStop(error);
    this.#pressure?.allowGrace(this.#graceMs);
  }

  /** Where a run has ended, and nothing is lost by a kill, its session is soon free for others. */
  get #graceMs(): number {
    const { graceMs } = this.#lane;
    const isQuick = this.#runEnded && !this.options.changesState && this.#lane.comesBackWhole();
    return isQuick ? Math.min(graceMs, RUN_END_GRACE_MS) : graceMs;
  }

  /** Stops what nobody waits for. One that the worker has not come to has its time for stopping then: what runs before it may be left to finish. */
  #free(error: Stop): void {
    if (this.#stopped !== undefined) return;
    this.#spares = true;
    this.#askToStop(error);
    if (this.#isRunning) this.#pressure?.allowGrace(this.#graceMs);
  }

  #askToStop(error: Stop): void {
    this.#stopped = error;
    this.#pressure ??= new Pressure({
      cancel: () => this.#sent?.cancel(),
      onGraceOver: () => this.#kill(),
    });
    this.#pressure.ask();
  }

  #kill(): void {
    // It goes on being asked to stop, and its deadline holds.
    if (this.#spares && !this.#lane.comesBackWhole()) return;
    this.#killed = this.#stopped?.("killed");
    this.#lane.kill(this.#killed as Error);
  }

  #answered(sent: Sent, settle: () => void, error?: unknown, reply?: Reply): void {
    // What was sent to a worker that died is the queue's business: see workerGone.
    if (this.#sent !== sent) return;
    this.#sent = undefined;
    const heard = this.#stopped === undefined && !this.#unheard;
    if (reply !== undefined) this.options.onReply?.(reply, heard);
    if (this.#stopped !== undefined)
      this.#fail(this.#stopped(error instanceof CancelledError ? "cancelled" : "dropped", error));
    else settle();
    this.#lane.answered(this);
    this.#lane.queue.answered(this);
  }

  /** What the death of its worker makes it fail with; undefined when it is sent again. */
  #failureByDeath(reason: Error, ran: boolean, takenOver: boolean): Error | undefined {
    if (this.#stopped !== undefined)
      return ran ? (this.#killed ?? this.#stopped("killed", reason)) : this.#stopped("never ran", reason);
    if (!takenOver) return ran ? reason : new SessionLostError(this.request.site.session, reason);
    if (!ran) return undefined;
    const sentAgain = reason instanceof WorkerDiedError && this.#attempts < this.options.attempts;
    return sentAgain ? undefined : reason;
  }

  #succeed(reply: Reply): void {
    this.#cleanUp();
    this.#resolve(reply);
  }

  #fail(error: unknown): void {
    this.#cleanUp();
    this.#reject(error);
  }

  /** The shortest of several: which step is at work is looked at then. */
  get #timeoutMs(): number | undefined {
    const { timeoutMs, stepTimeoutsMs } = this.options;
    return stepTimeoutsMs === undefined ? timeoutMs : Math.min(...stepTimeoutsMs);
  }

  #startDeadline(leftMs = this.#timeoutMs): void {
    if (leftMs === undefined) return;
    this.#deadline =
      leftMs <= LONGEST_TIMER_MS
        ? setTimeout(this.#onDeadline, leftMs)
        : setTimeout(() => this.#startDeadline(leftMs - LONGEST_TIMER_MS), LONGEST_TIMER_MS);
  }

  #cleanUp(): void {
    this.request.loans?.end();
    this.#parts.questions.drop();
    clearTimeout(this.#deadline);
    this.#pressure?.end();
    clearImmediate(this.#verdict);
    unlisten(this.options.abort, this.#onAbort);
    unlisten(this.options.withdraw, this.#onWithdraw);
  }

  readonly #onDeadline = (): void => {
    const now = monotonicSeconds();
    const { step = 0, row, since = this.#runningSince } = this.#sent?.progress() ?? {};
    const timeoutMs = this.options.stepTimeoutsMs?.[step] ?? (this.options.timeoutMs as number);
    // The clock of Python is one that user code can replace: a step that is yet to begin has none of the time.
    const leftMs = timeoutMs - (now - (since > now ? this.#runningSince : since)) * 1_000;
    if (this.options.stepTimeoutsMs !== undefined && leftMs > 0) {
      this.#startDeadline(leftMs);
      return;
    }
    const { session, target } = this.request.sites?.[step] ?? this.request.site;
    this.#verdict = onceRead(() =>
      this.stop((fate, cause) =>
        inStep(new CallTimeoutError({ session, target, timeoutMs, fate }, cause), step, row),
      ),
    );
  };

  readonly #onAbort = (): void => {
    const reason: unknown = this.options.abort?.reason;
    this.#runEnded = this.options.withdraw !== undefined;
    this.stop((fate) => this.#abortedError(fate, reason));
  };

  readonly #onWithdraw = (): void => {
    // An abort ends the run, and with it what is wanted: which of the two is heard first must not matter.
    if (this.options.abort?.aborted) {
      this.#onAbort();
      return;
    }
    unlisten(this.options.abort, this.#onAbort);
    const reason: unknown = this.options.withdraw?.reason;
    if (this.#lane.queue.withdraw(this)) {
      this.#fail(this.#abortedError("never ran", reason));
      return;
    }
    this.#unheard = true;
    this.#runEnded = true;
    this.#reject(this.#abortedError("dropped", reason));
    // A state that is changed by half is worse than a session that is busy for longer.
    if (!this.options.changesState) this.#free((fate) => this.#abortedError(fate, reason));
  };

  #abortedError(fate: StoppedCallFate, reason: unknown): CallAbortedError {
    const { session, target } = this.request.site;
    return new CallAbortedError({ session, target, fate }, reason);
  }
}
