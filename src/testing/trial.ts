import { SessionRolledBackError } from "../errors/session.js";
import type { PipePlan } from "../plan/plan.js";
import { Run, type RunSummary } from "../run/run.js";
import { newItems } from "../run/source.js";
import type { Session } from "../session/session.js";
import type { Item, ItemId } from "../stage/item.js";
import { BatchLog, type Interfere, type LoggedBatch } from "./batch-log.js";
import { instantClock } from "./instant-clock.js";
import { keepsOrder } from "./keeps-order.js";
import { ping } from "./sent-batch.js";
import { WatchedInput } from "./watched-input.js";
import { TIMED_OUT, within } from "./within.js";

/** What all trials of one fault test have in common. */
export interface Bench {
  plan(): PipePlan;
  input(): Iterable<unknown> | AsyncIterable<unknown>;
  /** Opens a fresh session; undefined for a pipe without python stages. */
  session(): Promise<Session | undefined>;
  readonly replicas: number | undefined;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly timeoutMs: number;
}

/** What is special about one trial. */
export interface Trial {
  readonly interfere?: Interfere | undefined;
  /** After so many records the input throws. */
  readonly inputBreaksAt?: number | undefined;
  /** Called with each item, before the next is asked for; `leave` leaves the run, `abort` aborts it. */
  readonly onItem?: ((item: Item, progress: Progress) => Promise<"leave" | "abort" | undefined>) | undefined;
}

/** What can be seen of a run while it goes on. */
export interface Progress {
  readonly delivered: number;
  readonly taken: number;
  readonly ids: readonly ItemId[];
  /** Resolves when the run does nothing more by itself. */
  quiet(): Promise<void>;
}

/** What came of a run. */
export interface Observation {
  readonly items: readonly Item[];
  /** Whether the pipe gives them out in an order that is the same each time. */
  readonly inOrder: boolean;
  /** What the consumer was thrown. */
  readonly thrown: unknown;
  /** Undefined when it did not end in time. */
  readonly summary: RunSummary | undefined;
  /** The ids of the records that were taken from the input, in order. */
  readonly ids: readonly ItemId[];
  readonly inputIsAsync: boolean;
  readonly batches: readonly LoggedBatch[];
  /** Whether the session of the run comes back when its worker dies. */
  readonly comesBack: boolean;
  /** Why the session did not answer after the run; undefined when it did. */
  readonly silence: unknown;
}

/** Runs the pipe once, on a fresh session. */
export async function runTrial(bench: Bench, trial: Trial = {}): Promise<Observation> {
  const plan = bench.plan();
  const session = await bench.session();
  try {
    return await observe(bench, trial, plan, session);
  } finally {
    await session?.close({ timeout: CLOSE_MS });
  }
}

/** A session that does not end by itself is not waited for. */
const CLOSE_MS = 1_000;

async function observe(
  bench: Bench,
  trial: Trial,
  plan: PipePlan,
  session: Session | undefined,
): Promise<Observation> {
  const input = new WatchedInput(bench.input(), plan.id, trial.inputBreaksAt);
  const log = new BatchLog(session, trial.interfere);
  const abort = new AbortController();
  const run = new Run({
    plan,
    session,
    input: input.records,
    makeItem: newItems(plan.id),
    replicas: bench.replicas,
    metadata: bench.metadata,
    clock: instantClock(),
    signal: abort.signal,
    around: (workforce) => log.around(workforce),
  });
  const items: Item[] = [];
  const progress: Progress = {
    get delivered() {
      return items.length;
    },
    get taken() {
      return input.given;
    },
    ids: input.ids,
    quiet: () => log.quiet(),
  };
  const consumed = consume(run, items, trial.onItem, progress, abort);
  const ended = await within(bench.timeoutMs, consumed);
  // What cannot be waited for is given up.
  if (ended === TIMED_OUT) abort.abort(new Error("the scenario timed out"));
  const summary = ended === TIMED_OUT ? undefined : await run.done;
  return {
    items,
    inOrder: keepsOrder(plan),
    thrown: ended === TIMED_OUT ? undefined : ended.thrown,
    summary,
    ids: input.ids,
    inputIsAsync: input.isAsync,
    batches: log.batches,
    comesBack:
      session !== undefined &&
      (session.setup !== undefined || session.lifecycle.keeper.current !== undefined),
    silence: summary && session && (await silenceOf(session, bench.timeoutMs)),
  };
}

async function consume(
  run: Run,
  items: Item[],
  onItem: Trial["onItem"],
  progress: Progress,
  abort: AbortController,
): Promise<{ thrown: unknown }> {
  try {
    for await (const item of run) {
      items.push(item);
      const wish = await onItem?.(item, progress);
      if (wish === "leave") break;
      if (wish === "abort") abort.abort(ABORTED);
    }
    return { thrown: undefined };
  } catch (thrown) {
    return { thrown };
  }
}

/** The reason that the scenario "aborted run" gives. */
export const ABORTED = new Error("aborted by faultTest()");

async function silenceOf(session: Session, timeoutMs: number): Promise<unknown> {
  try {
    const answer = await within(timeoutMs, ping(session));
    return answer === TIMED_OUT ? new Error(`it did not answer within ${timeoutMs} ms`) : undefined;
  } catch (error) {
    // It says once what was lost, and goes on.
    return error instanceof SessionRolledBackError ? silenceOf(session, timeoutMs) : error;
  }
}
