import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type PipeHaltedError, pipe, type Session, SessionRolledBackError } from "slither-ts";
import { expect, test } from "vitest";
import { sharedEngine } from "../helpers/engine.js";
import { nextEvent, record } from "../helpers/events.js";
import { temporaryFolder } from "../helpers/temporary.js";
import { upTo } from "./inputs.js";
import { killed } from "./killed.js";
import { consume, expectBalance, payloadsOf } from "./runs.js";

const engine = sharedEngine({ preload: ["sklearn.linear_model"] });

type Fated = number | readonly [number: number, fate: string, switchFile: string];

const scoring = pipe<Fated>("scoring").python<readonly [number, number]>("predict", {
  module: "fated_model",
  function: "predict",
  batch: { size: 20 },
});

/** A session with a model of its own. */
async function trained(): Promise<Session> {
  return engine().session({ setup: (session) => session.call("fated_model", "train", [42]) });
}

const COUNT = 500;
/** The number of the record at which a worker meets its fate; in the middle of a batch, with one more batch in flight. */
const FATAL = 207;

/** The numbers up to COUNT, of which one ends the process that scores it; the next one is spared. */
function withFate(fate: string): Fated[] {
  const switchFile = join(temporaryFolder(), "switch");
  writeFileSync(switchFile, "");
  return upTo(COUNT).map((n) => (n === FATAL ? [n, fate, switchFile] : n));
}

const fates = ["SIGKILL", "crash", "_exit", "SIGSTOP"] as const;

test.each(fates)(
  "a run goes on when its worker ends by %s: every output is what it is without that, in order",
  async (fate) => {
    const undisturbed = await payloadsOf(scoring.run(upTo(COUNT), { session: await trained() }));
    const session = await trained();
    const { pid } = session;
    const { items, thrown } = await consume(scoring.run(withFate(fate), { session }));
    expect(thrown).toBeUndefined();
    expect(items.map(({ payload }) => payload)).toEqual(undisturbed);
    expect(items.map(({ id }) => id)).toEqual(upTo(COUNT));
    expect(session.pid).not.toBe(pid);
  },
);

test("the books of a run whose worker died balance, without a trace of that", async () => {
  const session = await trained();
  const { status, ledger, rejected, stats } = await scoring.run(withFate("SIGKILL"), { session }).collect();
  expect({ status, ledger }).toMatchObject({
    status: "completed",
    ledger: { in: COUNT, out: COUNT, rejected: 0, unfinished: 0 },
  });
  expect(rejected).toEqual([]);
  expectBalance(ledger);
  expect(stats.stages.predict?.batches).toBe(COUNT / 20);
});

test("in the events, a batch that was sent again is one batch, which did not fail", async () => {
  const session = await trained();
  const run = scoring.run(withFate("SIGKILL"), { session });
  const told: string[] = [];
  for (const name of ["batch-start", "batch-stop", "batch-failure"] as const)
    run.on(name, ({ batch }) => told.push(`${name} ${batch}`));
  await run.collect();
  const each = upTo(COUNT / 20).flatMap((batch) => [`batch-start ${batch}`, `batch-stop ${batch}`]);
  expect(told.toSorted()).toEqual(each.toSorted());
});

test("a recovery in mid-run is told by an event, with nothing lost", async () => {
  const session = await trained();
  const recoveries = record(engine(), "session-recovery");
  await scoring.run(withFate("_exit"), { session }).collect();
  const own = recoveries.filter(({ event }) => event.session === session.id);
  expect(own).toMatchObject([
    {
      event: {
        pid: session.pid,
        from: "checkpoint",
        lostCount: 0,
        error: { code: "SLITHER_WORKER_DIED", exitCode: 3 },
      },
    },
  ]);
});

test("a run goes on when its worker dies while no batch is with it", async () => {
  const session = await trained();
  async function* input(): AsyncGenerator<number> {
    const answered = nextEvent(engine(), "batch-stop", (event) => event.session === session.id);
    yield* upTo(20);
    await answered;
    await killed(engine(), session);
    yield* upTo(40).slice(20);
  }
  const undisturbed = await payloadsOf(scoring.run(upTo(40), { session: await trained() }));
  expect(await payloadsOf(scoring.run(input(), { session }))).toEqual(undisturbed);
});

test("a run goes on when its session has no setup: its state is kept when the run starts", async () => {
  const session = await engine().session();
  await session.call("fated_model", "train", [42]);
  const undisturbed = await payloadsOf(scoring.run(upTo(COUNT), { session: await trained() }));
  expect(await payloadsOf(scoring.run(withFate("SIGKILL"), { session }))).toEqual(undisturbed);
});

test("a run goes on when the checkpoint dies with the worker: the session is set up again", async () => {
  const session = await trained();
  const kept = record(engine(), "session-checkpoint");
  const undisturbed = await payloadsOf(scoring.run(upTo(COUNT), { session: await trained() }));
  const run = scoring.run(upTo(COUNT), { session });
  run.on("batch-start", ({ batch }) => {
    if (batch !== 5) return;
    const own = kept.filter(({ event }) => event.session === session.id);
    for (const { event } of own) process.kill(event.pid as number, "SIGKILL");
    process.kill(session.pid as number, "SIGKILL");
  });
  const back = nextEvent(engine(), "session-recovery", (event) => event.session === session.id);
  expect(await payloadsOf(run)).toEqual(undisturbed);
  expect((await back).from).toBe("setup");
});

test("several workers may die in one run", async () => {
  const session = await trained();
  const folder = temporaryFolder();
  // Two of them are in one batch: a third time it would be taken for the batch's own fault.
  const fatal = [3, 100, 102, 250, 499];
  const records = upTo(COUNT).map((n): Fated => {
    if (!fatal.includes(n)) return n;
    const switchFile = join(folder, String(n));
    writeFileSync(switchFile, "");
    return [n, "SIGKILL", switchFile];
  });
  const recoveries = record(engine(), "session-recovery");
  const undisturbed = await payloadsOf(scoring.run(upTo(COUNT), { session: await trained() }));
  expect(await payloadsOf(scoring.run(records, { session }))).toEqual(undisturbed);
  expect(recoveries.filter(({ event }) => event.session === session.id)).toHaveLength(fatal.length);
});

test("batches of two runs that share a worker which dies are both sent again", async () => {
  const session = await trained();
  const undisturbed = await payloadsOf(scoring.run(upTo(COUNT), { session: await trained() }));
  const runs = [withFate("SIGKILL"), upTo(COUNT)].map((records) =>
    payloadsOf(scoring.run(records, { session })),
  );
  expect(await Promise.all(runs)).toEqual([undisturbed, undisturbed]);
});

test("a batch that was waiting for its turn behind a call that kills the worker is sent to the next one", async () => {
  const session = await trained();
  const undisturbed = await payloadsOf(scoring.run(upTo(40), { session: await trained() }));
  const run = scoring.run(upTo(40), { session });
  const killing = new Promise<unknown>((resolve) => {
    run.on("batch-start", ({ batch }) => {
      if (batch === 0)
        resolve(session.call("fated_model", "leave_now").catch((error: { code: string }) => error.code));
    });
  });
  expect(await payloadsOf(run)).toEqual(undisturbed);
  expect(await killing).toBe("SLITHER_WORKER_DIED");
});

test("a call that changed the state during a run and was rolled back halts the run, which names it", async () => {
  const session = await engine().session({ checkpoint: "manual" });
  await session.call("fated_model", "train", [42]);
  await session.checkpoint();
  async function* input(): AsyncGenerator<number> {
    yield* upTo(20);
    await session.call("fated_model", "train", [43]);
    await killed(engine(), session);
    yield* upTo(40).slice(20);
  }
  const { items, thrown } = await consume(scoring.run(input(), { session }));
  expect(items).toHaveLength(20);
  const { cause, stage, ledger } = thrown as PipeHaltedError;
  expect(cause).toBeInstanceOf(SessionRolledBackError);
  expect(cause).toMatchObject({ lostCalls: ["fated_model.train"], lostCount: 1, from: "checkpoint" });
  expect({ stage, out: ledger.out, rejected: ledger.rejected }).toEqual({
    stage: "predict",
    out: 20,
    rejected: 0,
  });
  expectBalance(ledger);
});

test("the session is usable after a run that halted because of a rollback", async () => {
  const session = await engine().session({ checkpoint: "manual" });
  await session.call("fated_model", "train", [42]);
  await session.checkpoint();
  await session.call("fated_model", "train", [43]);
  await killed(engine(), session);
  const { thrown } = await consume(scoring.run(upTo(3), { session }));
  expect((thrown as PipeHaltedError).cause).toBeInstanceOf(SessionRolledBackError);
  const undisturbed = await payloadsOf(scoring.run(upTo(40), { session: await trained() }));
  expect(await payloadsOf(scoring.run(upTo(40), { session }))).toEqual(undisturbed);
});
