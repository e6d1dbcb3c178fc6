import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { WorkerStartError } from "../errors/session.js";
import { LONGEST_TIMER_MS } from "../options/fields.js";
import { packr } from "../wire/extensions.js";
import type { Frame } from "../wire/frame.js";
import { Kind } from "../wire/protocol.js";
import type { Connection } from "./connection.js";
import type { Listener } from "./listener.js";
import { LogLines } from "./log-lines.js";
import { killGroup, spawnWorker, type WorkerChild } from "./spawn.js";

export interface StartOptions {
  readonly session: string;
  readonly interpreter: string;
  readonly pythonPath: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly startTimeoutMs: number;
  readonly listener: Listener;
  readonly onLog: (stream: "stdout" | "stderr", line: string) => void;
}

/** A process that is ready for its first call. */
export interface StartedWorker {
  readonly child: WorkerChild;
  readonly connection: Connection;
  readonly logs: LogLines;
}

/**
 * spawn -> the worker connects and says HELLO with its token -> WELCOME -> READY.
 *
 * @throws WorkerStartError with what the process last wrote; the process is gone then.
 */
export async function startWorker(options: StartOptions): Promise<StartedWorker> {
  const logs = new LogLines(options.onLog);
  const { token, arrival, forget } = options.listener.expect();
  const cancel = new AbortController();
  let child: WorkerChild | undefined;
  try {
    child = spawnWorker({ ...options, socketPath: options.listener.path, token });
    const failure = Promise.race([
      failsToSpawn(child),
      endsEarly(child),
      takesTooLong(options.startTimeoutMs, cancel.signal),
    ]);
    failure.catch(() => {});
    // Without free file descriptors there are no streams; the reason follows as an event.
    if (child.stdout === undefined) await failure;
    logs.follow("stdout", child.stdout);
    logs.follow("stderr", child.stderr);
    const { connection } = await Promise.race([arrival, failure]);
    const ready = nextFrame(connection, Kind.READY);
    connection.send(
      Kind.WELCOME,
      0,
      packr.pack({ session: options.session, pythonPath: options.pythonPath }),
    );
    await Promise.race([ready, failure]);
    return { child, connection, logs };
  } catch (error) {
    if (child?.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      killGroup(child.pid);
      await once(child, "exit");
    }
    throw new WorkerStartError(options.session, (error as Error).message, logs.last, error);
  } finally {
    forget();
    cancel.abort();
  }
}

async function failsToSpawn(child: WorkerChild): Promise<never> {
  const [error] = (await once(child, "error")) as [Error];
  throw error;
}

async function endsEarly(child: WorkerChild): Promise<never> {
  // "close", not "exit": by then its last words were read.
  const [exitCode, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
  throw new Error(
    `it ended before it was ready, ${signal === null ? `with exit code ${exitCode}` : `killed by ${signal}`}`,
  );
}

async function takesTooLong(milliseconds: number, signal: AbortSignal): Promise<never> {
  await delay(Math.min(milliseconds, LONGEST_TIMER_MS), undefined, { signal });
  throw new Error(`it was not ready after ${milliseconds} ms (startTimeout)`);
}

function nextFrame(connection: Connection, kind: number): Promise<Frame> {
  return new Promise((resolve, reject) => {
    connection.onFrame = (frame) => {
      if (frame.kind === kind) resolve(frame);
      else
        reject(
          new Error(
            `it answered with a message of kind 0x${frame.kind.toString(16)} where 0x${kind.toString(16)} was due`,
          ),
        );
    };
  });
}
