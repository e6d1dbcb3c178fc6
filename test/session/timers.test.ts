import { CallTimeoutError } from "slither-ts";
import { describe, expect, test, vi } from "vitest";
import { batchRequest } from "../helpers/batch-request.js";
import { nextEvent } from "../helpers/events.js";
import { rejection } from "../helpers/rejection.js";
import { scriptedEngine } from "../pipe/scripted-engine.js";

/** Keeps Node busy until timers of this length are over. */
function block(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() <= end);
}

test("a withdrawn batch that a kill would lose something by is killed at its deadline, also where its time for stopping ends in the same turn of the loop", async () => {
  const { engine, workers } = scriptedEngine();
  const session = await engine.session({ limits: { cancelGrace: "30ms" } });
  const withdrawal = new AbortController();
  const options = { owner: "run", attempts: 3, changesState: false, timeoutFrom: "running" as const };
  const batch = session.execute(
    batchRequest([1]),
    { target: "model.predict" },
    { ...options, timeoutMs: 20, withdraw: withdrawal.signal },
  );
  batch.catch(() => {});
  const failure = nextEvent(engine, "session-failure");

  withdrawal.abort("left");
  block(60);

  expect((await failure).error).toBeInstanceOf(CallTimeoutError);
  expect(workers[0]?.killed).toBe(true);
});

test("a cancelGrace that is longer than any timer of Node is not over at once", async () => {
  const { engine, workers } = scriptedEngine();
  const session = await engine.session({ limits: { cancelGrace: "30d" } });
  const call = session.call("model", "train", [], { timeout: "1ms" });

  // It is asked every tenth of a second.
  await vi.waitFor(() => expect(workers[0]?.sent[0]?.cancels).toBeGreaterThanOrEqual(3), { timeout: 10_000 });

  expect(workers[0]?.killed).toBe(false);
  workers[0]?.sent[0]?.reply.resolve({ value: "answer", computeNanoseconds: 0 });
  expect((await rejection(call, CallTimeoutError)).fate).toBe("dropped");
});

describe("a limit of the engine", () => {
  test.each([
    ["holds for a session whose own is undefined", undefined, 1],
    ["gives way to that of a session", "1h", 3_600_000],
  ] as const)("%s", async (_, own, expected) => {
    const { engine } = scriptedEngine();

    const { lifecycle } = await engine.session({ limits: { cancelGrace: own } });

    expect(lifecycle.conduct.limits).toEqual({ cancelGrace: expected });
  });
});
