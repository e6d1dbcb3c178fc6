import { onTestFinished } from "vitest";
import { findPython } from "../../src/environment/find.js";
import { encodeRequest } from "../../src/wire/request.js";
import type { Forkserver } from "../../src/worker/forkserver.js";
import { Listener } from "../../src/worker/listener.js";
import { type ForkserverOptions, startForkserver } from "../../src/worker/start-forkserver.js";
import { WorkerProcess, type WorkerSession } from "../../src/worker/worker-process.js";
import { FIXTURES } from "../helpers/engine.js";

/** A listener that is closed when its test is over. */
export async function testListener(): Promise<Listener> {
  const listener = await Listener.open();
  onTestFinished(() => listener.close());
  return listener;
}

/** What a forkserver or a worker is started with in tests. */
export async function startOptions(): Promise<Omit<ForkserverOptions, "preload">> {
  const interpreter = (await findPython({ python: undefined, env: process.env })).path;
  const listener = await testListener();
  const env = { ...process.env, PYTHONFAULTHANDLER: "1" };
  return { interpreter, pythonPath: [FIXTURES], env, startTimeoutMs: 20_000, listener, onLog: () => {} };
}

/** A forkserver that is closed when its test is over. */
export async function testForkserver(options: Partial<ForkserverOptions> = {}): Promise<Forkserver> {
  const forkserver = await startForkserver({ ...(await startOptions()), preload: [], ...options });
  onTestFinished(() => {
    // One that a test has stopped hears nothing else.
    if (!forkserver.dead) process.kill(forkserver.pid, "SIGCONT");
    return forkserver.close();
  });
  return forkserver;
}

/** What the session of a worker is in tests. */
export function testSession(
  session: string,
  lines: string[] = [],
): WorkerSession & { onLog: (stream: string, line: string) => void } {
  const resolveHandle = (): never => {
    throw new Error("no test here has refs");
  };
  const onLog = (_: string, line: string): number => lines.push(line);
  return { session, onLog, resolveHandle, memoryBytes: undefined };
}

/** A worker that was forked, as the driver makes it. */
export async function forkedWorker(
  forkserver: Forkserver,
  options: Partial<ReturnType<typeof testSession>> = {},
): Promise<WorkerProcess> {
  const session = { ...testSession("a"), ...options };
  const common = { threads: {}, startTimeoutMs: 20_000 };
  const fork = await forkserver.fork();
  const started = await fork.begin({ ...session, ...common, pythonPath: [], reseed: true });
  return new WorkerProcess(session, started, { ...common, forkserver });
}

/** A copy of a worker. */
export function copyOf(
  worker: WorkerProcess,
  purpose: "live" | "checkpoint" = "live",
  options: Partial<ReturnType<typeof testSession>> = {},
): Promise<WorkerProcess> {
  return worker.fork({ ...testSession("copy"), purpose, reseed: false, ...options });
}

/** Sends a call. */
export function send(
  worker: WorkerProcess,
  target: string,
  ...args: unknown[]
): ReturnType<WorkerProcess["send"]> {
  const [module, name] = target.split(".") as [string, string];
  const request = { kind: "call", module, function: name, args, kwargs: {}, returns: "value" } as const;
  return worker.send(encodeRequest(request, { session: "a", target }));
}

/** What a call gives back. */
export async function call(worker: WorkerProcess, target: string, ...args: unknown[]): Promise<unknown> {
  return (await send(worker, target, ...args).reply).value;
}
