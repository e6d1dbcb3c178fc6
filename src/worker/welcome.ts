import { packable, packBody } from "../wire/encode.js";
import { unpack } from "../wire/extensions.js";
import type { Frame } from "../wire/frame.js";
import { Kind } from "../wire/protocol.js";
import type { SharedMemory } from "../wire/shared-memory.js";
import type { Connection } from "./connection.js";
import type { ProgressPage } from "./progress.js";

/** What a worker is told first: see WELCOME in protocol/PROTOCOL.md. */
export interface Welcome {
  readonly session: string;
  readonly pythonPath: readonly string[];
  /** Variables that numeric libraries read their number of threads from, and that are to change. */
  readonly threads: Readonly<Record<string, number>>;
  readonly reseed: boolean;
  /** The limit of the session's memory; undefined: none. */
  readonly memoryBytes: number | undefined;
  /** Where it notes how far it has come; undefined for one that runs no code. */
  readonly progress: Pick<ProgressPage, "path" | "offset"> | undefined;
  /** What large arrays travel in; left out: the socket. */
  readonly memory?: SharedMemory | undefined;
}

/** Tells a worker who it is. Resolves when it is ready; rejects when it answers something else. */
export async function welcome(calls: Connection, options: Welcome): Promise<void> {
  const { memory } = options;
  const ready = nextFrame(calls, Kind.READY);
  const from = memory?.from ?? Number.POSITIVE_INFINITY;
  const sharedMemory = from === Number.POSITIVE_INFINITY ? null : ([process.pid, from] as const);
  calls.send(Kind.WELCOME, 0, encodeWelcome({ ...options, sharedMemory }));
  const { body } = await ready;
  if (unpack(body) === false) memory?.turnOff();
}

/** The body of WELCOME. */
export function encodeWelcome(options: Welcome & { readonly sharedMemory: Sharing | null }): Buffer {
  const { session, pythonPath, threads, reseed, memoryBytes, progress, sharedMemory } = options;
  const body = {
    session,
    pythonPath,
    threads,
    reseed,
    memoryBytes: memoryBytes ?? null,
    progress: progress === undefined ? null : [progress.path, progress.offset],
    sharedMemory,
  };
  return packBody(packable(body, session, "welcome"), "welcome");
}

/** This process, and the size in bytes from which arrays are put into shared memory. */
type Sharing = readonly [pid: number, from: number];

/** The next frame, which must be of one of these kinds. */
export function nextFrame(connection: Connection, ...kinds: readonly number[]): Promise<Frame> {
  return new Promise((resolve, reject) => {
    connection.onFrame = (frame) => {
      if (kinds.includes(frame.kind)) resolve(frame);
      else
        reject(
          new Error(
            `it answered with a message of kind ${hex(frame.kind)} where ${kinds.map(hex).join(" or ")} was due`,
          ),
        );
    };
  });
}

function hex(kind: number): string {
  return `0x${kind.toString(16)}`;
}
