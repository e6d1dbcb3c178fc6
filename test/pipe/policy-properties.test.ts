// biome-ignore-all lint/suspicious/noThenProperty: `then` is an option of retry().
import fc from "fast-check";
import {
  type ErrorPolicy,
  filter,
  type Item,
  many,
  PythonError,
  pipe,
  type Rejection,
  type RunSummary,
  reject,
  retry,
  routeTo,
} from "slither-ts";
import { expect, test } from "vitest";
import { inStep } from "../../src/errors/failed-step.js";
import { fusionOf } from "../../src/plan/fusion.js";
import type { BatchRequest } from "../../src/wire/request.js";
import { hops } from "../dispatch/deferred.js";
import { batchReply } from "../helpers/batch-reply.js";
import { noWaits } from "../stage/waits.js";
import { expectBalance } from "./runs.js";
import {
  type ScriptedOptions,
  type ScriptedWorker,
  type SentRequest,
  scriptedEngine,
} from "./scripted-engine.js";

type NodeFate = "throws" | "rejects" | "filters" | "multiplies" | "leaves" | "is late";
type PythonFate = "raises" | "kills" | "hangs" | "is set aside";

/** What befalls some of the records in a stage. */
function fates<Fate>(...kinds: Fate[]): fc.Arbitrary<ReadonlyMap<number, Fate>> {
  const pair = fc.tuple(fc.nat(50), fc.constantFrom(...kinds));
  return fc.uniqueArray(pair, { maxLength: 5, selector: ([n]) => n }).map((pairs) => new Map(pairs));
}

const nodeFates = fates<NodeFate>("throws", "rejects", "filters", "multiplies", "leaves", "is late");
const pythonFates = fates<PythonFate>("raises", "raises", "kills", "hangs", "is set aside");

const POLICIES: Readonly<Record<string, ErrorPolicy>> = {
  halt: "halt",
  reject: "reject",
  "reject up to 3": reject({ max: 3 }),
  "retry, then halt": retry({ attempts: 2, on: ["ValueError", TypeError] }),
  "retry, then reject": retry({ attempts: 3, on: ["ValueError", TypeError], then: "reject" }),
  "retry, then route": retry({ attempts: 2, then: routeTo("aside") }),
  route: routeTo("aside"),
  function: async (_, failed, attempts) => {
    if (attempts < 2) return "retry";
    return Array.isArray(failed) || (failed as Item<number>).payload % 2 ? "reject" : routeTo("aside");
  },
};

const policy = fc.constantFrom(...Object.keys(POLICIES));

const scenario = fc.record({
  count: fc.nat(45),
  /** Whether a tap stands between the python stages, which are fused then where their policies let them. */
  tapped: fc.boolean(),
  inputDelays: fc.array(fc.nat(5), { minLength: 1, maxLength: 5 }),
  before: nodeFates,
  first: pythonFates,
  between: nodeFates,
  second: pythonFates,
  policies: fc.record({ before: policy, first: policy, between: policy, second: policy, split: policy }),
  sizes: fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 })),
  replicas: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
  delays: fc.array(fc.nat(9), { minLength: 1, maxLength: 5 }),
  end: fc.constantFrom("complete", "complete", "leave", "abort", "input throws", "drain"),
  endAt: fc.nat(40),
});

type Scenario = typeof scenario extends fc.Arbitrary<infer Value> ? Value : never;

const cycle = (delays: readonly number[], position: number): number =>
  delays[position % delays.length] as number;

/** Workers that carry out one request after the other, as the records in it say. */
function mortals(given: Scenario): NonNullable<ScriptedOptions["onSent"]> {
  const tails = new WeakMap<ScriptedWorker, Promise<void>>();
  let requests = 0;
  const carryOut = async (sent: SentRequest, worker: ScriptedWorker): Promise<void> => {
    await hops(cycle(given.delays, requests++));
    if (worker.dead) return;
    const { payloads, steps, taps } = sent.request as BatchRequest;
    const left = new Map<number, number>();
    for (const [step, { stage }] of steps.entries()) {
      const fateOf = (n: unknown): PythonFate | undefined =>
        given[stage as "first" | "second"].get(n as number);
      const all = payloads.map((n, index) => (left.has(index) ? undefined : fateOf(n)));
      const fate = all.find((each) => each !== undefined && each !== "is set aside");
      if (fate === "kills") return worker.die("SIGKILL");
      if (fate === "hangs")
        return sent.reply.promise.then(
          () => {},
          () => {},
        );
      if (fate === "raises") {
        const raised = { type: "ValueError", module: "builtins", message: "bad", traceback: "" };
        return sent.reply.reject(inStep(new PythonError({ ...sent.site, stage }, raised), step));
      }
      for (const [index, each] of all.entries()) if (each !== undefined) left.set(index, step);
    }
    const rest = (step: number): number[] =>
      [...payloads.keys()].filter((index) => (left.get(index) ?? Number.POSITIVE_INFINITY) > step);
    const reply = batchReply(
      rest(steps.length).map((index) => payloads[index]),
      {
        steps: steps.length,
        left: [...left].map(([index, step]) => ({ index, step, why: "set aside" })),
        taps: taps.map(({ step, indices }) =>
          rest(step).flatMap((index) => (indices.includes(index) ? [payloads[index]] : [])),
        ),
      },
    );
    sent.reply.resolve(reply);
  };
  return (sent, worker) => {
    const tail = tails.get(worker) ?? Promise.resolve();
    tails.set(
      worker,
      tail.then(() => carryOut(sent, worker)),
    );
  };
}

interface Outcome {
  readonly items: readonly Item[];
  readonly rejected: readonly Rejection[];
  readonly summary: RunSummary;
  readonly thrown: unknown;
  /** Whether its python stages made one trip. */
  readonly fused: boolean;
}

async function carryOut(given: Scenario): Promise<Outcome> {
  const { engine } = scriptedEngine({ forks: true, onSent: mortals(given) });
  const session = await engine.session();
  const controller = new AbortController();
  async function* input(): AsyncGenerator<number> {
    for (let n = 0; n < given.count; n++) {
      await hops(cycle(given.inputDelays, n));
      if (given.end === "input throws" && n === given.endAt) throw new Error("the input");
      yield n;
    }
  }
  const node = (stage: "before" | "between") => (n: number) => {
    const fate = given[stage].get(n);
    if (fate === "throws") throw new TypeError(`${n}`);
    if (fate === "rejects") return reject("rejected");
    if (fate === "filters") return filter("filtered");
    if (fate === "multiplies") return many(Array.from({ length: n % 4 }, () => n));
    if (fate === "leaves") return routeTo("early");
    return fate === "is late" ? hops(7).then(() => n) : n;
  };
  const python = (name: "first" | "second", size: number) =>
    ({ module: "model", function: name, batch: { size }, timeout: 4 }) as const;
  const of = (stage: keyof Scenario["policies"]): ErrorPolicy =>
    POLICIES[given.policies[stage]] as ErrorPolicy;
  const first = pipe<number>("random")
    .node("before", node("before"))
    .python<number>("first", python("first", given.sizes[0]));
  // A tap may look on, but not decide: what it is to decide fails.
  const built = given.tapped
    ? first.tap("between", node("between")).python<number>("second", python("second", given.sizes[0]))
    : (first
        .node("between", node("between"))
        .python<number>("second", python("second", given.sizes[1])) as unknown as typeof first);
  const random = built
    .route("split", [["even", (n) => (n === 17 ? (undefined as never) : n % 2 === 0)]])
    .onError("before", of("before"))
    .onError("first", of("first"))
    .onError("between", of("between"))
    .onError("second", of("second"))
    .onError("split", of("split"));
  const fused = fusionOf(random.plan).groups.length < random.plan.stages.length;
  const run = random.run(input(), {
    session,
    clock: noWaits(),
    signal: controller.signal,
    replicas: given.replicas,
  });
  const items: Item[] = [];
  let thrown: unknown;
  try {
    for await (const item of run) {
      items.push(item);
      if (items.length - 1 !== given.endAt) continue;
      if (given.end === "leave") break;
      if (given.end === "abort") controller.abort(new Error("the signal"));
      if (given.end === "drain") run.drain();
    }
  } catch (error) {
    thrown = error;
  }
  const summary = await run.done;
  await engine.close({ timeout: 1 });
  return { items, rejected: summary.rejected, summary, thrown, fused };
}

/** The place of a record in the order: of one that was made of another, its parent's and its number. */
const placeOf = ({ id }: Pick<Item, "id">): number[] => String(id).split("/").map(Number);

function comesBefore(left: readonly number[], right: readonly number[]): boolean {
  const at = left.findIndex((part, index) => part !== right[index]);
  return at >= 0 && (left[at] as number) < (right[at] ?? Number.NEGATIVE_INFINITY);
}

test("whatever fails, and whatever is done about it: order is kept, each record has one end, and the books balance", async () => {
  let trips = 0;
  const ends = new Set<string>();
  const codes = new Set<unknown>();
  await fc.assert(
    fc.asyncProperty(scenario, async (given) => {
      const { items, rejected, summary, thrown, fused } = await carryOut(given);
      if (fused) trips += 1;
      const { ledger, status } = summary;
      ends.add(status);
      for (const { error } of rejected) codes.add((error as { code?: unknown }).code);
      expectBalance(ledger);
      const places = items.map(placeOf);
      for (const [index, place] of places.slice(1).entries())
        expect(comesBefore(places[index] as number[], place), `${places[index]} before ${place}`).toBe(true);
      const ids = [...items, ...rejected].map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
      expect({ out: items.length, rejected: rejected.length }).toEqual({
        out: ledger.out,
        rejected: ledger.rejected,
      });
      expect(thrown === undefined).toBe(["completed", "stopped"].includes(status));
      if (status === "completed") expect(ledger).toMatchObject({ in: given.count, unfinished: 0 });
      for (const item of items) expectDeserved(item, given);
    }),
    { numRuns: 200 },
  );
  // That much has happened in them.
  expect(trips).toBeGreaterThan(3);
  expect([...ends].sort()).toEqual(["aborted", "completed", "halted", "stopped"]);
  expect([...codes]).toEqual(
    expect.arrayContaining([
      "SLITHER_PYTHON",
      "SLITHER_WORKER_DIED",
      "SLITHER_CALL_TIMEOUT",
      "SLITHER_RECORD_REJECTED",
      undefined,
    ]),
  );
}, 120_000);

/** An output has what belongs there: what is through nothing befell that would have kept it back. */
function expectDeserved({ payload, route, failure }: Item, given: Scenario): void {
  const n = payload as number;
  if (route === "early") {
    expect([given.before.get(n), given.between.get(n)]).toContain("leaves");
    return;
  }
  if (route === "aside") {
    expect(failure).toMatchObject({ error: expect.any(Error) });
    return;
  }
  expect({ route, failure }).toEqual({ route: n % 2 === 0 ? "even" : "default", failure: undefined });
  for (const stage of ["first", "second"] as const) expect(given[stage].get(n)).toBeUndefined();
  for (const stage of ["before", "between"] as const)
    expect([undefined, "is late", "multiplies"]).toContain(given[stage].get(n));
}
