import { once } from "node:events";
import type { Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { LONGEST_TIMER_MS } from "../options/fields.js";
import type { Channel } from "../wire/protocol.js";
import { atExit } from "./at-exit.js";
import { childEnd, describeEnding, drained, type Ending } from "./ending.js";
import { killGroup } from "./kill-group.js";
import type { Listener } from "./listener.js";
import type { LogLines } from "./log-lines.js";
import { type PythonChild, spawnPython } from "./spawn.js";

export interface LaunchOptions<C extends Channel> {
  readonly interpreter: string;
  readonly flags: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly startTimeoutMs: number;
  readonly listener: Listener;
  readonly channels: readonly C[];
  readonly logs: LogLines;
}

/** A child of this process that has connected all of its channels. */
export interface Launched<C extends Channel> {
  readonly child: PythonChild;
  readonly pid: number;
  readonly sockets: Readonly<Record<C, Socket>>;
  readonly logs: LogLines;
  /** Forgets that it is to be killed when Node exits. */
  readonly spareAtExit: () => void;
}

/**
 * spawn -> the process connects and says HELLO with its token -> `shakeHands`, which makes it ready.
 *
 * @throws an Error whose message says what went wrong, or what `shakeHands` throws; the process is gone then.
 */
export async function launch<C extends Channel, Ready>(
  options: LaunchOptions<C>,
  shakeHands: (launched: Launched<C>) => Promise<Ready>,
): Promise<Ready> {
  const { listener, logs } = options;
  const { token, arrival, forget } = listener.expect(options.channels);
  const cancel = new AbortController();
  let child: PythonChild | undefined;
  try {
    child = spawnPython({ ...options, socketPath: listener.path, token });
    const spareAtExit = killAtExit(child);
    const failure = Promise.race([
      failsToSpawn(child),
      endsEarly(child, logs),
      takesTooLong(options.startTimeoutMs, cancel.signal),
    ]);
    failure.catch(() => {});
    // Without free file descriptors there are no streams; the reason follows as an event.
    if (child.stdout === undefined) await failure;
    logs.follow("stdout", child.stdout);
    logs.follow("stderr", child.stderr);
    const { sockets } = await Promise.race([arrival, failure]);
    const launched = { child, pid: child.pid as number, sockets, logs, spareAtExit };
    return await Promise.race([shakeHands(launched), failure]);
  } catch (error) {
    // It may have arrived at the same moment.
    arrival
      .then(({ sockets }) => Object.values<Socket>(sockets).map((socket) => socket.destroy()))
      .catch(() => {});
    if (child?.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      killGroup(child.pid);
      await childEnd(child);
      await drained(logs);
    }
    throw error;
  } finally {
    forget();
    cancel.abort();
  }
}

/** Rejects when a process that is being started is not ready in time. */
export async function takesTooLong(milliseconds: number, signal: AbortSignal): Promise<never> {
  await delay(Math.min(milliseconds, LONGEST_TIMER_MS), undefined, { signal });
  throw new Error(`it was not ready after ${milliseconds} ms (startTimeout)`);
}

/** What is said of a process that ended while it was being started. */
export function endedEarly(ending: Ending): Error {
  return new Error(`it ended before it was ready, ${describeEnding(ending)}`);
}

function killAtExit(child: PythonChild): () => void {
  const forget = atExit(() => killGroup(child.pid));
  child.once("exit", forget);
  child.once("error", forget);
  return forget;
}

async function failsToSpawn(child: PythonChild): Promise<never> {
  const [error] = (await once(child, "error")) as [Error];
  throw error;
}

async function endsEarly(child: PythonChild, logs: LogLines): Promise<never> {
  const ending = await childEnd(child);
  await drained(logs);
  throw endedEarly(ending);
}
