import { dispatch } from "../dispatch/dispatch.js";
import type { Outcome } from "../dispatch/halving.js";
import { FixedBatches } from "../dispatch/strategies/fixed.js";
import { BatchResultError, PythonError } from "../errors/python.js";
import { CallTimeoutError, MemoryLimitError, SessionLostError, WorkerDiedError } from "../errors/session.js";
import { ValueNotSupportedError } from "../errors/value.js";
import type { Executor } from "../session/replicas.js";
import {
  type Chunk,
  failStage,
  type Operator,
  rejection,
  type StageContext,
  StageFailure,
} from "./contract.js";
import { type Item, withPayload } from "./item.js";

/** The plan of a python stage: a batch function of the run's session, which takes n payloads and gives back n results, in order. */
export interface PythonStage {
  readonly kind: "python";
  readonly name: string;
  readonly module: string;
  readonly function: string;
  readonly batchSize: number;
  /** How long one batch may run. */
  readonly timeoutMs: number;
  /** Whether what it gives back may depend on the batches before: each is sent once, whole, and to the same process. */
  readonly stateful: boolean;
}

/**
 * Batches of one python stage that may be sent to a process at once: the second is there when the first is answered. Measured: one to two is the
 * gain, more gives nothing.
 */
const IN_FLIGHT = 2;

/** Records in batches through a Python function. */
export function pythonOperator(stage: PythonStage, context: StageContext): Operator {
  return async function* run(upstream: AsyncIterable<Chunk>): AsyncGenerator<Chunk> {
    const batches = new BatchSender(stage, context);
    let failure: { error: unknown } | undefined;
    const outcomes = dispatch<Item, unknown>(upstream, {
      strategy: new FixedBatches(stage.batchSize),
      maxInFlight: IN_FLIGHT * (context.session as Executor).width,
      divides: !stage.stateful,
      execute: (batch, stop) => batches.send(batch, stop),
      blames: (error) => context.policy === "reject" && isAboutRecords(error),
      stopped: context.stopped,
      onFailure: (error) => {
        const atFault = endsSession(error) ? context.sessionEnd.failure : undefined;
        failure = { error: atFault ?? failStage(error, context) };
        context.stop(error);
      },
      onUnfinished: (count) => context.books.unfinished(count),
    });
    try {
      for await (const answered of outcomes) {
        const { done, tooMany } = settle(answered, context);
        context.books.left(done.length);
        if (done.length > 0) yield done;
        if (tooMany) throw tooMany.error;
      }
    } catch (error) {
      throw failure ? failure.error : error;
    }
  };
}

/** Only these may be one record's fault. A missing module, a dead worker or an abort would fail every record alike. */
function isAboutRecords(error: unknown): boolean {
  return (
    error instanceof PythonError ||
    error instanceof BatchResultError ||
    error instanceof ValueNotSupportedError
  );
}

function endsSession(error: unknown): boolean {
  return (
    error instanceof WorkerDiedError ||
    error instanceof MemoryLimitError ||
    error instanceof CallTimeoutError ||
    error instanceof SessionLostError
  );
}

/** Sorts the outcomes of a batch: what goes on, and, when more were rejected than a run can keep, what ends the stage. */
function settle(
  outcomes: readonly Outcome<Item, unknown>[],
  context: StageContext,
): { done: Item[]; tooMany?: { error: unknown } } {
  const done: Item[] = [];
  for (const [index, outcome] of outcomes.entries()) {
    if (outcome.ok) {
      done.push(withPayload(outcome.record, outcome.result));
      continue;
    }
    try {
      context.books.rejected(rejection(outcome.record, context.stage, outcome.error));
    } catch (error) {
      context.books.unfinished(outcomes.length - index);
      return { done, tooMany: { error: failStage(error, context) } };
    }
  }
  return { done };
}

/** Sends the batches of one stage, and tells what happens to them. */
class BatchSender {
  readonly #stage: PythonStage;
  readonly #context: StageContext;
  #count = 0;

  constructor(stage: PythonStage, context: StageContext) {
    this.#stage = stage;
    this.#context = context;
  }

  async send(items: readonly Item[], stop: AbortSignal): Promise<readonly unknown[]> {
    const { run, pipe, events, books } = this.#context;
    const session = this.#context.session as Executor;
    const about = {
      run,
      pipe,
      session: session.id,
      stage: this.#stage.name,
      batch: this.#count++,
      size: items.length,
    };
    const began = performance.now();
    events.emit("batch-start", about);
    try {
      const { value, computeNanoseconds } = await session.execute(
        this.#request(items),
        this.#site,
        this.#options(stop),
      );
      const durationMs = performance.now() - began;
      const computeMs = computeNanoseconds / 1e6;
      books.batch(durationMs, computeMs);
      events.emit("batch-stop", { ...about, durationMs, computeMs });
      return value as unknown[];
    } catch (error) {
      // Batches that fail together fail in the order in which they were sent.
      if (endsSession(error)) this.#context.sessionEnd.failure ??= new StageFailure(this.#stage.name, error);
      events.emit("batch-failure", { ...about, durationMs: performance.now() - began, error });
      throw error;
    }
  }

  #request(items: readonly Item[]) {
    return {
      kind: "batch" as const,
      module: this.#stage.module,
      function: this.#stage.function,
      payloads: items.map((item) => item.payload),
    };
  }

  get #site() {
    return { target: `${this.#stage.module}.${this.#stage.function}`, stage: this.#stage.name };
  }

  #options(stop: AbortSignal) {
    return {
      owner: this.#context.run,
      depth: IN_FLIGHT,
      timeoutMs: this.#stage.timeoutMs,
      timeoutFrom: "running" as const,
      abort: this.#context.abort,
      withdraw: stop,
      repeatable: !this.#stage.stateful,
      changesState: this.#stage.stateful,
    };
  }
}
