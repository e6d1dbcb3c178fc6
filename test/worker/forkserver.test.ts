import { PythonError, PythonImportError, WorkerDiedError, WorkerStartError } from "slither-ts";
import { describe, expect, test } from "vitest";
import { startWorker } from "../../src/worker/start.js";
import { startForkserver } from "../../src/worker/start-forkserver.js";
import { isAlive, isGone } from "../helpers/processes.js";
import { rejection } from "../helpers/rejection.js";
import { call, forkedWorker, send, startOptions, testForkserver, testSession } from "./workers.js";

describe("a module of preload", () => {
  test("is imported once, and every fork has it", async () => {
    const lines: string[] = [];
    const onLog = (stream: string, line: string): number => lines.push(`${stream}: ${line}`);
    const forkserver = await testForkserver({ preload: ["prints_at_import"], onLog });

    const workers = await Promise.all([forkedWorker(forkserver), forkedWorker(forkserver)]);

    for (const worker of workers) expect(await call(worker, "prints_at_import.where")).toBe(forkserver.pid);
    expect(lines.sort()).toEqual(["stderr: with a complaint", "stdout: importing"]);
  });

  test("that does not exist fails the start, by its name", async () => {
    const options = { ...(await startOptions()), preload: ["echo", "no_such_module"] };

    const error = await rejection(startForkserver(options), PythonImportError);

    expect(error).toMatchObject({ module: "no_such_module", missing: "no_such_module" });
    expect(error.message).toMatch(/^preload: there is no Python module no_such_module; /);
  });

  test("that raises fails the start, with what it raised and what it had printed", async () => {
    const options = { ...(await startOptions()), preload: ["prints_and_fails_at_import"] };

    const error = await rejection(startForkserver(options), PythonImportError);

    expect(error.message).toBe(
      "preload: module prints_and_fails_at_import failed while it was imported: RuntimeError: the license has expired; " +
        "it last wrote:\n  looking for the license",
    );
    expect(error.cause).toBeInstanceOf(PythonError);
    expect(error.traceback).toContain("prints_and_fails_at_import.py");
  });

  test("that ends the process fails the start, and is named", async () => {
    const options = { ...(await startOptions()), preload: ["dies_at_import"] };

    const error = await rejection(startForkserver(options), WorkerStartError);

    expect(error.message).toContain(
      "it ended before it was ready, with exit code 3, while it imported dies_at_import (preload)",
    );
    expect(error.lastLines).toEqual(["about to leave"]);
  });

  test("that takes too long fails the start", async () => {
    const options = {
      ...(await startOptions()),
      preload: ["echo", "sleeps_at_import"],
      startTimeoutMs: 5_000,
    };

    const error = await rejection(startForkserver(options), WorkerStartError);

    expect(error.message).toContain(
      "it was not ready after 5000 ms (startTimeout), while it imported one of echo, sleeps_at_import (preload)",
    );
  });

  test("that leaves a thread running makes forks unsafe, and none is made", async () => {
    const forkserver = await testForkserver({ preload: ["starts_thread"] });

    expect(forkserver.unsafe).toContain("left-running");
    await expect(forkserver.fork()).rejects.toThrow("left-running");
  });
});

describe("the end of a fork", () => {
  test.each<[string, string, unknown[], object]>([
    ["its exit code", "killer.leave", [3], { exitCode: 3, signal: null }],
    ["the signal that killed it", "killer.kill_self", [], { exitCode: null, signal: "SIGKILL" }],
    ["the signal of a crash", "killer.segfault", [], { exitCode: null, signal: "SIGSEGV" }],
  ])("is told with %s", async (_, target, args, ending) => {
    const worker = await forkedWorker(await testForkserver());

    const error = await rejection(call(worker, target, ...args), WorkerDiedError);

    expect(error).toMatchObject({ ...ending, pid: worker.pid, during: target });
    expect(await worker.ended).toBe(error);
  });

  test("has what it wrote last, also from C code", async () => {
    const worker = await forkedWorker(await testForkserver());

    const error = await rejection(call(worker, "killer.segfault"), WorkerDiedError);

    expect(error.lastLines).toContain("about to crash");
    expect(error.lastLines).toContain("Fatal Python error: Segmentation fault");
    expect(error.lastLines.join("\n")).toMatch(/killer\.py", line \d+ in segfault/);
    expect(error.lastLines.join("\n")).not.toContain("slither_worker");
  });

  test("takes what it has started with it", async () => {
    const worker = await forkedWorker(await testForkserver());
    const child = (await call(worker, "children.start_child")) as number;

    worker.kill();
    await worker.ended;

    expect(await isGone(child)).toBe(true);
  });

  test("does not wait for what left its group and holds its output open", async () => {
    const worker = await forkedWorker(await testForkserver());
    const daemon = (await call(worker, "children.start_daemon")) as number;

    await worker.close(10_000);

    expect(isAlive(daemon)).toBe(true);
  });
});

describe("a forkserver that is killed", () => {
  test("is told, and takes its forks with it, whose ends nobody can tell", async () => {
    const forkserver = await testForkserver();
    const worker = await forkedWorker(forkserver);
    const held = rejection(send(worker, "gate.hold").reply, WorkerDiedError);

    process.kill(forkserver.pid, "SIGKILL");

    expect(await forkserver.ended).toMatchObject({ pid: forkserver.pid, signal: "SIGKILL", exitCode: null });
    expect(forkserver.dead).toBe(true);
    const error = await held;
    expect(error).toMatchObject({ exitCode: undefined, signal: undefined, during: "gate.hold" });
    expect(error.message).toMatch(/^session a: worker \d+ died during gate\.hold/);
    expect(await isGone(worker.pid)).toBe(true);
  });

  test("fails the forks that are awaited, and those that are asked for later", async () => {
    const forkserver = await testForkserver();
    process.kill(forkserver.pid, "SIGSTOP");
    const awaited = forkserver.fork();

    process.kill(forkserver.pid, "SIGKILL");

    await expect(awaited).rejects.toThrow("the forkserver died meanwhile");
    await expect(forkserver.fork()).rejects.toThrow("the forkserver is gone");
  });
});

test("a forkserver that is stopped fails forks after a time, and may go on", async () => {
  const forkserver = await testForkserver();
  process.kill(forkserver.pid, "SIGSTOP");

  await expect(forkserver.fork()).rejects.toThrow(
    `no new process within 10 s from the forkserver (process ${forkserver.pid}, which is stopped)`,
  );

  process.kill(forkserver.pid, "SIGCONT");
  expect(await call(await forkedWorker(forkserver), "echo.echo", 1)).toBe(1);
});

test("the end of a worker whose forkserver is stopped is known all the same", async () => {
  const forkserver = await testForkserver();
  const worker = await forkedWorker(forkserver);
  process.kill(forkserver.pid, "SIGSTOP");

  worker.kill();

  expect(await worker.ended).toMatchObject({ exitCode: undefined, signal: undefined });
});

test("closing a forkserver leaves nothing that was forked from it", async () => {
  const forkserver = await testForkserver();
  const worker = await forkedWorker(forkserver);
  const daemon = (await call(worker, "children.start_daemon")) as number;

  await forkserver.close();

  expect([forkserver.pid, worker.pid, daemon].map(isAlive)).toEqual([false, false, false]);
});

test("many forks that are asked for at once all come, each once", async () => {
  const forkserver = await testForkserver();

  const workers = await Promise.all(Array.from({ length: 50 }, () => forkedWorker(forkserver)));

  expect(new Set(workers.map(({ pid }) => pid)).size).toBe(50);
  const answers = await Promise.all(workers.map((worker) => call(worker, "process.pid")));
  expect(answers).toEqual(workers.map(({ pid }) => pid));
  await Promise.all(workers.map((worker) => worker.close(10_000)));
});

test("a worker that was started cold is the same to its session", async () => {
  const { interpreter, env, listener } = await startOptions();
  const lines: string[] = [];
  const session = testSession("cold", lines);
  const options = { interpreter, env, listener, pythonPath: [], threads: 1, startTimeoutMs: 20_000 };

  const started = await startWorker({ ...session, ...options });
  started.calls.send(0x16, 0, Buffer.of(0xc0));

  expect(await started.ended).toEqual({ exitCode: 0, signal: null });
});
