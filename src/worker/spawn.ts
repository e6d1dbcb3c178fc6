import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";

/** The folder of the Python package; a folder with a `__main__.py` can be run. */
const WORKER_PACKAGE = fileURLToPath(new URL("../../python/src/slither_worker", import.meta.url));

export type PythonChild = ChildProcessByStdio<null, Readable, Readable>;

/** Starts a Python process, which will connect to `socketPath` by itself. */
export function spawnPython(options: {
  interpreter: string;
  socketPath: string;
  /** `--forkserver`, or nothing for a worker. */
  flags: readonly string[];
  token: string;
  env: Readonly<Record<string, string | undefined>>;
}): PythonChild {
  return spawn(options.interpreter, [WORKER_PACKAGE, "--socket", options.socketPath, ...options.flags], {
    // A session of its own: a Ctrl-C in the terminal does not reach it, and one signal reaches all that it has started.
    detached: true,
    env: { ...options.env, SLITHER_TOKEN: options.token },
    stdio: ["ignore", "pipe", "pipe"],
  });
}
