import { type PipeHaltedError, pipe } from "slither-ts";
import { expect, test } from "vitest";
import { testEngine } from "../helpers/engine.js";

const RUNS = 60;
const RECORDS = 5_000;
const SIGNALS = ["SIGKILL", "SIGSEGV", "SIGTERM", "SIGABRT"] as const;

const squares = pipe<number>("squares")
  .python<{ value: number; square: number }>("square", {
    module: "soak_work",
    function: "square",
    batch: { size: 50 },
  })
  .python<{ value: number; even: boolean }>("keep_even", {
    module: "soak_work",
    function: "keep_even",
    batch: { size: 70 },
  })
  .onError("*", "reject");

/** A seeded generator (mulberry32), so that a failure can be had again. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

test(`${RUNS} runs whose worker dies at a random batch: delivered up to there, the rest accounted for`, async () => {
  const seed = Number(process.env.SOAK_SEED ?? Date.now() % 100_000);
  console.log(`seed: ${seed} (again with SOAK_SEED=${seed})`);
  const random = seeded(seed);
  const engine = await testEngine();
  for (let index = 0; index < RUNS; index++) {
    const session = await engine.session();
    const signal = SIGNALS[index % SIGNALS.length] ?? "SIGKILL";
    const atBatch = 1 + Math.floor(random() * 150);
    const run = squares.run(
      Array.from({ length: RECORDS }, (_, value) => value),
      { session },
    );
    let batches = 0;
    run.on("batch-start", () => {
      batches += 1;
      if (batches === atBatch) process.kill(session.pid as number, signal);
    });
    const delivered: number[] = [];
    const error = await (async () => {
      for await (const item of run) delivered.push(item.payload.value);
    })().catch((reason: PipeHaltedError) => reason);
    expect(error).toMatchObject({ code: "SLITHER_PIPE_HALTED", status: "halted" });
    const { ledger, rejected } = await run.done;
    expect(delivered).toEqual([...delivered].sort((one, other) => one - other));
    expect(new Set([...delivered, ...rejected.map((rejection) => rejection.id)]).size).toBe(
      delivered.length + rejected.length,
    );
    expect(ledger).toMatchObject({ out: delivered.length, rejected: rejected.length, balanced: true });
    expect(ledger.unfinished).toBe(ledger.in - delivered.length - rejected.length);
    expect(ledger.unfinished).toBeGreaterThan(0);
    expect(session.state).toBe("lost");
  }
});
