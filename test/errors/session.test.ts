import {
  EngineFullError,
  ForkRefusedError,
  MemoryLimitError,
  SessionBusyError,
  SessionRolledBackError,
  WorkerDiedError,
} from "slither-ts";
import { describe, expect, test } from "vitest";

const death = { session: "a", pid: 7, signal: "SIGKILL" as const, exitCode: null, lastLines: [] };

describe("SessionRolledBackError", () => {
  test("names what was lost, and what to do", () => {
    const error = new SessionRolledBackError(
      "a",
      { calls: ["m.train", "m.put"], count: 2, from: "checkpoint" },
      undefined,
    );

    expect(error.message).toBe(
      "session a went back to its last checkpoint, because its worker died; lost is what m.train, m.put did to it; make these calls again, or call session.checkpoint() after such calls",
    );
  });

  test("names the last 20 of many, and counts the others", () => {
    const calls = Array.from({ length: 1_000 }, (_, index) => `m.f${index}`);

    const { message } = new SessionRolledBackError("a", { calls, count: 5_000, from: "setup" }, undefined);

    expect(message).toContain("went back to its state after setup");
    expect(message).toContain("lost is what 4980 more and m.f980, m.f981,");
    expect(message).not.toContain("m.f979");
  });
});

describe("EngineFullError", () => {
  test("says which limit it was, and what to do", () => {
    const error = new EngineFullError({ option: "maxSessions", limit: 2, wanted: 1, waitedMs: 50 });

    expect(error.message).toBe(
      "expected room for 1 more sessions within 50 ms, got none: the engine has 2 (maxSessions); close some, raise maxSessions, or wait longer (queueTimeout)",
    );
  });

  test("says at once what can never be", () => {
    const error = new EngineFullError({ option: "maxProcesses", limit: 2, wanted: 3, waitedMs: 0 });

    expect(error.message).toBe(
      "expected to need at most 2 processes (maxProcesses), got a request for 3 at once",
    );
  });
});

test("MemoryLimitError says how much it was, and how much it may be", () => {
  const error = new MemoryLimitError(
    { ...death, during: "m.f" },
    { usedBytes: 160 * 2 ** 20, limitBytes: 100 * 2 ** 20 },
  );

  expect(error.message).toBe(
    "session a: worker 7 was killed by SIGKILL during m.f, because it used 160.0 MB of memory, more than its limit of 100.0 MB (limits.memory)",
  );
});

test("WorkerDiedError says why slither-ts has killed a process, and nothing where nobody could tell how it ended", () => {
  const stopped = new WorkerDiedError({ ...death, during: undefined, reason: "it had been stopped for 2 s" });
  const unknown = new WorkerDiedError({
    ...death,
    signal: undefined,
    exitCode: undefined,
    during: undefined,
  });

  expect(stopped.message).toBe(
    "session a: worker 7 was killed by SIGKILL while it was idle, because it had been stopped for 2 s",
  );
  expect(unknown.message).toBe("session a: worker 7 died while it was idle");
});

test("ForkRefusedError and SessionBusyError say why", () => {
  expect(new ForkRefusedError("a", "a thread runs").message).toBe(
    "session a cannot be copied: a thread runs",
  );
  expect(new SessionBusyError("a", "m.f").message).toBe(
    'session a is busy, so m.f was not called (busy: "fail"); await the call before it, or open the session with busy: "queue"',
  );
});
