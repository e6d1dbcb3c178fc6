import { RecordFailure } from "../dispatch/judge.js";
import type { Place } from "../dispatch/search.js";
import type { Reply } from "../engine.js";
import { BatchResultError } from "../errors/python.js";
import { RecordRejectedError } from "../errors/rejected.js";
import type { Executor } from "../session/replicas.js";
import { typeNameOf } from "../wire/refusal.js";
import { type StageContext, StageFailure } from "./contract.js";
import { endsProcess } from "./fault.js";
import type { Item } from "./item.js";
import type { PythonStage } from "./python-stage.js";

/** How often a batch is sent that each time kills its process, where the records that do it are not searched for. */
const MOST_ATTEMPTS = 3;

/** Sends the batches of one stage, and tells what happens to them. */
export class BatchSender {
  readonly #stage: PythonStage;
  readonly #context: StageContext;
  #count = 0;

  constructor(stage: PythonStage, context: StageContext) {
    this.#stage = stage;
    this.#context = context;
  }

  /** The result for each item; a RecordRejectedError where the function has set it aside, a RecordFailure where the item has failed by itself. */
  async send(
    items: readonly Item[],
    { place, stop }: { place: Place; stop: AbortSignal },
  ): Promise<readonly unknown[]> {
    const { run, pipe, events, books, session, probes } = this.#context;
    const executor = (place === "session" ? session : probes) as Executor;
    const about = {
      run,
      pipe,
      session: executor.id,
      stage: this.#stage.name,
      batch: this.#count++,
      size: items.length,
      probe: place === "probe",
    };
    const began = performance.now();
    events.emit("batch-start", about);
    try {
      const reply = await executor.execute(this.#request(items), this.#site, this.#options(stop));
      const results = this.#resultsOf(reply, items.length);
      const durationMs = performance.now() - began;
      const computeMs = reply.computeNanoseconds / 1e6;
      books.batch(durationMs, computeMs);
      events.emit("batch-stop", { ...about, durationMs, computeMs });
      return results;
    } catch (error) {
      if (place === "session" && endsProcess(error))
        this.#context.sessionEnd.failure = new StageFailure(this.#stage.name, error);
      events.emit("batch-failure", { ...about, durationMs: performance.now() - began, error });
      throw error;
    }
  }

  #resultsOf({ value, rejected, failed }: Reply, expected: number): readonly unknown[] {
    const got = Array.isArray(value) ? value.length : undefined;
    if (got !== expected) {
      const site = { ...this.#site, session: this.#context.session?.id as string };
      throw new BatchResultError(site, { expected, got, type: typeNameOf(value) });
    }
    const results = value as unknown[];
    for (const [index, reason] of rejected ?? []) results[index] = new RecordRejectedError(reason);
    for (const [index, error] of failed ?? []) results[index] = new RecordFailure(error);
    return results;
  }

  #request(items: readonly Item[]) {
    return {
      kind: "batch" as const,
      module: this.#stage.module,
      function: this.#stage.function,
      payloads: items.map((item) => item.payload),
      each: this.#stage.each,
    };
  }

  get #site() {
    return { target: `${this.#stage.module}.${this.#stage.function}`, stage: this.#stage.name };
  }

  #options(stop: AbortSignal) {
    const { policy, run, abort } = this.#context;
    return {
      owner: run,
      depth: this.#stage.inFlight.perProcess,
      timeoutMs: this.#stage.timeoutMs,
      timeoutFrom: "running" as const,
      abort,
      withdraw: stop,
      // Under any other policy what killed its process is tried again in copies, which may die of it.
      attempts: policy === "halt" && !this.#stage.stateful ? MOST_ATTEMPTS : 1,
      changesState: this.#stage.stateful,
    };
  }
}
