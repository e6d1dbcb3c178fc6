import { local, NdArray, pipe, type Session } from "slither-ts";
import { afterEach, expect, test, vi } from "vitest";
import { FIXTURES, testEngine } from "../helpers/engine.js";
import { type Leftovers, leftovers, leftoversDownTo } from "../helpers/leftovers.js";
import { isAlive } from "../helpers/processes.js";
import { temporaryFolder } from "../helpers/temporary.js";

afterEach(() => {
  vi.unstubAllEnvs();
});

const SESSIONS = 50;

test(`${SESSIONS} sessions at once count in the same global of the same module, each for itself`, async () => {
  const engine = await testEngine();
  const sessions = await Promise.all(Array.from({ length: SESSIONS }, () => engine.session()));
  const counts = await Promise.all(
    sessions.map(async (session, index) => {
      for (let call = 0; call < index; call++) await session.call("counter", "increment");
      return session.call("counter", "increment");
    }),
  );
  expect(counts).toEqual(Array.from({ length: SESSIONS }, (_, index) => index + 1));
  expect(new Set(sessions.map((session) => session.pid)).size).toBe(SESSIONS);
});

const ROUNDS = 30;

/** What sessions go through, ten at a time. */
const lives: Readonly<Record<string, (session: Session) => Promise<unknown>>> = {
  "are closed": async () => {},
  "are called": (session) => session.call("counter", "increment"),
  "are forked": async (session) => {
    const forks = await session.fork({ count: 2 });
    await Promise.all(forks.map((fork) => fork.call("counter", "increment")));
    await Promise.all(forks.map((fork) => fork.close()));
  },
  "are forked, and closed before their forks": async (session) => {
    const fork = await session.fork();
    await session.close();
    await fork.call("counter", "increment");
    await fork.close();
  },
  "are checkpointed twice": async (session) => {
    await session.call("counter", "increment");
    await session.checkpoint();
    await session.checkpoint();
  },
  "are killed, and come back": async (session) => {
    await session.checkpoint();
    process.kill(session.pid as number, "SIGKILL");
    await session.call("counter", "increment", [], { idempotent: true });
  },
  "are killed, and are lost": async (session) => {
    process.kill(session.pid as number, "SIGKILL");
    await session.call("counter", "increment").catch(() => {});
  },
  "hold a ref": async (session) => {
    await session.create("model", "Model");
  },
  "are sent a large array": (session) =>
    session.call("echo", "echo", [new NdArray("float64", [500_000], new Float64Array(500_000))]),
  "run a pipe on replicas": (session) =>
    pipe<number>("p")
      .python("double", { module: "batch_fate", function: "double", batch: { size: 2 } })
      .run([1, 2, 3, 4, 5], { session, replicas: 2 })
      .collect(),
};

test(`${ROUNDS * Object.keys(lives).length} sessions that went through everything leave no process, descriptor or file`, async () => {
  vi.stubEnv("TMPDIR", temporaryFolder());
  const atFirst = leftovers();
  const engine = await local({ pythonPath: [FIXTURES], minIdle: 0 });
  const round = async (): Promise<(number | undefined)[]> => {
    const sessions = await Promise.all(
      Object.keys(lives).map(() => engine.session({ checkpoint: "manual" })),
    );
    const pids = sessions.map(({ pid }) => pid);
    await Promise.all(Object.values(lives).map((live, index) => live(sessions[index] as Session)));
    await Promise.all(sessions.map((session) => session.close()));
    return pids;
  };
  // What is made once, and kept.
  await round();
  const warm = leftovers();
  const pids: (number | undefined)[] = [];
  for (let index = 1; index < ROUNDS; index++) pids.push(...(await round()));
  expectNoMore(await leftoversDownTo(warm), warm);
  expect(pids.filter((pid) => pid !== undefined && isAlive(pid))).toEqual([]);
  await engine.close();
  expectNoMore(await leftoversDownTo(atFirst), atFirst);
});

test("300 sessions with automatic checkpoints, closed at any moment of making one, leave no process, descriptor or file", async () => {
  vi.stubEnv("TMPDIR", temporaryFolder());
  const atFirst = leftovers();
  const engine = await local({ pythonPath: [FIXTURES] });
  for (let index = 0; index < 30; index++) {
    await Promise.all(
      Array.from({ length: 10 }, async (_, place) => {
        const session = await engine.session({ setup: (made) => made.call("counter", "increment") });
        for (let call = 0; call < place; call++) await session.call("counter", "increment");
        await session.close({ timeout: 1 });
      }),
    );
  }
  await engine.close();
  expectNoMore(await leftoversDownTo(atFirst), atFirst);
});

const failures: Readonly<Record<string, (engine: Awaited<ReturnType<typeof local>>) => Promise<unknown>>> = {
  "setup throws": (engine) =>
    engine.session({
      setup: () => {
        throw new Error("no data");
      },
    }),
  "setup's Python raises": (engine) =>
    engine.session({ setup: (session) => session.call("conformance", "fail") }),
  "setup kills its worker": (engine) =>
    engine.session({ setup: (session) => session.call("killer", "kill_self") }),
};

test("100 failed starts of each kind leave no process, descriptor or file", async () => {
  vi.stubEnv("TMPDIR", temporaryFolder());
  const atFirst = leftovers();
  const engine = await local({ pythonPath: [FIXTURES], minIdle: 0 });
  await engine.session().then((session) => session.close());
  const warm = leftovers();
  for (const start of Object.values(failures)) {
    for (let index = 0; index < 20; index++) {
      const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => start(engine)));
      expect(outcomes.map(({ status }) => status)).toEqual(Array(5).fill("rejected"));
    }
  }
  expect(engine.sessions.size).toBe(0);
  expectNoMore(await leftoversDownTo(warm), warm);
  await engine.close();
  expectNoMore(await leftoversDownTo(atFirst), atFirst);
});

test.each([
  ["raises", { preload: ["fails_at_import"] }],
  ["ends the process", { preload: ["dies_at_import"] }],
  ["takes too long", { preload: ["sleeps_at_import"], startTimeout: "300ms" }],
] as const)("20 engines whose preload %s leave no process, descriptor or file", async (_, options) => {
  vi.stubEnv("TMPDIR", temporaryFolder());
  const atFirst = leftovers();
  for (let index = 0; index < 20; index++)
    await expect(local({ pythonPath: [FIXTURES], ...options })).rejects.toThrow();
  expectNoMore(await leftoversDownTo(atFirst), atFirst);
});

function expectNoMore(now: Leftovers, before: Leftovers): void {
  expect(now.files.filter((file) => !before.files.includes(file))).toEqual([]);
  expect(now.processes).toBeLessThanOrEqual(before.processes);
  expect(now.descriptors).toBeLessThanOrEqual(before.descriptors);
}
