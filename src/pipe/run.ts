import { setMaxListeners } from "node:events";
import type { Executor } from "../session/replicas.js";
import type { Session } from "../session/session.js";
import { type Chunk, StageFailure } from "../stage/contract.js";
import type { Item, Rejection } from "../stage/item.js";
import { Emitter } from "../telemetry/emitter.js";
import { RUN_EVENTS, type RunEvents, type RunStatus } from "../telemetry/events.js";
import { buildChain, type Chain } from "./chain.js";
import { PipeHaltedError, RunConsumedError } from "./halted.js";
import { leavable } from "./leavable.js";
import { type Ledger, LedgerError, RunAccounts } from "./ledger.js";
import { type PipePlan, routesOf } from "./plan.js";
import { InputFailure } from "./source.js";
import { type StateWatch, watchState } from "./state-watch.js";
import { type RunStats, statsOf } from "./stats.js";
import { enlist, type Workforce } from "./workforce.js";

/** How a run ended, and its books. */
export interface RunSummary {
  readonly status: RunStatus;
  readonly ledger: Ledger;
  readonly stats: RunStats;
  readonly rejected: readonly Rejection[];
}

/** Everything that came out of a completed run. */
export interface Collected<Out, Routes extends string> extends RunSummary {
  /** The items of each output, in input order. Every declared output is there, also when it is empty. */
  readonly outputs: { readonly [Route in Routes]: readonly Item<Out, Route>[] };
}

interface RunParts {
  readonly plan: PipePlan;
  readonly input: Iterable<unknown> | AsyncIterable<unknown>;
  readonly session: Session | undefined;
  readonly replicas: number | undefined;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly signal: AbortSignal | undefined;
}

let runs = 0;

/**
 * One execution of a pipe over an input. It is lazy: nothing starts before the first pull, and nothing goes on that is not pulled, but for a
 * bounded number of batches. It is consumed once: by `for await`, by `batches()`, or by `collect()`.
 */
export class Run<Out = unknown, Routes extends string = string> implements AsyncIterable<Item<Out, Routes>> {
  /** Names the run in events. */
  readonly id: string;
  /** How the run ended. Resolves also for a run that failed, when it has ended; never for one that is not consumed. */
  readonly done: Promise<RunSummary>;
  readonly #parts: RunParts;
  readonly #accounts: RunAccounts;
  readonly #events: Emitter<RunEvents>;
  readonly #draining = new AbortController();
  #announce!: (summary: RunSummary) => void;
  #consumed = false;

  /** @internal Made by `pipe.run()`. */
  constructor(parts: RunParts) {
    runs += 1;
    this.id = `${parts.plan.name}-${runs}`;
    this.#parts = parts;
    this.#events = new Emitter<RunEvents>(RUN_EVENTS, parts.session?.events);
    this.#accounts = new RunAccounts(
      parts.plan.stages.map((stage) => stage.name),
      routesOf(parts.plan),
    );
    this.done = new Promise((resolve) => {
      this.#announce = resolve;
    });
  }

  /** Calls `listener` at each event of that name; gives back the function that ends this. Events are listed in docs/guides/events.md. */
  on<Name extends keyof RunEvents>(name: Name, listener: (event: RunEvents[Name]) => void): () => void {
    return this.#events.on(name, listener);
  }

  /**
   * The items, in input order. Leaving the loop ends the run.
   *
   * @throws PipeHaltedError after the last item that was finished, when the run ends early; RunConsumedError the second time.
   */
  [Symbol.asyncIterator](): AsyncGenerator<Item<Out, Routes>, void, undefined> {
    return leavable((left) => this.#items(left));
  }

  /** The items in arrays, as the stages finished them: cheaper for a consumer that takes many at once. @throws as the iteration. */
  batches(): AsyncGenerator<readonly Item<Out, Routes>[], void, undefined> {
    return leavable((left) => this.#batches(left));
  }

  /** Takes no more records, and finishes those that it has taken; the run then ends as `stopped`. Does nothing to a run that has ended. */
  drain(): void {
    this.#draining.abort();
  }

  /** Runs to the end and gives everything at once. @throws as the iteration; the error has the outputs up to there. */
  async collect(): Promise<Collected<Out, Routes>> {
    const outputs: Outputs = Object.fromEntries(routesOf(this.#parts.plan).map((route) => [route, []]));
    for await (const chunk of this.#chunks(undefined, outputs)) {
      for (const item of chunk) {
        this.#accounts.delivered(item.route);
        outputs[item.route]?.push(item);
      }
    }
    return { ...(await this.done), outputs: outputs as unknown as Collected<Out, Routes>["outputs"] };
  }

  async *#items(left: AbortSignal): AsyncGenerator<Item<Out, Routes>, void, undefined> {
    for await (const chunk of this.#chunks(left)) {
      let taken = 0;
      try {
        for (const item of chunk) {
          taken += 1;
          this.#accounts.delivered(item.route);
          yield item as Item<Out, Routes>;
        }
      } finally {
        this.#accounts.undelivered += chunk.length - taken;
      }
    }
  }

  async *#batches(left: AbortSignal): AsyncGenerator<readonly Item<Out, Routes>[], void, undefined> {
    for await (const chunk of this.#chunks(left)) {
      for (const item of chunk) this.#accounts.delivered(item.route);
      yield chunk as readonly Item<Out, Routes>[];
    }
  }

  /** The chain, pulled chunk by chunk, with the run's beginning and end around it. `left` is aborted when nobody waits for more. */
  async *#chunks(left?: AbortSignal, outputs: Outputs = {}): AsyncGenerator<Chunk> {
    if (this.#consumed) throw new RunConsumedError(this.#parts.plan.name);
    this.#consumed = true;
    const began = performance.now();
    const { session, plan, signal } = this.#parts;
    this.#events.emit("run-start", { run: this.id, pipe: plan.name, session: session?.id });
    if (signal) setMaxListeners(0, signal);
    const unwanted = AbortSignal.any([signal, left].filter((each) => each !== undefined));
    let ending: Ending = { status: "stopped" };
    let workforce: Workforce | undefined;
    let chain: Chain | undefined;
    let state: StateWatch | undefined;
    try {
      const use = { drain: () => this.drain(), done: this.done };
      workforce = await enlist({ ...this.#parts, use, signal: unwanted });
      chain = this.#build(workforce.executor);
      // Before the stages are left: one that waits must give up what it waits for first.
      followAbort(unwanted, chain);
      state = watchState(session, plan, chain);
      for (let next = await chain.chunks.next(); !next.done; next = await chain.chunks.next())
        yield next.value;
      ending = { status: this.#draining.signal.aborted ? "stopped" : "completed" };
    } catch (error) {
      if (!left?.aborted) ending = this.#endingOf(error, state?.lost);
    } finally {
      state?.end();
      await chain?.chunks.return(undefined);
      await workforce?.dismiss();
      this.#finish(ending, performance.now() - began, outputs);
    }
  }

  #build(session: Executor | undefined): Chain {
    return buildChain({
      ...this.#parts,
      session,
      run: this.id,
      abort: this.#parts.signal,
      drained: this.#draining.signal,
      accounts: this.#accounts,
      events: this.#events,
    });
  }

  /** @param lost what stopped the run, when that was the loss of the session's state: what is thrown then is what came of it. */
  #endingOf(thrown: unknown, lost: StageFailure | undefined): Ending {
    const { signal } = this.#parts;
    if (signal?.aborted) return { status: "aborted", cause: signal.reason };
    const error = thrown instanceof StageFailure ? thrown : (lost ?? thrown);
    if (error instanceof StageFailure) return { status: "halted", stage: error.stage, cause: error.cause };
    return { status: "halted", cause: error instanceof InputFailure ? error.cause : error };
  }

  /** Closes the books and tells how the run ended. @throws what the consumer must know. */
  #finish(ending: Ending, durationMs: number, outputs: Outputs): void {
    const { plan, session } = this.#parts;
    const { status, stage, cause } = ending;
    const ledger = this.#accounts.ledger();
    const rejected = this.#accounts.rejected;
    this.#announce({ status, ledger, rejected, stats: statsOf(this.#accounts, durationMs) });
    const failed = status === "halted" || status === "aborted";
    const unbalanced = ledger.balanced ? undefined : new LedgerError(ledger, this.#accounts.differences());
    const about = { run: this.id, pipe: plan.name, session: session?.id, status, durationMs };
    if (failed || unbalanced) this.#events.emit("run-failure", { ...about, error: unbalanced ?? cause });
    else this.#events.emit("run-stop", about);
    if (unbalanced) throw unbalanced;
    if (failed)
      throw new PipeHaltedError({ pipe: plan.name, status, stage, ledger, rejected, outputs, cause });
  }
}

function followAbort(unwanted: AbortSignal, chain: Chain): void {
  const stop = (): void => chain.stop(unwanted.reason);
  if (unwanted.aborted) stop();
  else unwanted.addEventListener("abort", stop, { once: true });
}

type Outputs = Record<string, Item[]>;

interface Ending {
  readonly status: RunStatus;
  readonly stage?: string;
  readonly cause?: unknown;
}
