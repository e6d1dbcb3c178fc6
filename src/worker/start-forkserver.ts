import { WorkerStartError } from "../errors/session.js";
import { type ErrorMap, FORKSERVER, preloadError } from "../wire/error-map.js";
import { packr, unpack } from "../wire/extensions.js";
import { Kind } from "../wire/protocol.js";
import { childProcess } from "./child.js";
import { Connection } from "./connection.js";
import { Forkserver } from "./forkserver.js";
import { launch } from "./launch.js";
import type { Listener } from "./listener.js";
import { LogLines, type OnLine } from "./log-lines.js";
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
        return new Forkserver(childProcess(launched, connection, undefined), unsafe ?? undefined, options);
      },
    );
  } catch (error) {
    if (error instanceof PreloadFailure) throw preloadError(error.map, logs.last);
    const during = importing
      ? ` while it imported ${preload.length === 1 ? "" : "one of "}${preload.join(", ")} (preload)`
      : "";
    throw new WorkerStartError(FORKSERVER, `${(error as Error).message}${during}`, logs.last, error);
  }
}
