import { setMaxListeners } from "node:events";
import type { Reply, RequestSite } from "../engine.js";
import { CallAbortedError, CallTimeoutError } from "../errors/session.js";
import { LONGEST_TIMER_MS } from "../options/fields.js";
import type { Job, JobQueue } from "./queue.js";

/** How one request is to be carried out. */
export interface ExecutionOptions extends RequestSite {
  /** Whose request it is, and how many of the owner's may be sent at once: see JobQueue. Default: its own, one. */
  readonly owner?: unknown;
  readonly depth?: number;
  readonly timeoutMs?: number | undefined;
  /** Where the time starts: when the request is made, or when the worker comes to it. */
  readonly timeoutFrom?: "request" | "running";
  /** Aborted: a request that waits is dropped, one that was sent is killed with its worker. */
  readonly abort?: AbortSignal | undefined;
  /** Aborted: a request that waits is dropped, one that was sent is left to finish, unheard. */
  readonly withdraw?: AbortSignal | undefined;
}

/** Ends the worker; `error` is what `culprit`, which made it necessary, fails with. */
export type KillWorker = (error: Error, culprit: Execution) => void;

/** One request: its place in the queue, its deadline, its signals, its outcome. */
export class Execution implements Job {
  readonly owner: unknown;
  readonly depth: number;
  readonly reply: Promise<Reply>;
  readonly #session: string;
  readonly #options: ExecutionOptions;
  readonly #send: () => Promise<Reply>;
  readonly #queue: JobQueue;
  readonly #kill: KillWorker;
  #resolve!: (reply: Reply) => void;
  #reject!: (error: unknown) => void;
  #timer: NodeJS.Timeout | undefined;
  #verdict: NodeJS.Immediate | undefined;

  constructor(
    session: string,
    options: ExecutionOptions,
    send: () => Promise<Reply>,
    queue: JobQueue,
    kill: KillWorker,
  ) {
    this.#session = session;
    this.#options = options;
    this.#send = send;
    this.#queue = queue;
    this.#kill = kill;
    this.owner = options.owner ?? this;
    this.depth = options.depth ?? 1;
    this.reply = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Takes its place in the queue. */
  begin(): void {
    const aborted = [this.#options.abort, this.#options.withdraw].find((signal) => signal?.aborted);
    if (aborted) {
      this.drop(new CallAbortedError({ ...this.#site, fate: "never ran" }, aborted.reason));
      return;
    }
    for (const signal of [this.#options.abort, this.#options.withdraw]) {
      // One signal for many calls is no leak, which Node would warn of.
      if (signal) setMaxListeners(0, signal);
    }
    this.#options.abort?.addEventListener("abort", this.#onAbort);
    this.#options.withdraw?.addEventListener("abort", this.#onWithdraw);
    if (this.#options.timeoutFrom !== "running") this.#startTimer();
    this.#queue.add(this);
  }

  start(): void {
    this.#send().then(
      (reply) => this.#finish(() => this.#resolve(reply)),
      (error) => this.#finish(() => this.#reject(error)),
    );
  }

  running(): void {
    if (this.#options.timeoutFrom === "running") this.#startTimer();
  }

  /** Fails a request that will not be sent any more. */
  drop(error: Error): void {
    this.#cleanUp();
    this.#reject(error);
  }

  #finish(settle: () => void): void {
    this.#cleanUp();
    settle();
    this.#queue.answered(this);
  }

  #startTimer(leftMs = this.#options.timeoutMs): void {
    if (leftMs === undefined) return;
    this.#timer =
      leftMs <= LONGEST_TIMER_MS
        ? setTimeout(this.#onTimeout, leftMs)
        : setTimeout(() => this.#startTimer(leftMs - LONGEST_TIMER_MS), LONGEST_TIMER_MS);
  }

  #cleanUp(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#verdict);
    this.#options.abort?.removeEventListener("abort", this.#onAbort);
    this.#options.withdraw?.removeEventListener("abort", this.#onWithdraw);
  }

  readonly #onTimeout = (): void => {
    const timeoutMs = this.#options.timeoutMs as number;
    // The answer may lie unread in the socket because Node was busy: it is read first.
    this.#verdict = setImmediate(() =>
      this.#stop((started) => new CallTimeoutError({ ...this.#site, timeoutMs, started })),
    );
  };

  readonly #onAbort = (): void => {
    const reason: unknown = this.#options.abort?.reason;
    this.#stop(
      (started) => new CallAbortedError({ ...this.#site, fate: started ? "killed" : "never ran" }, reason),
    );
  };

  readonly #onWithdraw = (): void => {
    // An abort ends the run, and with it what is wanted: which of the two is heard first must not matter.
    if (this.#options.abort?.aborted) {
      this.#onAbort();
      return;
    }
    this.#options.abort?.removeEventListener("abort", this.#onAbort);
    const reason: unknown = this.#options.withdraw?.reason;
    if (this.#queue.withdraw(this))
      this.drop(new CallAbortedError({ ...this.#site, fate: "never ran" }, reason));
    else this.#reject(new CallAbortedError({ ...this.#site, fate: "dropped" }, reason));
  };

  #stop(error: (started: boolean) => Error): void {
    if (this.#queue.withdraw(this)) this.drop(error(false));
    else this.#kill(error(true), this);
  }

  get #site(): { session: string; target: string } {
    return { session: this.#session, target: this.#options.target };
  }
}
