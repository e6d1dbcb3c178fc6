import { setMaxListeners } from "node:events";
import type { Clock } from "../clock.js";
import type { RejectedStream } from "../dead-letters/rejected-stream.js";
import type { DeadLetterSink } from "../dead-letters/sink.js";
import type { AnyEnd, ItemOf, Outputs } from "../plan/ends.js";
import { fusionOf, type StageGroup, unfused } from "../plan/fusion.js";
import { outputsOf, type PipePlan } from "../plan/plan.js";
import type { Readable } from "../plan/readable.js";
import type { Session } from "../session/session.js";
import type { Chunk } from "../stage/contract.js";
import type { Rejection } from "../stage/item.js";
import { isAborted } from "../stopping.js";
import { Emitter } from "../telemetry/emitter.js";
import { RUN_EVENTS, type RunEvents, type RunStatus } from "../telemetry/events.js";
import { Telemetry } from "../telemetry/telemetry.js";
import { RunAccounts } from "./accounts.js";
import { buildChain, type Chain } from "./chain.js";
import { type Ending, endingOf, type Gathered, hasFailed, whenAllIsTold } from "./ending.js";
import { explainer } from "./explain/explain.js";
import type { RunExplanation } from "./explain/explanation.js";
import { Pace } from "./explain/pace.js";
import { PipeHaltedError, RunConsumedError, RunUnfinishedError } from "./halted.js";
import { leavable } from "./leavable.js";
import { type Ledger, LedgerError } from "./ledger.js";
import type { LiveSummary, Receipts } from "./receipts.js";
import { Rejections } from "./rejections.js";
import type { MakeItem } from "./source.js";
import { viewsOfStages } from "./stage-views.js";
import { type StateWatch, watchState } from "./state-watch.js";
import { type RunStats, statsOf } from "./stats.js";
import { enlist, type Workforce } from "./workforce.js";

/** How a run ended, and its books. */
export interface RunSummary {
  readonly status: RunStatus;
  readonly ledger: Ledger;
  readonly stats: RunStats;
  /** The rejected records that neither a dead-letter sink has taken, nor whoever iterates `run.rejected`; who does so still is given them. */
  readonly rejected: readonly Rejection[];
  /** What a live source was told; undefined for any other input. */
  readonly live?: LiveSummary | undefined;
}

/** Everything that came out of a completed run. */
export interface Collected<Out, Ends extends AnyEnd = never> extends RunSummary {
  /**
   * The items of each output, in input order unless the pipe or a stage is `as-completed`. Every output of routes and policies is there, also when it is empty; one that only a function names may be
   * missing when nothing went there.
   */
  readonly outputs: Outputs<Out, Ends>;
}

interface RunParts {
  readonly plan: PipePlan;
  readonly input: Iterable<unknown> | AsyncIterable<unknown>;
  readonly session?: Session | undefined;
  readonly makeItem: MakeItem;
  /** Of an input whose records are acknowledged. */
  readonly receipts?: Receipts | undefined;
  readonly replicas?: number | undefined;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly deadLetter?: DeadLetterSink | undefined;
  readonly clock: Clock;
  /** Whether python stages may make one trip; records that enter in the middle of the pipe would pass some of them by. Default true. */
  readonly fused?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /**
   * Stands between the stages and what carries out their batches. For `faultTest()` alone, which is to see the pipe as it runs for its user: from
   * outside, a fault cannot be made to hit one batch, on every engine alike.
   */
  readonly around?: ((workforce: Workforce) => Executors) | undefined;
}

/** What carries out the batches of a run. */
export type Executors = Pick<Workforce, "executor" | "probes">;

let runs = 0;

/**
 * One execution of a pipe over an input. It is lazy: nothing starts before the first pull, and nothing goes on that is not pulled, but for a
 * bounded number of batches. It is consumed once: by `for await`, by `batches()`, or by `collect()`.
 */
export class Run<Out = unknown, Ends extends AnyEnd = never> implements AsyncIterable<ItemOf<Out, Ends>> {
  /** Names the run in events. */
  readonly id: string;
  /** How the run ended. Resolves also for a run that failed, when it has ended; never for one that is not consumed. */
  readonly done: Promise<RunSummary>;
  readonly #parts: RunParts;
  readonly #accounts: RunAccounts;
  readonly #rejections: Rejections;
  readonly #events: Emitter<RunEvents>;
  readonly #views: ReturnType<typeof viewsOfStages>;
  readonly #draining = new AbortController();
  readonly #groups: readonly StageGroup[];
  readonly #pace = new Pace();
  #explain: (() => Readable<RunExplanation>) | undefined;
  #announce!: (summary: RunSummary) => void;
  #consumed = false;

  /** @internal Made by `pipe.run()`. */
  constructor(parts: RunParts) {
    runs += 1;
    this.id = `${parts.plan.name}-${runs}`;
    this.#parts = parts;
    this.#events = new Emitter<RunEvents>(RUN_EVENTS, parts.session?.events ?? new Telemetry());
    const { plan, session, deadLetter, receipts } = parts;
    this.#views = viewsOfStages(plan, session);
    const about = { run: this.id, pipe: plan.name };
    this.#rejections = new Rejections(about, deadLetter, (rejection) => receipts?.closed(rejection));
    this.#accounts = new RunAccounts(plan, this.#rejections, receipts);
    this.#groups = (parts.fused ?? true) ? fusionOf(plan).groups : unfused(plan);
    this.done = new Promise((resolve) => {
      this.#announce = resolve;
    });
  }

  /**
   * The rejected records, as they come; iterate it beside the run. Those that were rejected before are given first. A reader that is slower than the
   * run holds it back; one that leaves hands what it has not read back to the run, which keeps it where no sink has it.
   */
  get rejected(): RejectedStream {
    return this.#rejections.stream;
  }

  /** Calls `listener` at each event of that name; gives back the function that ends this. Events are listed in docs/guides/events.md. */
  on<Name extends keyof RunEvents>(name: Name, listener: (event: RunEvents[Name]) => void): () => void {
    return this.#events.on(name, listener);
  }

  /**
   * The items, in input order unless the pipe or a stage is `as-completed`. Leaving the loop ends the run.
   *
   * @throws PipeHaltedError after the last item that was finished, when the run ends early; RunConsumedError the second time.
   */
  [Symbol.asyncIterator](): AsyncGenerator<ItemOf<Out, Ends>, void, undefined> {
    return leavable((left) => this.#items(left));
  }

  /** The items in arrays, as the stages finished them: cheaper for a consumer that takes many at once. @throws as the iteration. */
  batches(): AsyncGenerator<readonly ItemOf<Out, Ends>[], void, undefined> {
    return leavable((left) => this.#batches(left));
  }

  /** Takes no more records, and finishes those that it has taken; the run then ends as `stopped`. Does nothing to a run that has ended. */
  drain(): void {
    this.#draining.abort();
  }

  /**
   * Where the time of the run went, as plain data: what was at work, what was waited for, the parts of its trips to Python, and what the limit was. `String()` and
   * `console.log()` show it as text, as `explainRunText` does.
   *
   * @throws RunUnfinishedError before the run has ended: `run.done` tells when.
   */
  explain(): Readable<RunExplanation> {
    if (this.#explain === undefined) throw new RunUnfinishedError(this.#parts.plan.name);
    return this.#explain();
  }

  /** Runs to the end and gives everything at once. @throws as the iteration; the error has the outputs up to there. */
  async collect(): Promise<Collected<Out, Ends>> {
    const outputs: Gathered = new Map(outputsOf(this.#parts.plan).map((route) => [route, []]));
    for await (const chunk of this.#chunks(undefined, outputs)) {
      for (const item of chunk) {
        this.#accounts.delivered(item.route);
        const output = outputs.get(item.route);
        if (output === undefined) outputs.set(item.route, [item]);
        else output.push(item);
      }
    }
    const byName = Object.fromEntries(outputs) as unknown as Collected<Out, Ends>["outputs"];
    return { ...(await this.done), outputs: byName };
  }

  async *#items(left: AbortSignal): AsyncGenerator<ItemOf<Out, Ends>, void, undefined> {
    const { receipts } = this.#parts;
    for await (const chunk of this.#chunks(left)) {
      let taken = 0;
      this.#pace.gives();
      try {
        for (const item of chunk) {
          taken += 1;
          this.#accounts.delivered(item.route);
          receipts?.shown(item);
          yield item as ItemOf<Out, Ends>;
          // Only now the consumer is done with it.
          receipts?.closed(item);
        }
      } finally {
        this.#pace.takes();
        this.#accounts.undelivered(chunk.slice(taken));
      }
    }
  }

  async *#batches(left: AbortSignal): AsyncGenerator<readonly ItemOf<Out, Ends>[], void, undefined> {
    const { receipts } = this.#parts;
    for await (const chunk of this.#chunks(left)) {
      this.#accounts.allDelivered(chunk);
      if (receipts) for (const item of chunk) receipts.shown(item);
      this.#pace.gives();
      try {
        yield chunk as readonly ItemOf<Out, Ends>[];
      } finally {
        this.#pace.takes();
      }
      if (receipts) for (const item of chunk) receipts.closed(item);
    }
  }

  /** The chain, pulled chunk by chunk, with the run's beginning and end around it. `left` is aborted when nobody waits for more. */
  async *#chunks(left?: AbortSignal, outputs: Gathered = new Map()): AsyncGenerator<Chunk> {
    if (this.#consumed) throw new RunConsumedError(this.#parts.plan.name);
    this.#consumed = true;
    const began = performance.now();
    this.#pace.begin();
    const { session, plan, signal } = this.#parts;
    this.#events.emit("run-start", { run: this.id, pipe: plan.name, session: session?.id });
    if (signal) setMaxListeners(0, signal);
    const failed = [this.#rejections.failed, this.#parts.receipts?.failed];
    const unwanted = AbortSignal.any([signal, left, ...failed].filter((each) => each !== undefined));
    let ending: Ending = { status: "stopped" };
    let workforce: Workforce | undefined;
    let chain: Chain | undefined;
    let state: StateWatch | undefined;
    let unfollow = (): void => {};
    const unlisten = this.#events.on("batch-failure", (batch) => this.#pace.batchFailed(batch.durationMs));
    try {
      const use = { drain: () => this.drain(), done: this.done };
      workforce = await enlist({ ...this.#parts, use, signal: unwanted });
      chain = this.#build(workforce);
      // Before the stages are left: one that waits must give up what it waits for first.
      unfollow = followAbort(unwanted, chain);
      state = watchState(session, plan, chain);
      for (let next = await chain.chunks.next(); !next.done; next = await chain.chunks.next())
        yield next.value;
      ending = { status: isAborted(this.#draining.signal) ? "stopped" : "completed" };
    } catch (error) {
      if (!isAborted(left)) ending = endingOf(error, signal, state?.lost);
    } finally {
      unlisten();
      unfollow();
      state?.end();
      await chain?.chunks.return(undefined);
      await workforce?.dismiss();
      ending = await whenAllIsTold(ending, { ...this.#parts, rejections: this.#rejections, outputs, left });
      this.#finish(ending, performance.now() - began, outputs);
    }
  }

  #build(workforce: Workforce): Chain {
    const { executor, probes } = this.#parts.around?.(workforce) ?? workforce;
    if (this.#parts.session?.pid !== undefined) this.#pace.processes = workforce.executor?.width;
    return buildChain({
      ...this.#parts,
      groups: this.#groups,
      session: executor,
      probes,
      run: this.id,
      views: this.#views,
      abort: this.#parts.signal,
      drained: this.#draining.signal,
      accounts: this.#accounts,
      onWaited: (durationMs) => {
        this.#pace.inputMs += durationMs;
      },
      events: this.#events,
    });
  }

  /** Closes the books and tells how the run ended. @throws what the consumer must know. */
  #finish(ending: Ending, durationMs: number, outputs: Gathered): void {
    const { plan, session } = this.#parts;
    const { status, stage, cause } = ending;
    const ledger = this.#accounts.ledger();
    const rejected = this.#rejections.untaken;
    const live = this.#parts.receipts?.summary;
    const stats = statsOf(this.#accounts, durationMs);
    this.#pace.end();
    const books = { accounts: this.#accounts, pace: this.#pace };
    this.#explain = explainer({ run: this.id, status, durationMs, plan, groups: this.#groups, ...books });
    this.#announce({ status, ledger, rejected, stats, ...(live && { live }) });
    const failed = hasFailed(ending);
    const unbalanced = ledger.balanced ? undefined : new LedgerError(ledger, this.#accounts.differences());
    const told = { run: this.id, pipe: plan.name, session: session?.id, status, durationMs };
    if (failed || unbalanced) this.#events.emit("run-failure", { ...told, error: unbalanced ?? cause });
    else this.#events.emit("run-stop", told);
    if (unbalanced) throw unbalanced;
    if (failed) {
      const about = { pipe: plan.name, status, stage, ledger, rejected, cause };
      throw new PipeHaltedError({ ...about, outputs: Object.fromEntries(outputs) });
    }
  }
}

/** Gives back what ends it: a signal that is made of others is kept, with all that its listeners know, for as long as it has any. */
function followAbort(unwanted: AbortSignal, chain: Chain): () => void {
  const stop = (): void => chain.stop(unwanted.reason);
  if (unwanted.aborted) stop();
  else unwanted.addEventListener("abort", stop);
  return () => unwanted.removeEventListener("abort", stop);
}
