import { RecordFailure } from "../dispatch/judge.js";
import type { Place } from "../dispatch/search.js";
import { stepOf } from "../errors/failed-step.js";
import { BatchResultError, type CallSite } from "../errors/python.js";
import { RecordRejectedError } from "../errors/rejected.js";
import type { ExecutionOptions } from "../session/execution-options.js";
import { type Executor, siteIn } from "../session/replicas.js";
import type { PythonStep } from "../telemetry/python-step.js";
import { traceparentOf } from "../telemetry/traces.js";
import { BatchAskers, type StageViews } from "../views/desk.js";
import type { BatchReply, StepTimes } from "../wire/batch-reply.js";
import type { BatchRequest, Step } from "../wire/request.js";
import { BatchOfItems } from "./batch-of-items.js";
import { ColumnInput } from "./column-input.js";
import { ColumnItem } from "./column-item.js";
import { type StageContext, StageFailure } from "./contract.js";
import { endsProcess } from "./fault.js";
import type { Item } from "./item.js";
import { inMember, type PythonMember } from "./python-member.js";
import type { PythonStage } from "./python-stage.js";
import { type Reached, reachedSteps } from "./reached-steps.js";
import { type Chosen, Taps } from "./taps.js";

/** How often a batch is sent that each time kills its process, where the records that do it are not searched for. */
const MOST_ATTEMPTS = 3;

/** How a batch is sent: where, how often its records were before, and until when it is wanted. */
export interface Sending {
  readonly place: Place;
  readonly sentBefore?: number;
  readonly stop: AbortSignal;
}

/** Sends the batches of one stage, or of a group of stages, and tells what happens to them. */
export class BatchSender {
  readonly #members: readonly PythonMember[];
  readonly #stage: PythonStage;
  readonly #context: StageContext;
  /** The python stages among the members: what the steps of a batch are, by their places. */
  readonly #steps: readonly { readonly stage: PythonStage; readonly member: number }[];
  readonly #taps: Taps;
  readonly #askers: BatchAskers;
  /** Of stages that take columns. */
  readonly #columns: ColumnInput | undefined;
  #count = 0;

  constructor(members: readonly PythonMember[]) {
    this.#members = members;
    this.#steps = members.flatMap(({ stage }, member) =>
      stage.kind === "python" ? [{ stage, member }] : [],
    );
    this.#stage = this.#steps[0]?.stage as PythonStage;
    this.#context = (members[0] as PythonMember).context;
    this.#taps = new Taps(members);
    this.#askers = new BatchAskers(
      this.#steps.map(({ member }) => askersOf(members[member] as PythonMember)),
    );
    const { columns } = this.#stage;
    if (columns) this.#columns = new ColumnInput(columns === true ? undefined : columns);
  }

  /** How much memory a payload takes, in bytes, where that is known without looking at it. */
  get bytesOfRow(): number | undefined {
    return this.#columns?.bytesOfRow;
  }

  /** The result for each item, or the item with it as its payload; a RecordRejectedError where a function has set it aside, a RecordFailure where the item has failed by itself. */
  async send(items: readonly Item[], how: Sending): Promise<readonly unknown[]> {
    return (await this.carryOut(items, how)).results;
  }

  /**
   * The same, with the results of the first step.
   *
   * @param entering the places of items that come in behind the first step: what their payloads are, the others have become there. Left out: its results are not wanted.
   */
  async carryOut(
    items: readonly Item[],
    how: Sending,
    entering?: ReadonlySet<number>,
  ): Promise<{ results: readonly unknown[]; first: (place: number) => unknown }> {
    const chosen = this.#taps.choose(items, entering);
    const firsts = entering && [...items.keys()].filter((index) => !entering.has(index));
    const { batch, results } = await this.#send(items, how, { chosen, firsts, entering });
    const first = firstResults(firsts, batch, results);
    try {
      const taps = firsts === undefined ? batch.taps : batch.taps.slice(1);
      const came = { chosen, batch: { left: batch.left, taps }, stop: how.stop };
      if (chosen.length > 0) await this.#taps.show(items, results, came);
    } finally {
      const { bytes, times } = batch;
      this.#context.books.crossed({ rows: items.length, bytes, times, settled: performance.now() });
    }
    return { results, first };
  }

  /** One trip to Python and back, with its events. */
  async #send(
    items: readonly Item[],
    { place, sentBefore, stop }: Sending,
    wanted: Wanted,
  ): Promise<{ batch: BatchReply; results: unknown[] }> {
    const { run, pipe, events, session, probes } = this.#context;
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
      const reply = await executor.execute(
        this.#request(items, wanted, traceparentOf(about)),
        this.#site,
        this.#options(stop, sentBefore),
      );
      const batch = reply.batch as BatchReply;
      const results = this.#resultsOf(batch, items);
      const durationMs = performance.now() - began;
      const isReached = reachedSteps(batch, items.length, wanted.entering?.size);
      this.#note(batch, durationMs, isReached);
      const computeMs = reply.computeNanoseconds / 1e6;
      // The spread is last: in Node 20 an object that begins with one has a hidden class of its own.
      events.emit("batch-stop", { durationMs, computeMs, steps: this.#stepsOf(batch, isReached), ...about });
      return { batch, results };
    } catch (error) {
      const { stage, member } = this.#stepAt(stepOf(error));
      inMember(error, member);
      if (place === "session" && endsProcess(error))
        this.#context.sessionEnd.failure = new StageFailure(stage.name, error);
      events.emit("batch-failure", { ...about, durationMs: performance.now() - began, error });
      throw error;
    }
  }

  #resultsOf({ results, left, columns }: BatchReply, items: readonly Item[]): unknown[] {
    const size = items.length;
    const got = (columns?.rows ?? results.length) + left.length;
    if (got !== size) throw new BatchResultError(this.#callSite, { expected: size, got, type: "list" });
    if (left.length === 0 && columns === undefined) return results as unknown[];
    const all: unknown[] = new Array(size);
    for (const { index, step, why } of left) {
      const { member } = this.#stepAt(step);
      all[index] =
        typeof why === "string"
          ? inMember(new RecordRejectedError(why), member)
          : new RecordFailure(inMember(why, member), member);
    }
    let next = 0;
    for (let index = 0; index < size; index++) {
      if (left.length > 0 && index in all) continue;
      const item = items[index] as Item;
      all[index] = columns === undefined ? results[next] : new ColumnItem(item, item, columns, next);
      next += 1;
    }
    return all;
  }

  /** The first stage counts the whole trip, whatever its function has to do with it. */
  #note({ times: { steps } }: BatchReply, durationMs: number, isReached: Reached): void {
    for (const [step, { member }] of this.#steps.entries()) {
      if (step > 0 && !isReached(step)) continue;
      const { began, done } = steps[step] as StepTimes;
      const { books } = (this.#members[member] as PythonMember).context;
      books.batch(step === 0 ? durationMs : done - began, done - began);
    }
  }

  #stepsOf({ times: { steps } }: BatchReply, isReached: Reached): PythonStep[] {
    const told = this.#steps.map(({ stage }, step) => ({
      stage: stage.name,
      name: `${stage.module}.${stage.function}`,
      beganMs: (steps[step] as StepTimes).began,
      endedMs: (steps[step] as StepTimes).done,
    }));
    return told.filter((_, step) => isReached(step));
  }

  #stepAt(step: number): { readonly stage: PythonStage; readonly member: number } {
    return this.#steps[step] as { stage: PythonStage; member: number };
  }

  #request(
    items: readonly Item[],
    { chosen, firsts, entering }: Wanted,
    traceparent: string | undefined,
  ): BatchRequest {
    const columns = this.#columns;
    return new BatchOfItems(items, {
      steps: this.#steps.map(({ stage }) => ({
        stage: stage.name,
        module: stage.module,
        function: stage.function,
        form: formOf(stage),
      })),
      taps: [
        ...(firsts === undefined ? [] : [{ step: 0, indices: firsts }]),
        ...chosen.map(({ request }) => request),
      ],
      entries: entering?.size ? [{ step: 1, indices: [...entering] }] : undefined,
      traceparent,
      columns: columns && ((all) => columns.columnsOf(all)),
    });
  }

  get #callSite(): CallSite {
    return siteIn(this.#context.session?.id as string, this.#site);
  }

  get #site() {
    return { target: `${this.#stage.module}.${this.#stage.function}`, stage: this.#stage.name };
  }

  #options(stop: AbortSignal, sentBefore: number | undefined): ExecutionOptions {
    const { policy, run, abort } = this.#context;
    return {
      owner: run,
      depth: this.#stage.inFlight.perProcess,
      stepTimeoutsMs: this.#steps.map(({ stage }) => stage.timeoutMs),
      timeoutFrom: "running",
      abort,
      withdraw: stop,
      askers: this.#askers,
      sentBefore,
      // Under any other policy what killed its process is tried again in copies, which may die of it.
      attempts: policy === "halt" && !this.#stage.stateful ? MOST_ATTEMPTS : 1,
      changesState: this.#stage.stateful,
    };
  }
}

/** What the Python of a stage may ask, and as whom. */
function askersOf({ context }: PythonMember): StageViews {
  const { run, pipe, stage, metadata, stores, views } = context;
  return { views, asker: { run, pipe, stage, metadata, stores } };
}

/** What comes home of a batch besides its results, and what does not begin with the first step. */
interface Wanted {
  readonly chosen: readonly Chosen[];
  /** The items whose results of the first step are wanted. */
  readonly firsts: readonly number[] | undefined;
  readonly entering: ReadonlySet<number> | undefined;
}

/** What the first step has made of items: what came home for them, or why they left there. */
function firstResults(
  firsts: readonly number[] | undefined,
  { left, taps }: BatchReply,
  results: readonly unknown[],
): (place: number) => unknown {
  if (firsts === undefined) return (place) => results[place];
  const gone = new Map(
    left.flatMap(({ index, step }) => (step === 0 ? [[index, results[index]] as const] : [])),
  );
  const came = (taps[0] ?? []).values();
  const all = new Map(firsts.map((index) => [index, gone.has(index) ? gone.get(index) : came.next().value]));
  return (place) => all.get(place);
}

function formOf({ each, columns }: PythonStage): Step["form"] {
  if (each) return "each";
  return columns ? "columns" : "list";
}
