import { MemoryLimitError, PythonError, WorkerDiedError } from "slither-ts";
import { describe, expect, test } from "vitest";
import { CancelledError } from "../../src/errors/session.js";
import { isGone } from "../helpers/processes.js";
import { rejection } from "../helpers/rejection.js";
import { call, copyOf, forkedWorker, send, testForkserver, testSession } from "./workers.js";

const MEGABYTE = 2 ** 20;

describe("cancelling", () => {
  test("stops the call that runs, and the worker goes on", async () => {
    const lines: string[] = [];
    const worker = await forkedWorker(await testForkserver(), testSession("a", lines));
    const held = send(worker, "gate.hold");
    await expect.poll(() => lines).toContain("holding");

    held.cancel();

    const error = await rejection(held.reply, CancelledError);
    expect(error.traceback).toContain("gate.py");
    expect(await call(worker, "echo.echo", 1)).toBe(1);
  });

  test("a call that was answered stops no other", async () => {
    const worker = await forkedWorker(await testForkserver());
    const answered = send(worker, "echo.echo", 1);
    await answered.reply;
    const others = [1, 2, 3].map((value) => send(worker, "echo.echo", value).reply);

    answered.cancel();

    expect((await Promise.all(others)).map(({ value }) => value)).toEqual([1, 2, 3]);
  });

  test("a call that still waits does not stop the one that runs", async () => {
    const lines: string[] = [];
    const worker = await forkedWorker(await testForkserver(), testSession("a", lines));
    const [running, waiting] = [send(worker, "gate.hold"), send(worker, "gate.ready")];
    await expect.poll(() => lines).toContain("holding");

    waiting.cancel();
    running.cancel();

    await rejection(running.reply, CancelledError);
    await waiting.reply.catch((error) => expect(error).toBeInstanceOf(CancelledError));
    expect(await call(worker, "echo.echo", 1)).toBe(1);
  });
});

describe("a worker that is stopped", () => {
  test("for 2 s while it has something to do is killed", async () => {
    const worker = await forkedWorker(await testForkserver());
    const held = send(worker, "gate.hold").reply;
    process.kill(worker.pid, "SIGSTOP");

    const error = await rejection(held, WorkerDiedError);

    expect(error).toMatchObject({ signal: "SIGKILL", reason: "it had been stopped for 2 s" });
    expect(error.message).toMatch(
      /^session a: worker \d+ was killed by SIGKILL during gate\.hold, because it had been stopped for 2 s/,
    );
    expect(await isGone(worker.pid)).toBe(true);
  });

  test("while it is idle is let be", async () => {
    const forkserver = await testForkserver();
    const [idle, busy] = [await forkedWorker(forkserver), await forkedWorker(forkserver)];
    for (const { pid } of [idle, busy]) process.kill(pid, "SIGSTOP");

    await rejection(send(busy, "gate.hold").reply, WorkerDiedError);
    process.kill(idle.pid, "SIGCONT");

    expect(await call(idle, "echo.echo", 1)).toBe(1);
  });
});

describe("the memory of a worker", () => {
  test("is what it has on top of a new one", async () => {
    const worker = await forkedWorker(await testForkserver({ preload: ["json"] }));
    expect(worker.memoryBytes()).toBeLessThan(10 * MEGABYTE);

    await call(worker, "glutton.grow", 50);

    expect(worker.memoryBytes()).toBeGreaterThan(48 * MEGABYTE);
    expect(worker.memoryBytes()).toBeLessThan(70 * MEGABYTE);
    expect((await copyOf(worker)).memoryBytes()).toBeGreaterThan(48 * MEGABYTE);
  });

  test("is not known any more when it is gone", async () => {
    const worker = await forkedWorker(await testForkserver());
    worker.kill();
    await worker.ended;

    expect(worker.memoryBytes()).toBeUndefined();
  });

  test("that reaches the limit makes its code raise a MemoryError, and it goes on", async () => {
    const limit = { ...testSession("a"), memoryBytes: 100 * MEGABYTE };
    const worker = await forkedWorker(await testForkserver(), limit);

    const grown = await call(worker, "glutton.grow_until_told");

    expect(grown).toBeGreaterThan(90);
    expect(grown).toBeLessThan(125);
    expect(await call(worker, "glutton.grow_until_told")).toBeGreaterThan(75);
  });

  test("that reaches the limit where nothing can be raised makes the code raise that comes after it", async () => {
    const limit = { ...testSession("a"), memoryBytes: 100 * MEGABYTE };
    const worker = await forkedWorker(await testForkserver(), limit);

    expect(await call(worker, "hog_at_import.go_on", 10)).toBe("told");
    // It has not come above the limit in this one.
    expect(await call(worker, "hog_at_import.go_on", 0.5)).toBe("never told");
  });

  test("that passes the limit by far gets it killed", async () => {
    const limit = { ...testSession("a"), memoryBytes: 100 * MEGABYTE };
    const worker = await forkedWorker(await testForkserver(), limit);

    const error = await rejection(call(worker, "glutton.grow_regardless"), MemoryLimitError);

    expect(error).toMatchObject({
      signal: "SIGKILL",
      during: "glutton.grow_regardless",
      limitBytes: 100 * MEGABYTE,
    });
    expect(error.usedBytes).toBeGreaterThanOrEqual(125 * MEGABYTE);
    expect(error.lastLines).toContain("heard");
    expect(await worker.ended).toBe(error);
  });

  test("does not grow by one absurd allocation", async () => {
    const limit = { ...testSession("a"), memoryBytes: 100 * MEGABYTE };
    const worker = await forkedWorker(await testForkserver(), limit);

    const error = await rejection(call(worker, "glutton.grow", 4_000), PythonError);

    expect(error.pythonType).toBe("MemoryError");
    expect(await call(worker, "echo.echo", 1)).toBe(1);
  });
});
