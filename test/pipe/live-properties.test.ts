import fc from "fast-check";
import {
  filter,
  type Item,
  type ItemId,
  live,
  many,
  pipe,
  type Run,
  reject,
  routeTo,
  type Session,
} from "slither-ts";
import { crash, inline } from "slither-ts/testing";
import { expect, onTestFinished, test } from "vitest";
import { Broker } from "./broker.js";
import { upTo } from "./inputs.js";
import { expectBalance } from "./runs.js";

/** A stage; all but `python` do something to every so many records. */
interface Step {
  readonly kind: "filter" | "many" | "reject" | "routeTo" | "route" | "python";
  readonly every: number;
}

/** How a run ends: when the consumer has seen so many, at a bad record, or when the source has given so many. */
interface End {
  readonly kind: "complete" | "leave" | "abort" | "drain" | "bad record" | "source throws";
  readonly at: number;
}

type Consumer = "items" | "batches" | "collect";

const COUNT = 40;

const steps = fc.array(
  fc.record({
    kind: fc.constantFrom<Step["kind"]>("filter", "many", "reject", "routeTo", "route", "python"),
    every: fc.integer({ min: 1, max: 6 }),
  }),
  { maxLength: 5 },
);

const end: fc.Arbitrary<End> = fc.record({
  kind: fc.constantFrom<End["kind"]>("complete", "leave", "abort", "drain", "bad record", "source throws"),
  at: fc.nat({ max: COUNT }),
});

const consumer = fc.constantFrom<Consumer>("items", "batches", "collect");

// biome-ignore lint/suspicious/noExplicitAny: the types of a random pipe are not known.
type AnyPipe = any;

const hits = (n: number, index: number, { every }: Step): boolean => (n + index) % every === 0;

/** A pipe over numbers that keeps them as they are, so that what becomes of each can be told from its steps. */
function pipeOf(body: readonly Step[], bad: number | undefined): AnyPipe {
  const start: AnyPipe = pipe<number>("random", { id: (n) => n }).node("check", (n) => {
    if (n === bad) throw new Error("bad");
    return n;
  });
  return body.reduce((built, step, index) => added(built, step, index), start);
}

function added(built: AnyPipe, step: Step, index: number): AnyPipe {
  const name = `s${index}`;
  const node = (change: (n: number) => unknown): AnyPipe =>
    built.node(name, (n: number) => (hits(n, index, step) ? change(n) : n));
  switch (step.kind) {
    case "filter":
      return node(() => filter("hit"));
    case "many":
      return node((n) => many([n, n]));
    case "reject":
      return node(() => reject("hit"));
    case "routeTo":
      return node(() => routeTo(name));
    case "route":
      return built
        .route(name, [[name, (n: number) => hits(n, index, step)]])
        .branch(name, (branch: AnyPipe) => branch.node(`${name}.same`, (n: number) => n))
        .merge(`${name}m`, [name]);
    case "python":
      return built.python(name, { module: "model", function: "same", batch: { size: step.every } });
  }
}

/** How many records are made of one: those that are given out or rejected, and those that are left out. */
function madeOf(n: number, body: readonly Step[], index = 0): { seen: number; filtered: number } {
  const step = body[index];
  if (step === undefined) return { seen: 1, filtered: 0 };
  const { seen, filtered } = madeOf(n, body, index + 1);
  if (!hits(n, index, step) || step.kind === "route" || step.kind === "python") return { seen, filtered };
  if (step.kind === "filter") return { seen: 0, filtered: 1 };
  return step.kind === "many" ? { seen: 2 * seen, filtered: 2 * filtered } : { seen: 1, filtered: 0 };
}

/** What became of records, counted by the record of the source. */
class Tally {
  readonly #counts = new Map<ItemId, number>();

  add({ id, origin = id }: Pick<Item, "id" | "origin">): void {
    this.#counts.set(origin, this.of(origin) + 1);
  }

  of(id: ItemId): number {
    return this.#counts.get(id) ?? 0;
  }
}

interface Outcomes {
  /** Given out or rejected. */
  readonly seen: Tally;
  /** The same, but for what the consumer was at when it left. */
  readonly finished: Tally;
}

/** Consumes a run until its end, and ends it where that is to be. What it throws is no news here. */
async function consumed(
  run: Run,
  how: Consumer,
  { kind, at }: End,
  stop: AbortController,
): Promise<Outcomes> {
  const outcomes = { seen: new Tally(), finished: new Tally() };
  const { seen, finished } = outcomes;
  let count = 0;
  try {
    if (how === "collect") {
      const { outputs } = await run.collect();
      for (const item of Object.values(outputs).flat()) for (const tally of [seen, finished]) tally.add(item);
    } else {
      const chunks = how === "batches" ? run.batches() : singly(run);
      for await (const items of chunks) {
        for (const item of items) seen.add(item);
        count += items.length;
        if (kind === "leave" && count > at) break;
        for (const item of items) finished.add(item);
        if (kind === "abort" && count > at) stop.abort(new Error("enough"));
        if (kind === "drain" && count > at) run.drain();
      }
    }
  } catch (error) {
    const { outputs = {} } = error as { outputs?: Record<string, Item[]> };
    for (const item of Object.values(outputs).flat()) seen.add(item);
  }
  const { rejected, ledger } = await run.done;
  for (const rejection of rejected) for (const tally of [seen, finished]) tally.add(rejection);
  expectBalance(ledger);
  return outcomes;
}

async function* singly(run: Run): AsyncGenerator<readonly Item[]> {
  for await (const item of run) yield [item];
}

/** A session whose process dies now and then. */
async function mortal(): Promise<Session> {
  const engine = inline({
    modules: { model: { same: (payloads: number[]) => payloads } },
    faults: ({ attempt }) => (attempt % 13 === 5 ? crash({ signal: "SIGKILL" }) : undefined),
  });
  onTestFinished(() => engine.close());
  return engine.session({ setup: () => {} });
}

test("in whatever pipe, and however a run ends: each delivery is told of once, those that are finished are acknowledged, and those that are given back come to their outcomes when they are delivered again, twice where the run has said so", async () => {
  const session = await mortal();
  const kinds = new Set<string>();
  let twice = 0;
  await fc.assert(
    fc.asyncProperty(steps, end, consumer, async (body, ending, how) => {
      const broker = new Broker(upTo(COUNT), {
        ...(ending.kind === "source throws" && { failAt: ending.at, failure: new Error("lost") }),
      });
      const stop = new AbortController();
      const first: Run = pipeOf(body, ending.kind === "bad record" ? ending.at : undefined).run(
        live(broker.deliveries),
        { session, signal: stop.signal },
      );
      const before = await consumed(first, how, ending, stop);
      const { live: summary, status } = await first.done;
      kinds.add(`${how} ${status}`);

      broker.expectToldOnce();
      const acked = new Set(broker.acked);
      for (const record of broker.acked)
        expect(before.finished.of(record), `outcomes of ${record}`).toBe(madeOf(record, body).seen);
      for (const record of broker.nacked)
        if (madeOf(record, body).filtered === 0)
          expect(before.finished.of(record), `outcomes of ${record}`).toBeLessThan(madeOf(record, body).seen);
      expect(summary).toMatchObject({ acknowledged: acked.size, returned: broker.nacked.length });

      const again = new Broker(upTo(COUNT).filter((record) => !acked.has(record)));
      const second: Run = pipeOf(body, undefined).run(live(again.deliveries), { session });
      const after = await consumed(second, "items", { kind: "complete", at: 0 }, new AbortController());
      expect(again.nacked).toEqual([]);
      const total = (record: number): number => before.seen.of(record) + after.seen.of(record);
      for (const record of upTo(COUNT))
        expect(total(record), `${record}`).toBeGreaterThanOrEqual(madeOf(record, body).seen);
      const cameTwice = upTo(COUNT).filter((record) => total(record) > madeOf(record, body).seen);
      expect(summary?.mayComeTwice.toSorted()).toEqual(cameTwice.toSorted());
      twice += cameTwice.length;
    }),
    { numRuns: 300 },
  );
  expect(twice).toBeGreaterThan(0);
  expect([...kinds].sort()).toEqual([
    "batches aborted",
    "batches completed",
    "batches halted",
    "batches stopped",
    "collect completed",
    "collect halted",
    "items aborted",
    "items completed",
    "items halted",
    "items stopped",
  ]);
});
