import fc from "fast-check";
import { PythonError, pipe } from "slither-ts";
import { expect, test } from "vitest";
import { hops } from "../dispatch/deferred.js";
import { batchReply } from "../helpers/batch-reply.js";
import { upTo } from "./inputs.js";
import { expectBalance } from "./runs.js";
import {
  type ScriptedOptions,
  type ScriptedWorker,
  type SentRequest,
  scriptedEngine,
} from "./scripted-engine.js";

/** What may happen with a request that a worker has come to. */
const fate = fc.constantFrom("answer", "answer", "die", "answer and die");

const scenario = fc.record({
  count: fc.nat(120),
  sizes: fc.tuple(fc.integer({ min: 1, max: 17 }), fc.integer({ min: 1, max: 17 })),
  replicas: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
  bad: fc.uniqueArray(fc.nat(120), { maxLength: 4 }),
  fates: fc.array(fate, { minLength: 1, maxLength: 40 }),
  delays: fc.array(fc.nat(20), { minLength: 1, maxLength: 7 }),
});

type Scenario = typeof scenario extends fc.Arbitrary<infer Value> ? Value : never;

/**
 * So often may a batch of a stage be with a worker that dies, or is dead already: once more would be the batch's own fault. The first stage rejects,
 * so what has killed its process is tried once more; the second halts, and is sent three times.
 */
const MOST_DEATHS: Readonly<Record<string, number>> = { first: 1, second: 2 };

/** Workers that carry out one request after the other, give back each number plus one, and die as the scenario says. */
class Mortals {
  deaths = 0;
  readonly #given: Scenario;
  readonly #tails = new WeakMap<ScriptedWorker, Promise<void>>();
  readonly #deathsOf = new Map<string, number>();
  #requests = 0;

  constructor(given: Scenario) {
    this.#given = given;
  }

  readonly onSent: NonNullable<ScriptedOptions["onSent"]> = (sent, worker) => {
    // Dead, and its session does not know it yet.
    if (worker.dead) this.#count(nameOf(sent));
    const tail = this.#tails.get(worker) ?? Promise.resolve();
    this.#tails.set(
      worker,
      tail.then(() => this.#carryOut(sent, worker)),
    );
  };

  async #carryOut(sent: SentRequest, worker: ScriptedWorker): Promise<void> {
    const position = this.#requests++;
    await hops(cycle(this.#given.delays, position));
    if (worker.dead) return;
    const fate = cycle(this.#given.fates, position);
    if (fate === "die" && this.#mayDie(worker)) return;
    this.#answer(sent);
    if (fate === "answer and die") this.#mayDie(worker);
  }

  #answer({ request, site, reply }: SentRequest): void {
    const { payloads } = request as Extract<SentRequest["request"], { kind: "batch" }>;
    const bad = payloads.find((n) => this.#given.bad.includes((n as number) % 1_000));
    if (bad === undefined || site.stage === "second") {
      reply.resolve(batchReply(payloads.map((n) => (n as number) + 1_000)));
    } else {
      const raised = { type: "ValueError", module: "builtins", message: `${bad}`, traceback: "" };
      reply.reject(new PythonError(site, raised));
    }
    done.add(reply);
  }

  /** Kills the worker, when no batch that it has was with too many dead ones. */
  #mayDie(worker: ScriptedWorker): boolean {
    const waiting = worker.sent.filter(({ reply }) => !done.has(reply));
    const most = ({ site }: SentRequest): number => MOST_DEATHS[site.stage as string] ?? 0;
    if (waiting.some((sent) => (this.#deathsOf.get(nameOf(sent)) ?? 0) >= most(sent))) return false;
    for (const sent of waiting) this.#count(nameOf(sent));
    this.deaths += 1;
    worker.die("SIGKILL");
    return true;
  }

  #count(batch: string): void {
    this.#deathsOf.set(batch, (this.#deathsOf.get(batch) ?? 0) + 1);
  }
}

/** The same for a batch that is sent again. */
function nameOf({ request, site }: SentRequest): string {
  return `${site.stage} ${JSON.stringify(request)}`;
}

const done = new WeakSet<object>();

function cycle<Value>(values: readonly Value[], position: number): Value {
  return values[position % values.length] as Value;
}

test("whichever worker dies when, alone or among replicas: every record comes out once, in order, or is rejected for its own fault", async () => {
  let deaths = 0;
  await fc.assert(
    fc.asyncProperty(scenario, async (given) => {
      const { count, sizes, replicas, bad } = given;
      const mortals = new Mortals(given);
      const { engine, workers } = scriptedEngine({ forks: true, onSent: mortals.onSent });
      const session = await engine.session();
      const run = pipe<number>("random")
        .python<number>("first", { module: "model", function: "first", batch: { size: sizes[0] } })
        .python<number>("second", {
          module: "model",
          function: "second",
          batch: { size: sizes[1] },
          fuse: false,
        })
        .onError("first", "reject")
        .run(upTo(count), { session, replicas });
      const { outputs, rejected, ledger, status } = await run.collect();
      const good = upTo(count).filter((n) => !bad.includes(n));
      expect(outputs.default.map(({ id, payload }) => [id, payload])).toEqual(
        good.map((n) => [n, n + 2_000]),
      );
      expect(rejected.map(({ id }) => id)).toEqual(upTo(count).filter((n) => bad.includes(n)));
      expect({ status, unfinished: ledger.unfinished }).toEqual({ status: "completed", unfinished: 0 });
      expectBalance(ledger);
      await engine.close();
      expect(workers.filter(({ dead }) => !dead)).toEqual([]);
      deaths += mortals.deaths;
    }),
    { numRuns: 300 },
  );
  // That much has happened in them.
  expect(deaths).toBeGreaterThan(300);
}, 60_000);
