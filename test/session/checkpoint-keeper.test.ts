import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { CheckpointKeeper } from "../../src/session/checkpoint-keeper.js";
import { Slots } from "../../src/session/slots.js";
import { Emitter } from "../../src/telemetry/emitter.js";
import { ENGINE_EVENTS, type EngineEvents } from "../../src/telemetry/events.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const SECOND_MS = 1_000;

/** A keeper of a session that has changed, and of which there can be no copy; the end of each try makes the session idle again. */
function refusedKeeper(): { keeper: CheckpointKeeper; reasons: string[] } {
  const reasons: string[] = [];
  const events = new Emitter<EngineEvents>(ENGINE_EVENTS);
  events.on("session-checkpoint-skip", ({ reason }) => reasons.push(reason));
  const keeper = new CheckpointKeeper({
    session: "s",
    events,
    processes: new Slots("maxProcesses", 9),
    automatic: true,
    noForks: undefined,
    queueTimeoutMs: SECOND_MS,
    pid: () => 1,
    make: async () => {
      await Promise.resolve().then(() => keeper.idle());
      throw new Error("a thread runs");
    },
  });
  keeper.changed("m.f");
  keeper.idle();
  return { keeper, reasons };
}

test("a session that cannot be copied is tried less and less often while it is idle, and not without end", async () => {
  const { reasons } = refusedKeeper();

  await vi.advanceTimersByTimeAsync(600 * SECOND_MS);

  expect(reasons.length).toBeGreaterThan(10);
  expect(reasons.length).toBeLessThan(25);
});

test("a session that has done something is tried as soon as it is idle, however often it was refused before", async () => {
  const { keeper, reasons } = refusedKeeper();
  await vi.advanceTimersByTimeAsync(600 * SECOND_MS);
  const before = reasons.length;

  keeper.busy();
  keeper.idle();
  await vi.advanceTimersByTimeAsync(SECOND_MS / 2);

  expect(reasons.length).toBeGreaterThan(before);
});
