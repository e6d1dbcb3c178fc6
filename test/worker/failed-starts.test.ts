import fs, { readdirSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { Server } from "node:net";
import { WorkerStartError } from "slither-ts";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { Listener } from "../../src/worker/listener.js";
import { startWorker } from "../../src/worker/start.js";
import { descriptors, descriptorsDownTo } from "../helpers/descriptors.js";
import { isGone } from "../helpers/processes.js";
import { rejection } from "../helpers/rejection.js";
import { temporaryFolder } from "../helpers/temporary.js";
import { startOptions, testForkserver, testListener, testSession } from "./workers.js";

function noSpace(): Error {
  return Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
}

/** A function of `node:fs` fails once. */
function failsOnce(name: "openSync" | "writeSync", error: Error): void {
  const spy = vi.spyOn(fs, name).mockImplementationOnce(() => {
    throw error;
  });
  syncBuiltinESMExports();
  onTestFinished(() => {
    spy.mockRestore();
    syncBuiltinESMExports();
  });
}

/** The next page that is free. */
function nextPage(listener: Listener): number {
  const page = listener.progress.take();
  page.giveBack();
  return page.offset;
}

describe("a fork", () => {
  const beginning = {
    ...testSession("a"),
    pythonPath: [],
    threads: {},
    reseed: true,
    startTimeoutMs: 20_000,
  };

  test("for whose page there is no room is ended, and told as a failed start", async () => {
    const listener = await testListener();
    const forkserver = await testForkserver({ listener });
    const fork = await forkserver.fork();
    failsOnce("writeSync", noSpace());

    const error = await rejection(fork.begin(beginning), WorkerStartError);

    expect(error.message).toBe("session a: the worker did not start: ENOSPC: no space left on device, write");
    expect(error.cause).toMatchObject({ code: "ENOSPC" });
    expect(await isGone(fork.pid)).toBe(true);
    expect(nextPage(listener)).toBe(0);
  });

  test("that ends before it is ready gives its page back", async () => {
    const listener = await testListener();
    const forkserver = await testForkserver({ listener });
    const fork = await forkserver.fork();
    process.kill(fork.pid, "SIGKILL");

    await rejection(fork.begin(beginning), WorkerStartError);

    expect(nextPage(listener)).toBe(0);
  });
});

test("a worker that is started cold, and ends before it is ready, gives its page back", async () => {
  // It connects, and dies of what it is told then: bytes are whole.
  const options = { ...(await startOptions()), ...testSession("a"), memoryBytes: 0.5 };

  const error = await rejection(startWorker(options), WorkerStartError);

  expect(error.message).toContain("it ended before it was ready, with exit code 1");
  expect(nextPage(options.listener)).toBe(0);
});

test.each<[string, () => void]>([
  [
    "the socket cannot be made",
    () => {
      const spy = vi.spyOn(Server.prototype, "listen").mockImplementationOnce(function (this: Server) {
        process.nextTick(() => this.emit("error", noSpace()));
        return this;
      });
      onTestFinished(() => spy.mockRestore());
    },
  ],
  ["the file of pages cannot be made", () => failsOnce("openSync", noSpace())],
])("a listener leaves nothing behind when %s", async (_, fail) => {
  const folder = temporaryFolder();
  vi.stubEnv("TMPDIR", folder);
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
  const before = descriptors();
  fail();

  await expect(Listener.open()).rejects.toMatchObject({ code: "ENOSPC" });

  expect(readdirSync(folder)).toEqual([]);
  expect(await descriptorsDownTo(before)).toBeLessThanOrEqual(before);
});
