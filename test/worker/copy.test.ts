import { ForkRefusedError, WorkerDiedError } from "slither-ts";
import { describe, expect, test } from "vitest";
import { startWorker } from "../../src/worker/start.js";
import { WorkerProcess } from "../../src/worker/worker-process.js";
import { isAlive } from "../helpers/processes.js";
import { rejection } from "../helpers/rejection.js";
import { call, copyOf, forkedWorker, send, startOptions, testForkserver, testSession } from "./workers.js";

async function testWorker(): Promise<WorkerProcess> {
  return forkedWorker(await testForkserver());
}

describe("a copy of a worker", () => {
  test("has its state, and a future of its own", async () => {
    const worker = await testWorker();
    await call(worker, "counter.increment");

    const copy = await copyOf(worker);

    expect(copy.pid).not.toBe(worker.pid);
    expect(await call(copy, "counter.increment")).toBe(2);
    expect(await call(copy, "counter.increment")).toBe(3);
    expect(await call(worker, "counter.increment")).toBe(2);
  });

  test("knows its own session, and prints for it", async () => {
    const lines: Record<string, string[]> = { a: [], b: [] };
    const worker = await forkedWorker(await testForkserver(), testSession("a", lines.a));
    const copy = await copyOf(worker, "live", testSession("b", lines.b));

    expect(await call(copy, "process.session")).toBe("b");
    await call(copy, "printer.many", 2);
    await Promise.all([worker.close(10_000), copy.close(10_000)]);

    expect(lines).toEqual({ a: [], b: ["line 0", "line 1"] });
  });

  test("outlives the original, and its end is told", async () => {
    const worker = await testWorker();
    const copy = await copyOf(worker);

    worker.kill();
    await worker.ended;

    expect(await call(copy, "echo.echo", 1)).toBe(1);
    const error = await rejection(call(copy, "killer.leave", 5), WorkerDiedError);
    expect(error).toMatchObject({ session: "copy", pid: copy.pid, exitCode: 5, signal: null });
  });

  test("can be copied itself", async () => {
    const copy = await copyOf(await copyOf(await testWorker()));

    expect(await call(copy, "echo.echo", "x")).toBe("x");
  });

  test("goes on with the random states of the original, unless it gets its own", async () => {
    const worker = await testWorker();
    await call(worker, "random.random");
    const own = { ...testSession("own"), purpose: "live", reseed: true } as const;
    const [same, other] = [await copyOf(worker), await worker.fork(own)];

    const [first, second, third] = [worker, same, other].map((each) => call(each, "random.random"));

    expect(await second).toBe(await first);
    expect(await third).not.toBe(await first);
  });

  test("can be cancelled, too", async () => {
    const lines: string[] = [];
    const copy = await copyOf(await testWorker(), "live", testSession("copy", lines));
    const held = send(copy, "gate.hold");
    await expect.poll(() => lines).toContain("holding");

    held.cancel();

    await expect(held.reply).rejects.toMatchObject({ code: "SLITHER_CANCELLED" });
  });
});

describe("a checkpoint", () => {
  test("keeps the state of its moment, any number of times, also when the original is gone", async () => {
    const worker = await testWorker();
    await call(worker, "counter.increment");
    const checkpoint = await copyOf(worker, "checkpoint");
    await call(worker, "counter.increment");
    worker.kill();
    await worker.ended;

    const restored = [await copyOf(checkpoint), await copyOf(checkpoint)];

    for (const each of restored) expect(await call(each, "counter.increment")).toBe(2);
  });

  test("ends when it is told to, and its end is told", async () => {
    const checkpoint = await copyOf(await testWorker(), "checkpoint");

    await checkpoint.close(10_000);

    expect(await checkpoint.ended).toMatchObject({ exitCode: 0, during: undefined });
    expect(isAlive(checkpoint.pid)).toBe(false);
  });

  test("tells what memory it has", async () => {
    const worker = await testWorker();
    await call(worker, "glutton.grow", 40);

    const checkpoint = await copyOf(worker, "checkpoint");

    expect(checkpoint.memoryBytes()).toBeGreaterThan(38 * 2 ** 20);
  });
});

describe("copying is refused", () => {
  test("where it would not be safe, and nothing is changed by that", async () => {
    const worker = await testWorker();
    await call(worker, "copying.leave_thread");

    const error = await rejection(copyOf(worker), ForkRefusedError);

    expect(error.session).toBe("a");
    expect(error.reason).toContain("left-running");
    expect(await call(worker, "echo.echo", 1)).toBe(1);
  });

  test("of a worker that was started cold, with the reason", async () => {
    const session = testSession("cold");
    const started = await startWorker({ ...(await startOptions()), ...session });
    const worker = new WorkerProcess(session, started, "it has no forkserver");

    const error = await rejection(copyOf(worker), ForkRefusedError);

    expect(error.message).toBe("session cold cannot be copied: it has no forkserver");
    await worker.close(10_000);
  });

  test.each([
    ["says nothing", "hang_copies", /^its copy did not become ready: no new process within 10 s/],
    [
      "ends before it has said anything",
      "end_copies_at_birth",
      /^its copy did not become ready: the new process ended before it had said HELLO$/,
    ],
    [
      "ends before it is ready",
      "end_copies",
      /^its copy did not become ready: it ended before .*, with exit code 7$/,
    ],
  ])("when the copy %s, and the original goes on", async (_, name, reason) => {
    const worker = await testWorker();
    await call(worker, `copying.${name}`);

    const error = await rejection(copyOf(worker), ForkRefusedError);

    expect(error.reason).toMatch(reason);
    expect(await call(worker, "echo.echo", 1)).toBe(1);
  });
});

describe("a worker that is to be copied", () => {
  test("and dies of that, is told by its death", async () => {
    const worker = await testWorker();
    await call(worker, "copying.die_before");

    const error = await rejection(copyOf(worker), WorkerDiedError);

    expect(error).toMatchObject({ exitCode: 7, during: "fork" });
    expect(await worker.ended).toBe(error);
  });

  test("and does not answer, is killed", async () => {
    const worker = await testWorker();
    await call(worker, "copying.hang_before");

    const error = await rejection(copyOf(worker), WorkerDiedError);

    expect(error).toMatchObject({
      signal: "SIGKILL",
      reason: "it did not answer for 10 s when it was to be copied",
    });
  });

  test("and is gone already, is told by its death", async () => {
    const worker = await testWorker();
    worker.kill();
    const death = await worker.ended;

    await expect(copyOf(worker)).rejects.toBe(death);
  });
});
