import { readdirSync, readFileSync } from "node:fs";
import { type Engine, local, PythonImportError, WorkerStartError } from "slither-ts";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { LocalDriver } from "../../src/engines/local/local-driver.js";
import { localOptions } from "../../src/engines/local/options.js";
import { FIXTURES, testEngine } from "../helpers/engine.js";
import { nextEvent } from "../helpers/events.js";
import { isAlive, isGone } from "../helpers/processes.js";
import { rejection } from "../helpers/rejection.js";
import { temporaryFolder } from "../helpers/temporary.js";

/** The forkserver that this process has started, if it runs. */
function forkserver(): number | undefined {
  return childrenOf(process.pid).find((pid) =>
    readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("--forkserver"),
  );
}

/** The processes whose parent is the forkserver: sessions, and forks that wait for one. */
function forks(): number[] {
  const parent = forkserver();
  return parent === undefined ? [] : childrenOf(parent);
}

function childrenOf(parent: number): number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0 && parentOf(pid) === parent && isAlive(pid));
}

function parentOf(pid: number): number | undefined {
  try {
    return Number(readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ")[1]);
  } catch {
    return undefined;
  }
}

/** The warnings of this library that Node is given. */
function recordWarnings(): { code: string; message: string }[] {
  const warnings: { code: string; message: string }[] = [];
  const spy = vi.spyOn(process, "emitWarning").mockImplementation((message, options) => {
    const { type, code } = options as unknown as { type: string; code: string };
    expect(type).toBe("SlitherWarning");
    warnings.push({ code, message: String(message) });
  });
  onTestFinished(() => spy.mockRestore());
  return warnings;
}

/** How many files and sockets this process has open. */
function openFiles(): number {
  return readdirSync("/proc/self/fd").length;
}

async function testDriver(options: object = {}): Promise<LocalDriver> {
  const driver = await LocalDriver.create(localOptions.parse({ pythonPath: [FIXTURES], ...options }));
  onTestFinished(() => driver.close());
  return driver;
}

async function closed(engine: Engine): Promise<void> {
  await engine.close({ timeout: 1 });
}

describe("forks that wait for a session", () => {
  test("are one where nothing else is asked for, and the next session is that one", async () => {
    const engine = await testEngine();
    await expect.poll(() => forks().length).toBe(1);
    const [idle] = forks();

    const session = await engine.session();

    expect(session.pid).toBe(idle);
    await expect.poll(() => forks().length).toBe(2);
  });

  test("are as many as minIdle says", async () => {
    const engine = await testEngine({ minIdle: 3 });
    await expect.poll(() => forks().length).toBe(3);
    const idle = forks();

    const sessions = await Promise.all([engine.session(), engine.session()]);

    for (const { pid } of sessions) expect(idle).toContain(pid);
    await expect.poll(() => forks().length).toBe(5);
  });

  test("are none with minIdle: 0, and sessions are forked when they are opened", async () => {
    const engine = await testEngine({ minIdle: 0 });
    const session = await engine.session();

    expect(forks()).toEqual([session.pid]);
  });

  test("that die are replaced", async () => {
    const engine = await testEngine();
    await expect.poll(() => forks().length).toBe(1);
    const [idle] = forks() as [number];

    process.kill(idle, "SIGKILL");

    await expect.poll(() => forks().filter((pid) => pid !== idle).length).toBe(1);
    const session = await engine.session();
    expect(session.pid).not.toBe(idle);
    expect(await session.call("echo", "echo", [1])).toBe(1);
  });

  test("that die when a session is opened cost it nothing but time", async () => {
    const engine = await testEngine();
    await expect.poll(() => forks().length).toBe(1);
    const [idle] = forks() as [number];
    process.kill(idle, "SIGKILL");

    const session = await engine.session();

    expect(await session.call("echo", "echo", [1])).toBe(1);
  });
});

describe("a fork that waits and is stopped", () => {
  test("is killed when a session wants it, which gets another", async () => {
    const engine = await testEngine();
    await expect.poll(() => forks().length).toBe(1);
    const [idle] = forks() as [number];
    process.kill(idle, "SIGSTOP");

    const session = await engine.session();

    expect(session.pid).not.toBe(idle);
    expect(await isGone(idle)).toBe(true);
  });
});

describe("preload", () => {
  test("is imported before any session, and what it printed is told afterwards", async () => {
    const engine = await local({ pythonPath: [FIXTURES], preload: ["prints_at_import"] });
    onTestFinished(() => closed(engine));
    const lines: string[] = [];
    engine.on("forkserver-log", ({ stream, line }) => lines.push(`${stream}: ${line}`));

    const session = await engine.session();

    expect(await session.call("prints_at_import", "where")).toBe(forkserver());
    expect(lines.sort()).toEqual(["stderr: with a complaint", "stdout: importing"]);
  });

  test("that cannot be imported fails local(), which leaves nothing behind", async () => {
    const folder = temporaryFolder();
    vi.stubEnv("TMPDIR", folder);
    onTestFinished(() => {
      vi.unstubAllEnvs();
    });

    const error = await rejection(local({ preload: ["no_such_module"] }), PythonImportError);

    expect(error.module).toBe("no_such_module");
    expect(readdirSync(folder)).toEqual([]);
    expect(forkserver()).toBeUndefined();
  });
});

describe("sessions are started cold", () => {
  test("where preload leaves a thread running, with a warning and a reason", async () => {
    const warnings = recordWarnings();
    const driver = await testDriver({ preload: ["starts_thread"] });
    const reason =
      "with what `preload` imports, forks are not safe: your code left threads running: left-running";

    expect(driver.noForks).toBe(reason);
    expect(warnings).toEqual([
      {
        code: "SLITHER_COLD_START",
        message: `sessions are started cold, each taking as long as its imports, and cannot be copied: ${reason}. Leave the module that does this out of \`preload\`, or say \`forkserver: false\` to do without forks and this warning`,
      },
    ]);
    expect(forkserver()).toBeUndefined();
  });

  test("and work all the same", async () => {
    recordWarnings();
    const engine = await testEngine({ preload: ["starts_thread"] });

    const session = await engine.session();

    expect(await session.call("starts_thread", "answer")).toBe(42);
    expect(parentOf(session.pid as number)).toBe(process.pid);
  });

  test("with forkserver: false, without a warning", async () => {
    const warnings = recordWarnings();
    const driver = await testDriver({ forkserver: false, preload: ["starts_thread"] });

    expect(driver.noForks).toBe("local() was given forkserver: false");
    expect(warnings).toEqual([]);
  });

  test("on other systems than Linux, with a warning", async () => {
    const warnings = recordWarnings();
    const { platform } = process;
    Object.defineProperty(process, "platform", { value: "darwin" });
    onTestFinished(() => {
      Object.defineProperty(process, "platform", { value: platform });
    });

    const driver = await testDriver();

    expect(driver.noForks).toBe("needs Linux: on darwin sessions are started cold");
    expect(warnings).toMatchObject([
      {
        code: "SLITHER_COLD_START",
        message: expect.stringContaining("forks need Linux, and this is darwin"),
      },
    ]);
  });
});

describe("a forkserver that dies", () => {
  test("takes its sessions with it, is told by a warning, and the next session starts another", async () => {
    const warnings = recordWarnings();
    const engine = await testEngine();
    const session = await engine.session();
    const first = forkserver() as number;
    const lost = nextEvent(engine, "session-failure");

    process.kill(first, "SIGKILL");

    expect((await lost).session).toBe(session.id);
    expect(await isGone(session.pid as number)).toBe(true);
    const next = await engine.session();
    expect(await next.call("echo", "echo", [1])).toBe(1);
    expect(forkserver()).not.toBe(first);
    expect(warnings).toEqual([
      {
        code: "SLITHER_FORKSERVER_DIED",
        message: `the forkserver (process ${first}) died, killed by SIGKILL, and its sessions with it; the next session starts a new one`,
      },
    ]);
  });

  test("is not noticed by sessions that are opened before Node has heard of it", async () => {
    recordWarnings();
    const engine = await testEngine();
    await expect.poll(() => forks().length).toBe(1);
    const doomed = [forkserver() as number, ...forks()];

    process.kill(forkserver() as number, "SIGKILL");
    // Without a turn of the event loop, in which Node would hear of it.
    while (doomed.some(isAlive));
    const sessions = await Promise.all(Array.from({ length: 5 }, () => engine.session()));

    const parents = new Set(sessions.map(({ pid }) => parentOf(pid as number)));
    expect([...parents]).toEqual([forkserver()]);
  });

  test("three times within a few seconds is given up for a while", async () => {
    const warnings = recordWarnings();
    const engine = await testEngine();
    for (let death = 1; death <= 3; death++) {
      await engine.session();
      process.kill(forkserver() as number, "SIGKILL");
      await expect.poll(() => warnings.length).toBe(death);
    }

    const error = await rejection(engine.session({ id: "a" }), WorkerStartError);

    expect(error.message).toMatch(
      /^session a: the worker did not start: the forkserver died 3 times within 10 s; at last, the forkserver \(process \d+\) died, killed by SIGKILL$/,
    );
  });
});

describe("closing an engine", () => {
  test("ends its forkserver and the forks that wait, and removes its folder", async () => {
    const folder = temporaryFolder();
    vi.stubEnv("TMPDIR", folder);
    onTestFinished(() => {
      vi.unstubAllEnvs();
    });
    const engine = await testEngine({ minIdle: 2 });
    await engine.session();
    await expect.poll(() => forks().length).toBe(3);
    const processes = [forkserver() as number, ...forks()];

    await engine.close();

    expect(processes.filter(isAlive)).toEqual([]);
    expect(readdirSync(folder)).toEqual([]);
  });

  test("ends forks that are still coming", async () => {
    const engine = await testEngine({ minIdle: 5 });
    const parent = forkserver() as number;

    await engine.close();

    expect(isAlive(parent)).toBe(false);
  });

  test("does not wait for a forkserver that is stopped", async () => {
    const engine = await testEngine({ minIdle: 0 });
    const parent = forkserver() as number;
    process.kill(parent, "SIGSTOP");

    await engine.close();

    expect(await isGone(parent)).toBe(true);
  });
});

test("closing an engine whose forkserver is stopped does not wait for it once for each thing that ends", async () => {
  const engine = await testEngine({ minIdle: 3 });
  const session = await engine.session();
  await session.checkpoint();
  process.kill(forkserver() as number, "SIGSTOP");
  const began = performance.now();

  await engine.close();

  expect(performance.now() - began).toBeLessThan(10_000);
});

test("a hundred sessions that are opened and closed leave nothing open", async () => {
  const engine = await testEngine({ minIdle: 0 });
  const open = async (): Promise<void> => {
    const session = await engine.session();
    const twin = await session.fork();
    await Promise.all([session.close(), twin.close()]);
  };
  await open();
  const files = openFiles();

  for (let round = 0; round < 10; round++) await Promise.all(Array.from({ length: 10 }, open));

  expect(forks()).toEqual([]);
  await expect.poll(openFiles).toBe(files);
});
