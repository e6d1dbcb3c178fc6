import { packable, packBody } from "../wire/encode.js";
import type { Frame } from "../wire/frame.js";
import { Kind } from "../wire/protocol.js";
import type { Connection } from "./connection.js";

/** What a worker is told first: see WELCOME in protocol/PROTOCOL.md. */
export interface Welcome {
  readonly session: string;
  readonly pythonPath: readonly string[];
  /** Variables that numeric libraries read their number of threads from, and that are to change. */
  readonly threads: Readonly<Record<string, number>>;
  readonly reseed: boolean;
  /** The limit of the session's memory; undefined: none. */
  readonly memoryBytes: number | undefined;
}

/** Tells a worker who it is. Resolves when it is ready; rejects when it answers something else. */
export async function welcome(calls: Connection, options: Welcome): Promise<void> {
  const ready = nextFrame(calls, Kind.READY);
  calls.send(Kind.WELCOME, 0, encodeWelcome(options));
  await ready;
}

/** The body of WELCOME. */
export function encodeWelcome({ session, pythonPath, threads, reseed, memoryBytes }: Welcome): Buffer {
  const body = { session, pythonPath, threads, reseed, memoryBytes: memoryBytes ?? null };
  return packBody(packable(body, session, "welcome"), "welcome");
}

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
