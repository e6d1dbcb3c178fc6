import { type Chunk, type Operator, type StageContext, StageFailure } from "../stage/contract.js";
import { PassingItem } from "../stage/passing-item.js";
import type { RunEvents } from "../telemetry/events.js";
import { countRecords } from "../telemetry/record-counts.js";

/** A stage, as far as its events tell of it. */
export interface ObservedStage {
  readonly stage: { readonly name: string; readonly kind: RunEvents["stage-start"]["kind"] };
  readonly context: StageContext;
}

/** The stages of a group with their entries in the books, and their starts and ends in the events. */
export async function* observed(
  upstream: AsyncIterable<Chunk>,
  stages: readonly ObservedStage[],
  operator: () => Operator,
): AsyncGenerator<Chunk> {
  const events = new StageEvents(stages);
  const counting = stages.map(({ context }) =>
    countRecords(context.pipe, context.stage, context.books.counts),
  );
  try {
    yield* operator()(entering(upstream, stages[0]?.context as StageContext, events));
  } catch (error) {
    events.failed(error);
    throw error;
  } finally {
    for (const stop of counting) stop();
    events.stopped();
  }
}

/** What goes into the first stage of a group. */
async function* entering(
  upstream: AsyncIterable<Chunk>,
  { books, index }: StageContext,
  events: StageEvents,
): AsyncGenerator<Chunk> {
  for await (const chunk of upstream) {
    let own = 0;
    for (const item of chunk) if (!PassingItem.passes(item, index)) own += 1;
    if (own > 0) events.started();
    books.entered(own);
    yield chunk;
  }
}

/** The events of the stages of a group, which begin with its first record. */
class StageEvents {
  readonly #stages: readonly { readonly about: RunEvents["stage-start"]; readonly context: StageContext }[];
  #began: number | undefined;
  #failed: string | undefined;

  constructor(stages: readonly ObservedStage[]) {
    this.#stages = stages.map(({ stage: { name, kind }, context }) => {
      const { run, pipe, session } = context;
      return { about: { run, pipe, session: session?.id, stage: name, kind }, context };
    });
  }

  started(): void {
    if (this.#began !== undefined) return;
    this.#began = performance.now();
    for (const { about, context } of this.#stages) context.events.emit("stage-start", about);
  }

  /** What comes through from another stage, or from the input, is not a failure of these. */
  failed(error: unknown): void {
    if (this.#began === undefined || this.#failed !== undefined || !(error instanceof StageFailure)) return;
    for (const { about, context } of this.#stages) {
      if (about.stage !== error.stage) continue;
      this.#failed = error.stage;
      const durationMs = performance.now() - this.#began;
      context.events.emit("stage-failure", { ...about, durationMs, error: error.cause });
    }
  }

  stopped(): void {
    if (this.#began === undefined) return;
    // A stage behind may have found what one of these is to blame for.
    this.failed(this.#stages[0]?.context.sessionEnd.blamed);
    for (const { about, context } of this.#stages) {
      if (about.stage === this.#failed) continue;
      const { in: taken, out, rejected, filtered } = context.books.counts;
      const durationMs = performance.now() - this.#began;
      context.events.emit("stage-stop", { ...about, durationMs, in: taken, out, rejected, filtered });
    }
  }
}
