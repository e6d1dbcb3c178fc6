import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { BatchStrategy, Waiting } from "../../../src/dispatch/strategy.js";

/** A record of a random run; the strategy under test groups it by what it likes. */
export interface Sample {
  /** Its position in the input. */
  readonly number: number;
  readonly key: number;
  /** Not a number now and then. */
  readonly weight: number;
}

type Batch = readonly Waiting<Sample>[];

/** What happened between a strategy and its caller, in order. */
export type Event =
  | { readonly kind: "added"; readonly waiting: Waiting<Sample> }
  | { readonly kind: "refused"; readonly waiting: Waiting<Sample> }
  | {
      readonly kind: "asked";
      readonly now: number;
      readonly flush: boolean;
      /** What `dueAt` was before. */
      readonly dueAt: number | undefined;
      readonly batch: Batch | undefined;
    }
  | { readonly kind: "completed"; readonly batch: Batch };

export type Asked = Extract<Event, { kind: "asked" }>;

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("add" as const),
      key: fc.nat(3),
      weight: fc.oneof(
        { weight: 9, arbitrary: fc.nat(12) },
        { weight: 1, arbitrary: fc.constant(Number.NaN) },
      ),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("ask" as const), flush: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("complete" as const),
      which: fc.nat(),
      durationMs: fc.nat(300),
      ok: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.nat(60) }) },
  { weight: 1, arbitrary: fc.constant({ do: "ask when due" as const }) },
);

type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

/** Records that come, batches that are asked for and completed, in any order. */
export const steps: fc.Arbitrary<Step[]> = fc.array(step, { maxLength: 120 });

/** Does these steps with a strategy, then has it give out what is left. */
export function drive(strategy: BatchStrategy<Sample>, given: readonly Step[]): Event[] {
  const events: Event[] = [];
  const inFlight: Waiting<Sample>[][] = [];
  let number = 0;
  // With a fraction, as on a real clock.
  let now = 1_000 / 3;

  function add(record: Sample): void {
    const waiting = { record, bytes: 8, since: now };
    try {
      strategy.add(waiting);
      events.push({ kind: "added", waiting });
    } catch {
      events.push({ kind: "refused", waiting });
    }
  }

  function ask(flush: boolean): boolean {
    const { dueAt } = strategy;
    const batch = strategy.next({ now, flush });
    events.push({ kind: "asked", now, flush, dueAt, batch });
    if (batch !== undefined) inFlight.push(batch);
    return batch !== undefined;
  }

  function complete(which: number, how: { durationMs: number; ok: boolean }): boolean {
    const [batch] = inFlight.splice(which % Math.max(1, inFlight.length), 1);
    if (batch === undefined) return false;
    strategy.completed?.(batch, how);
    events.push({ kind: "completed", batch });
    return true;
  }

  for (const each of given) {
    if (each.do === "add") add({ number: number++, key: each.key, weight: each.weight });
    else if (each.do === "ask") ask(each.flush);
    else if (each.do === "complete") complete(each.which, each);
    else if (each.do === "wait") now += each.ms / 3;
    else {
      now = Math.max(now, strategy.dueAt ?? now);
      ask(false);
    }
  }
  // One that makes up batches would go on for ever.
  for (let turn = 0; turn < 2 * given.length; turn++) {
    if (!ask(true) && !complete(0, { durationMs: 1, ok: true })) break;
  }
  return events;
}

/** The answers of `next`. */
export function askedIn(events: readonly Event[]): Asked[] {
  return events.filter((event) => event.kind === "asked");
}

/** The batches that came out, in order. */
export function batchesIn(events: readonly Event[]): Batch[] {
  return askedIn(events).flatMap(({ batch }) => (batch === undefined ? [] : [batch]));
}

/** The records that were taken, in order. */
export function addedIn(events: readonly Event[]): Waiting<Sample>[] {
  return events.flatMap((event) => (event.kind === "added" ? [event.waiting] : []));
}

/** What holds for every strategy, by what it says; each throws where it does not hold. */
export const LAWS: Readonly<Record<string, (events: readonly Event[]) => void>> = {
  "every record that is taken comes out once, as the very object, and nothing else does": (events) => {
    const out = batchesIn(events).flat();
    expect(out).toHaveLength(addedIn(events).length);
    expect(new Set(out)).toEqual(new Set(addedIn(events)));
    const taken = new Set(addedIn(events));
    expect(out.every((waiting) => taken.has(waiting))).toBe(true);
  },
  "no batch is empty": (events) => {
    for (const batch of batchesIn(events)) expect(batch).not.toHaveLength(0);
  },
  "a flush gives a batch unless nothing waits, or batches in flight may keep it back": (events) => {
    let waiting = 0;
    let inFlight = 0;
    for (const event of events) {
      if (event.kind === "added") waiting += 1;
      else if (event.kind === "completed") inFlight -= 1;
      else if (event.kind === "asked" && event.batch !== undefined) {
        waiting -= event.batch.length;
        inFlight += 1;
      } else if (event.kind === "asked" && event.flush && inFlight === 0) expect(waiting).toBe(0);
    }
  },
  "at `dueAt` there is a batch": (events) => {
    const due = askedIn(events).filter(({ now, dueAt }) => dueAt !== undefined && now >= dueAt);
    for (const { batch } of due) expect(batch).toBeDefined();
  },
};

/** Checks a strategy against the laws of the contract, in random runs. @param create makes one that nothing was added to. */
export function strategyConformance(name: string, create: () => BatchStrategy<Sample>): void {
  describe(name, () => {
    test.each(Object.entries(LAWS))("%s", (_, check) => {
      fc.assert(
        fc.property(steps, (given) => check(drive(create(), given))),
        { numRuns: 300 },
      );
    });
  });
}
