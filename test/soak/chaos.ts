import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Engine, pipe, type RunSummary, type Session } from "slither-ts";
import type { Random } from "./random.js";

/** Ways to end a worker: signals from outside, and `_exit` from inside a batch. */
const WAYS = ["SIGKILL", "SIGSEGV", "SIGSTOP", "_exit"] as const;

type Way = (typeof WAYS)[number];
type Scored = readonly [number, number];
type Fated = number | readonly [number: number, fate: Way, switchFile: string];

interface Death {
  readonly way: Way;
  readonly batch: number;
}

export interface Chaos {
  readonly records: number;
  readonly batchSize: number;
  /** How often a worker is to end, both sessions together. */
  readonly deaths: number;
  readonly random: Random;
  /** For the switches that batches read. */
  readonly folder: string;
}

/** What came out of one session, with workers dying or without. */
export interface Outcome {
  readonly scored: readonly Scored[];
  readonly ids: readonly unknown[];
  readonly summary: RunSummary;
  readonly recoveries: number;
}

/** Two sessions, each with a model of its own. */
export async function trainedPair(engine: Engine): Promise<[Session, Session]> {
  return Promise.all([trained(engine, 1), trained(engine, 2)]);
}

function trained(engine: Engine, seed: number): Promise<Session> {
  return engine.session({ setup: (session) => session.call("fated_model", "train", [seed]) });
}

/** The same records through both sessions at once, while workers end at random batches in random ways; twice the deaths may hit one session. */
export async function throughChaos(
  engine: Engine,
  sessions: readonly Session[],
  chaos: Chaos,
): Promise<Outcome[]> {
  const fates = planDeaths(chaos, sessions.length);
  return Promise.all(
    sessions.map((session, index) => runWith(engine, session, chaos, fates[index] as Death[])),
  );
}

/** Deaths by session, in the order of their batches, far enough from each other that none hits a worker that is dead already. */
function planDeaths({ records, batchSize, deaths, random }: Chaos, sessions: number): Death[][] {
  const distance = 8;
  const places = Math.floor(records / batchSize / distance) - 1;
  const taken = new Set<number>();
  while (taken.size < deaths) taken.add(random.below(places * sessions));
  const byPlace = [...taken].sort((one, other) => one - other);
  return Array.from({ length: sessions }, (_, index) =>
    byPlace
      .filter((place) => Math.floor(place / places) === index)
      .map((place) => ({ way: random.of(WAYS), batch: (1 + (place % places)) * distance })),
  );
}

async function runWith(
  engine: Engine,
  session: Session,
  { records, batchSize, random, folder }: Chaos,
  deaths: readonly Death[],
): Promise<Outcome> {
  const inside = new Map<number, string>();
  for (const { batch } of deaths.filter(({ way }) => way === "_exit")) {
    const switchFile = join(folder, `${session.id}-${batch}`);
    writeFileSync(switchFile, "");
    inside.set(batch * batchSize + random.below(batchSize), switchFile);
  }
  const outside = new Map(deaths.flatMap(({ way, batch }) => (way === "_exit" ? [] : [[batch, way]])));
  let recoveries = 0;
  const stopListening = engine.on("session-recovery", (event) => {
    if (event.session === session.id) recoveries += 1;
  });
  const run = pipe<Fated>("chaos")
    .python<Scored>("predict", { module: "fated_model", function: "predict", batch: { size: batchSize } })
    .run(input(records, inside), { session });
  run.on("batch-start", ({ batch }) => {
    const signal = outside.get(batch);
    if (signal !== undefined) process.kill(session.pid as number, signal);
  });
  const scored: Scored[] = [];
  const ids: unknown[] = [];
  for await (const batch of run.batches()) {
    for (const { id, payload } of batch) {
      ids.push(id);
      scored.push(payload);
    }
  }
  stopListening();
  return { scored, ids, summary: await run.done, recoveries };
}

function* input(records: number, inside: ReadonlyMap<number, string>): Generator<Fated> {
  for (let n = 0; n < records; n++) {
    const switchFile = inside.get(n);
    yield switchFile === undefined ? n : [n, "_exit", switchFile];
  }
}
