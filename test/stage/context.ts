import { pipe } from "slither-ts";
import { realClock } from "../../src/clock.js";
import { directionsOf } from "../../src/plan/topology.js";
import { RunAccounts } from "../../src/run/accounts.js";
import type { Ledger } from "../../src/run/ledger.js";
import { Rejections } from "../../src/run/rejections.js";
import type { Chunk, Operator, StageContext } from "../../src/stage/contract.js";
import type { Item, Rejection } from "../../src/stage/item.js";
import { Emitter } from "../../src/telemetry/emitter.js";
import { RUN_EVENTS, type RunEvents } from "../../src/telemetry/events.js";
import { chunksOf, drained } from "../dispatch/chunks.js";

export function item(payload: unknown, changes: Partial<Item> = {}): Item {
  return { id: 0, payload, meta: {}, route: "default", input: payload, ...changes };
}

/** A stage that makes its trips by itself. */
export function alone(stage: string): Pick<StageContext, "stage" | "entry"> {
  return { stage, entry: stage };
}

const ONE_STAGE = pipe("test").node("stage", (payload) => payload).plan;

export interface Stand {
  readonly context: StageContext;
  readonly books: Ledger["stages"][string];
  readonly rejections: readonly Rejection[];
  /** What `stop` was called with. */
  readonly stops: readonly unknown[];
  readonly stopping: AbortController;
}

/** A stage's surroundings, without a run: what a stage does to them can be read off. */
export function stand(changes: Partial<StageContext> = {}): Stand {
  const rejections = new Rejections({ run: "run-1", pipe: "test" }, undefined);
  const accounts = new RunAccounts(ONE_STAGE, rejections);
  const stopping = new AbortController();
  const stops: unknown[] = [];
  const context: StageContext = {
    run: "run-1",
    pipe: "test",
    stage: "stage",
    entry: changes.stage ?? "stage",
    index: 0,
    directions: directionsOf(ONE_STAGE, 0),
    session: undefined,
    probes: changes.session,
    policy: "halt",
    ordering: "preserve",
    metadata: {},
    stores: {},
    views: new Map(),
    books: accounts.stages[0] as StageContext["books"],
    clock: realClock,
    events: new Emitter<RunEvents>(RUN_EVENTS),
    stopped: stopping.signal,
    stop: (reason) => {
      stops.push(reason);
      stopping.abort(reason);
    },
    abort: undefined,
    sessionEnd: { failure: undefined, blamed: undefined },
    ...changes,
  };
  return {
    context,
    stopping,
    stops,
    rejections: rejections.kept,
    get books() {
      return accounts.ledger().stages.stage as Ledger["stages"][string];
    },
  };
}

/** Payloads through an operator, as chunks; what came out, and what was thrown. */
export async function through(
  operator: Operator,
  chunks: readonly (readonly unknown[])[],
): Promise<{ payloads: unknown[]; items: Item[]; thrown: unknown }> {
  let position = 0;
  const items = chunks.map((chunk) => chunk.map((payload) => item(payload, { id: position++ })));
  const { values, thrown } = await drained<Chunk>(operator(chunksOf(items)));
  return { items: values.flat(), payloads: values.flat().map(({ payload }) => payload), thrown };
}
