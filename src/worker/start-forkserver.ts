import { WorkerStartError } from "../errors/session.js";
import { type ErrorMap, preloadError } from "../wire/error-map.js";
import { packr, unpack } from "../wire/extensions.js";
import { Kind } from "../wire/protocol.js";
import { atExit } from "./at-exit.js";
import { childProcess } from "./child.js";
import { Connection } from "./connection.js";
import { Forkserver } from "./forkserver.js";
import { killGroup } from "./kill-group.js";
import { launch } from "./launch.js";
import type { Listener } from "./listener.js";
import { LogLines, type OnLine } from "./log-lines.js";
import { isStopped } from "./proc.js";
import { nextFrame } from "./welcome.js";

export interface ForkserverOptions {
  readonly interpreter: string;
  readonly pythonPath: readonly string[];
  /** The modules to import, in this order. */
  readonly preload: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly startTimeoutMs: number;
  readonly listener: Listener;
  readonly onLog: OnLine;
}

/** The forkserver has said that it cannot import a module. */
class PreloadFailure extends Error {
  readonly map: ErrorMap;

  constructor(map: ErrorMap) {
    super(map.message);
    this.map = map;
  }
}

/**
 * Starts a forkserver, which imports the modules. It may say that it is unsafe: it can then only be closed.
 *
 * @throws PythonImportError for a module that cannot be imported; WorkerStartError. The process is gone then.
 */
export async function startForkserver(options: ForkserverOptions): Promise<Forkserver> {
  const { listener, pythonPath, preload } = options;
  const logs = new LogLines(options.onLog);
  let importing = false;
  try {
    return await launch(
      { ...options, flags: ["--forkserver"], channels: ["forkserver"] as const, logs },
      async (launched) => {
        const connection = new Connection(launched.sockets.forkserver, () => {});
        const answer = nextFrame(connection, Kind.PRELOADED, Kind.ERROR);
        connection.send(Kind.PRELOAD, 0, packr.pack({ pythonPath, preload, folder: listener.folder }));
        importing = preload.length > 0;
        const { kind, body } = await answer;
        if (kind === Kind.ERROR) throw new PreloadFailure(unpack(body) as ErrorMap);
        const { unsafe } = unpack(body) as { unsafe: string | null };
        const forkserver = new Forkserver(
          childProcess(launched, connection, undefined),
          unsafe ?? undefined,
          options,
        );
        launched.spareAtExit();
        leaveAtExit(forkserver);
        return forkserver;
      },
    );
  } catch (error) {
    if (error instanceof PreloadFailure) throw preloadError(error.map, logs.last);
    const during = importing
      ? `, while it imported ${preload.length === 1 ? "" : "one of "}${preload.join(", ")} (preload)`
      : "";
    throw new WorkerStartError(undefined, `${(error as Error).message}${during}`, logs.last, error);
  }
}

/**
 * When Node exits, a forkserver hears of it and kills all that descends from it, also what has left the groups of the workers. So it is let live, unless
 * it hears nothing.
 */
function leaveAtExit({ pid, ended }: Forkserver): void {
  const forget = atExit(() => {
    if (isStopped(pid)) killGroup(pid);
  });
  void ended.then(forget);
}
