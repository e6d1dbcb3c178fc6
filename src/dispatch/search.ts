import {
  type Failed,
  type Fault,
  type FinalVerdict,
  type Judge,
  type Outcome,
  RecordFailure,
  type Verdict,
} from "./judge.js";
import type { PoisonMemory } from "./poison.js";

/** Where a batch is carried out: in the session, or in a throw-away copy of it, which may die. */
export type Place = "session" | "probe";

export interface SearchOptions<Record, Result> {
  /** Carries out one batch, with a result, or a failure, for each record. `sentBefore`: how often its records were sent before. */
  readonly execute: (
    batch: readonly Record[],
    place: Place,
    sentBefore: number,
  ) => Promise<readonly (Result | RecordFailure)[]>;
  readonly judge: Judge<Record>;
  readonly faultOf: (error: unknown) => Fault;
  /** The place, in the batch that failed with this error, of the record that was worked on then; undefined where that is not known. Default: never known. */
  readonly suspectOf?: ((error: unknown) => number | undefined) | undefined;
  /** Whether a batch that failed may be cut into parts; else all its records have failed. */
  readonly divides: boolean;
  readonly poison: PoisonMemory<Record>;
  /** Waits before a retry; rejects when nobody wants the outcome any more. */
  readonly wait: (ms: number) => Promise<void>;
  /** Called when the batch has failed for the first time, and is not given up. */
  readonly onTrouble: () => void;
}

/** One that raised, or died, is found quickly: two parts cost the fewest tries. */
const PARTS = 2;

/** Each try of one that hangs takes the whole deadline: more parts, side by side, take fewer of them. */
const PARTS_IN_PARALLEL = 8;

/**
 * Carries out a batch, and finds the records in it that fail alone.
 *
 * What fails is judged: tried again, given up, or, when it is more than one record, cut into parts, each of which is tried. With k bad records in n
 * that raise, this takes about 2·k·log2(n) tries. What has killed its process, or hung it, is tried from then on in throw-away copies. Who kills is
 * tried once more as it is, the batch before it is cut and the record before it is blamed: a process may die of other things than its records. Order
 * is kept.
 *
 * @throws what fails when the verdict is to halt, when it is everyone's fault, or when the judge throws.
 */
export function search<Record, Result>(
  batch: readonly Record[],
  options: SearchOptions<Record, Result>,
): Promise<Outcome<Record, Result>[]> {
  return attempt(batch, { attempts: 0, place: "session" }, options);
}

/** What a part of a batch has behind it. */
interface Past {
  readonly attempts: number;
  readonly place: Place;
  /** Whether it is one record, of which a process has died. */
  readonly diedAlone?: boolean;
  /** Where other parts run beside it: the records that have passed their deadlines alone, but for those. */
  readonly suspects?: Set<unknown>;
  /** Whether it is tried although it is known to be bad, because the judge wants that. */
  readonly convicted?: boolean;
}

async function attempt<Record, Result>(
  records: readonly Record[],
  past: Past,
  options: SearchOptions<Record, Result>,
): Promise<Outcome<Record, Result>[]> {
  if (!past.convicted && !options.poison.isEmpty) {
    const known = records.map((record) => options.poison.against(record));
    if (known.some((error) => error !== undefined)) return withoutKnown(records, known, past, options);
  }
  let results: readonly (Result | RecordFailure)[];
  try {
    results = await options.execute(records, past.place, past.attempts);
  } catch (error) {
    return troubled(records, error, past, options);
  }
  return answered(records, results, past, options);
}

/** What becomes of records that failed together. */
async function troubled<Record, Result>(
  records: readonly Record[],
  error: unknown,
  past: Past,
  options: SearchOptions<Record, Result>,
): Promise<Outcome<Record, Result>[]> {
  const { verdict, fault, failed } = await judged(records, error, past, options);
  const isOne = records.length === 1;
  const place = fault === "records" ? past.place : "probe";
  const diedAlone = past.diedAlone || (fault === "process" && isOne);
  const next = { ...past, attempts: failed.attempts, place, diedAlone };
  if (verdict.kind === "retry") {
    await options.wait(verdict.afterMs);
    return attempt(records, next, options);
  }
  const suspect = isOne || fault === "records" ? undefined : options.suspectOf?.(error);
  if (suspect !== undefined && options.divides) return around(suspect, records, next, options);
  if (fault === "process" && !isConfirmed(records, past)) return attempt(records, next, options);
  if (fault === "time" && isOne && failed.attempts === 1) return attempt(records, next, options);
  if (!isOne && options.divides) return divide(records, next, fault, options);
  if (fault === "time" && past.suspects !== undefined) {
    past.suspects.add(records[0] as Record);
  } else if (fault !== "records" && isOne) {
    options.poison.remember(records[0] as Record, error);
  }
  return givenUp(failed, verdict);
}

/** @throws what failed when it is everyone's fault, or when the verdict is to halt. */
async function judged<Record, Result>(
  records: readonly Record[],
  error: unknown,
  past: Past,
  options: SearchOptions<Record, Result>,
): Promise<{ verdict: Exclude<Verdict, { kind: "halt" }>; fault: Fault; failed: Failed<Record> }> {
  const fault = options.faultOf(error);
  if (fault === "everyone") throw error;
  const failed = { error, records, attempts: past.attempts + 1 };
  const judging = options.judge(failed);
  // Whoever takes their time to decide must not hold up the others.
  if (judging instanceof Promise) options.onTrouble();
  const verdict = await judging;
  if (verdict.kind === "halt") throw error;
  if (past.attempts === 0) options.onTrouble();
  return { verdict, fault, failed };
}

/** Whether another death is believed: a process may die of other things than its records, and no record is to be blamed for one death alone. */
function isConfirmed(records: readonly unknown[], { place, diedAlone, convicted }: Past): boolean {
  return place === "probe" && (records.length > 1 || diedAlone === true || convicted === true);
}

async function divide<Record, Result>(
  records: readonly Record[],
  past: Past,
  fault: Fault,
  options: SearchOptions<Record, Result>,
): Promise<Outcome<Record, Result>[]> {
  if (fault === "time") return divideInParallel(records, past, options);
  const outcomes: Outcome<Record, Result>[][] = [];
  for (const part of cut(records, PARTS)) outcomes.push(await attempt(part, past, options));
  return outcomes.flat();
}

/** Who was worked on when the process died, or the time was over, is tried alone; those before and after it are as good as found innocent. */
async function around<Record, Result>(
  suspect: number,
  records: readonly Record[],
  past: Past,
  options: SearchOptions<Record, Result>,
): Promise<Outcome<Record, Result>[]> {
  const outcomes: Outcome<Record, Result>[][] = [];
  for (const [start, end] of [
    [0, suspect],
    [suspect, suspect + 1],
    [suspect + 1, records.length],
  ]) {
    const part = records.slice(start, end);
    if (part.length > 0) outcomes.push(await attempt(part, past, options));
  }
  return outcomes.flat();
}

/** Parts side by side slow each other down: who has passed a deadline like that is a suspect, and is tried once more when no other part runs. */
async function divideInParallel<Record, Result>(
  records: readonly Record[],
  past: Past,
  options: SearchOptions<Record, Result>,
): Promise<Outcome<Record, Result>[]> {
  const suspects = (past.suspects as Set<Record> | undefined) ?? new Set<Record>();
  const parts = cut(records, PARTS_IN_PARALLEL);
  const searched = await Promise.all(parts.map((part) => attempt(part, { ...past, suspects }, options)));
  const outcomes = searched.flat();
  // The search that this one is part of goes on.
  if (past.suspects !== undefined) return outcomes;
  for (const [index, outcome] of outcomes.entries()) {
    if (outcome.kind !== "failed" || !suspects.has(outcome.record)) continue;
    const alone = { ...past, attempts: outcome.attempts };
    [outcomes[index]] = (await attempt([outcome.record], alone, options)) as [Outcome<Record, Result>];
  }
  return outcomes;
}

/** Those that are known to be bad are judged untried, the others are tried without them. */
async function withoutKnown<Record, Result>(
  records: readonly Record[],
  known: readonly (Error | undefined)[],
  past: Past,
  options: SearchOptions<Record, Result>,
): Promise<Outcome<Record, Result>[]> {
  const untried = records.filter((_, index) => known[index] === undefined);
  const tried = (untried.length === 0 ? [] : await attempt(untried, past, options)).values();
  const outcomes: Outcome<Record, Result>[] = [];
  for (const [index, record] of records.entries()) {
    const error = known[index];
    if (error === undefined) outcomes.push(tried.next().value as Outcome<Record, Result>);
    else
      outcomes.push(...(await judgeUntried({ error, records: [record], attempts: past.attempts }, options)));
  }
  return outcomes;
}

async function judgeUntried<Record, Result>(
  failed: Failed<Record>,
  options: SearchOptions<Record, Result>,
): Promise<Outcome<Record, Result>[]> {
  const verdict = await options.judge(failed);
  if (verdict.kind === "halt") throw failed.error;
  if (verdict.kind !== "retry") return givenUp(failed, verdict);
  await options.wait(verdict.afterMs);
  return attempt(failed.records, { attempts: failed.attempts, place: "probe", convicted: true }, options);
}

function givenUp<Record, Result>(
  { records, error, attempts }: Failed<Record>,
  verdict: FinalVerdict,
): Outcome<Record, Result>[] {
  return records.map((record) => ({ kind: "failed", record, error, verdict, attempts }));
}

/** What becomes of records that came back, some of them perhaps with a failure of their own. Those that are tried again are that together. */
async function answered<Record, Result>(
  records: readonly Record[],
  results: readonly (Result | RecordFailure)[],
  past: Past,
  options: SearchOptions<Record, Result>,
): Promise<Outcome<Record, Result>[]> {
  const attempts = past.attempts + 1;
  const outcomes: Outcome<Record, Result>[] = new Array(records.length);
  const failures: { readonly index: number; readonly failure: RecordFailure }[] = [];
  // By index, as elsewhere on this path: an iterator of entries makes two objects for each record.
  for (let index = 0; index < records.length; index++) {
    const record = records[index] as Record;
    const result = results[index] as Result | RecordFailure;
    if (result instanceof RecordFailure) failures.push({ index, failure: result });
    else outcomes[index] = { kind: "done", record, result, attempts };
  }
  const again: number[] = [];
  let afterMs = 0;
  for (const { index, failure } of failures.sort((one, other) => one.failure.rank - other.failure.rank)) {
    const { verdict, failed } = await judged([records[index] as Record], failure.error, past, options);
    if (verdict.kind === "retry") {
      again.push(index);
      afterMs = Math.max(afterMs, verdict.afterMs);
    } else [outcomes[index]] = givenUp<Record, Result>(failed, verdict) as [Outcome<Record, Result>];
  }
  if (again.length > 0) {
    again.sort((one, other) => one - other);
    await options.wait(afterMs);
    const retried = await attempt(
      again.map((index) => records[index] as Record),
      { ...past, attempts },
      options,
    );
    for (const [place, index] of again.entries()) outcomes[index] = retried[place] as Outcome<Record, Result>;
  }
  return outcomes;
}

/** Parts of about the same size, at least one record each. */
function cut<Record>(records: readonly Record[], count: number): Record[][] {
  const size = Math.ceil(records.length / Math.min(count, records.length));
  const parts: Record[][] = [];
  for (let start = 0; start < records.length; start += size) parts.push(records.slice(start, start + size));
  return parts;
}
