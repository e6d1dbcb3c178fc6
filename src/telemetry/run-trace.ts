import { type Context, context, isSpanContextValid, type Tracer } from "@opentelemetry/api";
import type { AttributeKey } from "./attributes.js";
import { attributes } from "./attributes.js";
import type { RunEvents } from "./events.js";
import type { PythonStep } from "./python-step.js";
import { failSpan, type OpenSpan, openSpan } from "./span.js";

type BatchName = Pick<RunEvents["batch-start"], "stage" | "batch">;
type Ending = Partial<Record<AttributeKey, string | number>>;

/** The spans of one run: made of its events, and as many as it has starts. */
export class RunTrace {
  readonly #tracer: Tracer;
  readonly #run: OpenSpan;
  /** Kept when they have ended: a batch may be told to have failed after its stage. */
  readonly #stages = new Map<string, OpenSpan>();
  readonly #batches = new Map<string, OpenSpan>();
  // One for the whole run: what lies within another on the monotonic clock does so in the trace.
  readonly #epochMs = Date.now() - performance.now();
  #isOver = false;

  private constructor(tracer: Tracer, { run, pipe, session }: RunEvents["run-start"]) {
    this.#tracer = tracer;
    const values = { pipe, run, session };
    this.#run = this.#open("run", pipe, context.active(), values);
  }

  /** The trace of a run that starts; undefined where the tracer makes none. */
  static start(tracer: Tracer, event: RunEvents["run-start"]): RunTrace | undefined {
    const trace = new RunTrace(tracer, event);
    return isSpanContextValid(trace.#run.span.spanContext()) ? trace : undefined;
  }

  /** Whether no event can come any more that it would make anything of. */
  get isComplete(): boolean {
    return this.#isOver && this.#batches.size === 0;
  }

  runEnded({ status }: RunEvents["run-stop"], failure?: RunEvents["run-failure"]): void {
    this.#isOver = true;
    this.#end(this.#run, { status }, failure);
  }

  stageStarted({ run, pipe, session, stage, kind }: RunEvents["stage-start"]): void {
    const values = { pipe, run, session, stage, kind };
    this.#stages.set(stage, this.#open("stage", stage, this.#run.context, values));
  }

  stageStopped({ stage, in: taken, out, rejected, filtered }: RunEvents["stage-stop"]): void {
    this.#end(this.#stages.get(stage), { in: taken, out, rejected, filtered });
  }

  stageFailed(failure: RunEvents["stage-failure"]): void {
    this.#end(this.#stages.get(failure.stage), {}, failure);
  }

  batchStarted({ run, pipe, session, stage, batch, size, probe }: RunEvents["batch-start"]): void {
    const parent = this.#stages.get(stage) ?? this.#run;
    const values = { pipe, run, session, stage, batch, size, probe };
    this.#batches.set(keyOf({ stage, batch }), this.#open("batch", stage, parent.context, values));
  }

  batchStopped(event: RunEvents["batch-stop"]): void {
    const batch = this.#takeBatch(event);
    if (batch === undefined) return;
    for (const step of event.steps) this.#pythonStep(batch.context, event.session, step);
    this.#end(batch, { compute: event.computeMs / 1_000 });
  }

  batchFailed(failure: RunEvents["batch-failure"]): void {
    this.#end(this.#takeBatch(failure), {}, failure);
  }

  /** The span of a batch that runs, as W3C Trace Context writes it. */
  traceparent(batch: BatchName): string | undefined {
    const open = this.#batches.get(keyOf(batch));
    if (open === undefined) return undefined;
    const { traceId, spanId, traceFlags } = open.span.spanContext();
    return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, "0")}`;
  }

  #pythonStep(
    parent: Context,
    session: string | undefined,
    { stage, name, beganMs, endedMs }: PythonStep,
  ): void {
    const began = this.#epochMs + beganMs;
    const values = { session, stage, function: name };
    const { span } = openSpan(this.#tracer, { kind: "python", name, parent, values, began });
    span.end(this.#epochMs + endedMs);
  }

  #takeBatch(batch: BatchName): OpenSpan | undefined {
    const key = keyOf(batch);
    const open = this.#batches.get(key);
    this.#batches.delete(key);
    return open;
  }

  #open(
    kind: "run" | "stage" | "batch",
    name: string,
    parent: Context,
    values: Partial<Record<AttributeKey, string | number | boolean | undefined>>,
  ): OpenSpan {
    return openSpan(this.#tracer, { kind, name, parent, values, began: this.#now });
  }

  #end(open: OpenSpan | undefined, ending: Ending, failure?: { readonly error: unknown }): void {
    const at = this.#now;
    open?.span.setAttributes(attributes(ending));
    if (open !== undefined && failure !== undefined) failSpan(open.span, failure.error, at);
    open?.span.end(at);
  }

  get #now(): number {
    return this.#epochMs + performance.now();
  }
}

/** The number first: the name of a stage may be anything. */
function keyOf({ stage, batch }: BatchName): string {
  return `${batch} ${stage}`;
}
