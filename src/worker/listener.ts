import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ProtocolError } from "../errors/session.js";
import { unpack } from "../wire/extensions.js";
import type { Frame } from "../wire/frame.js";
import { type Channel, Kind, PROTOCOL_VERSION } from "../wire/protocol.js";
import { atExit } from "./at-exit.js";
import { type Arrival, ExpectedProcess, type Greeting } from "./expected-process.js";
import { readFirstFrames } from "./first-frame.js";
import { ProgressBoard } from "./progress.js";

const SOCKET_NAME = "workers.sock";
/** On macOS; Linux takes a few bytes more. Node cuts off the rest of a longer path without a word. */
const LONGEST_SOCKET_PATH = 103;
/** A thousand forks of four channels connect at once. (The system may allow fewer; the others then wait in `connect`.) */
const BACKLOG = 4096;

/** A process that was asked for. */
export interface Expectation<C extends Channel> {
  /** What it must say to be known. */
  readonly token: string;
  /** Resolves when all of its channels have connected. */
  readonly arrival: Promise<Arrival<C>>;
  /** Turns away what comes from now on; does nothing to a process that has arrived. */
  forget(): void;
}

/** The Unix socket that processes connect to: in a folder that only this user can enter, each process known by a token of its own. */
export class Listener {
  readonly path: string;
  readonly folder: string;
  /** Where its processes note how far they have come. */
  readonly progress: ProgressBoard;
  readonly #server: Server;
  readonly #expected = new Map<string, ExpectedProcess>();
  readonly #sockets = new Set<Socket>();
  readonly #forgetAtExit: () => void;

  private constructor(folder: string, server: Server, path: string) {
    this.folder = folder;
    this.progress = new ProgressBoard(folder);
    this.#server = server;
    this.path = path;
    server.on("connection", (socket) => this.#greet(socket));
    this.#forgetAtExit = atExit(() => rmSync(folder, { recursive: true, force: true }));
  }

  static async open(): Promise<Listener> {
    // mkdtemp makes the folder with mode 0700.
    const folder = await mkdtemp(join(roomySystemFolder(), "slither-"));
    const server = createServer();
    try {
      const path = join(folder, SOCKET_NAME);
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen({ path, backlog: BACKLOG }, resolve);
      });
      server.unref();
      return new Listener(folder, server, path);
    } catch (error) {
      // First, which removes the socket: a folder that is empty can be removed also where no descriptors are left.
      await new Promise<unknown>((resolve) => server.close(resolve));
      await rm(folder, { recursive: true, force: true }).catch(() => {});
      throw error;
    }
  }

  /** A token for one process, which opens each of `channels` once, and the promise of its arrival. `forget` when it will not come. */
  expect<C extends Channel>(channels: readonly C[]): Expectation<C> {
    const token = randomBytes(24).toString("hex");
    const expected = new ExpectedProcess(channels);
    this.#expected.set(token, expected);
    const forget = (): void => {
      this.#expected.delete(token);
      expected.forget();
    };
    return { token, arrival: expected.arrival as Promise<Arrival<C>>, forget };
  }

  /** Closes it, and every connection that there still is. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    // The server is closed when they are: those that have not said who they are, or that nobody reads.
    for (const socket of this.#sockets) socket.destroy();
    this.#expected.clear();
    await closed;
    this.progress.close();
    await rm(this.folder, { recursive: true, force: true });
    this.#forgetAtExit();
  }

  #greet(socket: Socket): void {
    // Whoever waits for the process keeps Node running; one that comes by itself must not.
    socket.unref();
    socket.on("error", () => {});
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    readFirstFrames(socket, (frame) => {
      const admitted = this.#admit(frame, socket);
      if (admitted === "no") socket.destroy();
      return admitted === "announced";
    });
  }

  /** Whether it is let in; `announced`: when the process that it is for has said HELLO by itself. */
  #admit(frame: Frame | undefined, socket: Socket): "yes" | "no" | "announced" {
    const hello = frame?.kind === Kind.HELLO ? readGreeting(frame.body) : undefined;
    const expected = hello && this.#expected.get(hello.token);
    if (!hello || !expected) return "no";
    if (hello.protocol !== PROTOCOL_VERSION) {
      this.#expected.delete(hello.token);
      expected.fail(otherProtocol(hello));
      return "no";
    }
    if (hello.pid === null && hello.channel === "calls")
      return expected.announce(socket) ? "announced" : "no";
    const admitted = expected.connect(hello, socket);
    if (expected.complete) this.#expected.delete(hello.token);
    return admitted ? "yes" : "no";
  }
}

function otherProtocol({ protocol }: Greeting): ProtocolError {
  return new ProtocolError(
    `expected a worker of protocol version ${PROTOCOL_VERSION}, got version ${protocol}: the Python half is not of this version of slither-ts`,
  );
}

/** Where temporary files go, unless the name of that is so long that none is left for the socket. */
function roomySystemFolder(): string {
  const longest = LONGEST_SOCKET_PATH - `/slither-XXXXXX/${SOCKET_NAME}`.length;
  return Buffer.byteLength(tmpdir()) <= longest ? tmpdir() : "/tmp";
}

function readGreeting(body: Buffer): Greeting | undefined {
  try {
    const { pid, ...rest } = unpack(body) as Greeting;
    // The group of that process will be killed, and the groups 0 and 1 are far more than that.
    if (pid !== null && !(Number.isSafeInteger(pid) && pid > 1)) return undefined;
    return { ...rest, pid };
  } catch {
    // Not one of ours: whoever writes something else here is turned away.
    return undefined;
  }
}
