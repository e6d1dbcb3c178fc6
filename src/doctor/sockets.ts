import { tmpdir } from "node:os";
import { dirname } from "node:path";
import { Listener } from "../worker/listener.js";
import { type Check, checksOf } from "./check.js";

/** The socket that workers connect to, tried for real. */
export type Sockets = { readonly listener: Listener } | { readonly trouble: string };

export async function openSockets(): Promise<Sockets> {
  try {
    return { listener: await Listener.open() };
  } catch (error) {
    return { trouble: (error as Error).message };
  }
}

export interface SocketFacts {
  /** What the system names for temporary files. */
  readonly temporary: string;
  /** Where the socket could be made; null when it could not. */
  readonly used: string | null;
  readonly trouble: string | null;
}

export function socketFacts(sockets: Sockets): SocketFacts {
  return "listener" in sockets
    ? { temporary: tmpdir(), used: dirname(sockets.listener.folder), trouble: null }
    : { temporary: tmpdir(), used: null, trouble: sockets.trouble };
}

export function checkSockets({ temporary, used, trouble }: SocketFacts): Check {
  const { ok, problem } = checksOf("system");
  const name = "sockets";
  if (trouble !== null) {
    const fix =
      "set TMPDIR to a folder on a local disk that can be written to; in a container, docker run --tmpfs /tmp";
    return problem(name, `no Unix socket can be made in ${temporary}: ${trouble}`, fix);
  }
  if (used === temporary) return ok(name, `in ${used}`);
  return ok(name, `in ${used}, as the path of ${temporary} is too long for a Unix socket`);
}
