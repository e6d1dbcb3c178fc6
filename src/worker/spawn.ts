import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";

/** The folder of the Python package; a folder with a `__main__.py` can be run. */
const WORKER_PACKAGE = fileURLToPath(new URL("../../python/src/slither_worker", import.meta.url));

export type WorkerChild = ChildProcessByStdio<null, Readable, Readable>;

/** Starts a worker process, which will connect to `socketPath` by itself. */
export function spawnWorker(options: {
  interpreter: string;
  socketPath: string;
  token: string;
  env: Readonly<Record<string, string | undefined>>;
}): WorkerChild {
  return spawn(options.interpreter, [WORKER_PACKAGE, "--socket", options.socketPath], {
    // A session of its own: a Ctrl-C in the terminal does not reach it, and one signal reaches all that it has started.
    detached: true,
    env: { ...options.env, SLITHER_TOKEN: options.token },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** Kills a worker and everything it has started. */
export function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    // ESRCH: nothing of it is left, which is what was wanted. EPERM: on macOS, only zombies are left.
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ESRCH" && code !== "EPERM") throw error;
  }
}
