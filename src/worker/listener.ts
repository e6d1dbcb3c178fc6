import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ProtocolError } from "../errors/session.js";
import { unpack } from "../wire/extensions.js";
import { Kind, PROTOCOL_VERSION } from "../wire/protocol.js";
import { atExit } from "./at-exit.js";
import { Connection } from "./connection.js";

const SOCKET_NAME = "workers.sock";
/** On macOS; Linux takes a few bytes more. Node cuts off the rest of a longer path without a word. */
const LONGEST_SOCKET_PATH = 103;

/** What a worker says of itself first. */
export interface Hello {
  readonly protocol: number;
  readonly token: string;
  readonly pid: number;
  readonly python: string;
}

/** A worker that has connected and proved who it is. */
export interface Arrival {
  readonly connection: Connection;
  readonly hello: Hello;
}

interface Expected {
  resolve(arrival: Arrival): void;
  reject(error: Error): void;
}

/** The Unix socket that workers connect to: in a folder that only this user can enter, each worker known by a token that works once. */
export class Listener {
  readonly path: string;
  readonly #folder: string;
  readonly #server: Server;
  readonly #expected = new Map<string, Expected>();
  /** Those that have not said yet who they are. */
  readonly #strangers = new Set<Connection>();
  readonly #forgetAtExit: () => void;

  private constructor(folder: string, server: Server, path: string) {
    this.#folder = folder;
    this.#server = server;
    this.path = path;
    server.on("connection", (socket) => this.#greet(socket));
    this.#forgetAtExit = atExit(() => rmSync(folder, { recursive: true, force: true }));
  }

  static async open(): Promise<Listener> {
    // mkdtemp makes the folder with mode 0700.
    const folder = await mkdtemp(join(roomySystemFolder(), "slither-"));
    const path = join(folder, SOCKET_NAME);
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(path, resolve);
    });
    server.unref();
    return new Listener(folder, server, path);
  }

  /** A token for one worker, and the promise of its arrival. `forget` when it will not come. */
  expect(): { token: string; arrival: Promise<Arrival>; forget: () => void } {
    const token = randomBytes(24).toString("hex");
    const arrival = new Promise<Arrival>((resolve, reject) => this.#expected.set(token, { resolve, reject }));
    arrival.catch(() => {});
    return { token, arrival, forget: () => this.#expected.delete(token) };
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const connection of this.#strangers) connection.destroy();
    await closed;
    await rm(this.#folder, { recursive: true, force: true });
    this.#forgetAtExit();
  }

  #greet(socket: Socket): void {
    const connection = new Connection(socket, (frame) => {
      this.#strangers.delete(connection);
      const hello = frame.kind === Kind.HELLO ? readHello(frame.body) : undefined;
      const expected = hello && this.#expected.get(hello.token);
      if (!hello || !expected) {
        connection.destroy();
        return;
      }
      this.#expected.delete(hello.token);
      if (hello.protocol === PROTOCOL_VERSION) {
        expected.resolve({ connection, hello });
      } else {
        connection.destroy();
        expected.reject(otherProtocol(hello));
      }
    });
    this.#strangers.add(connection);
    void connection.closed.then(() => this.#strangers.delete(connection));
  }
}

function otherProtocol({ protocol }: Hello): ProtocolError {
  return new ProtocolError(
    `expected a worker of protocol version ${PROTOCOL_VERSION}, got version ${protocol}: the Python half is not of this version of slither-ts`,
  );
}

/** Where temporary files go, unless the name of that is so long that none is left for the socket. */
function roomySystemFolder(): string {
  const longest = LONGEST_SOCKET_PATH - `/slither-XXXXXX/${SOCKET_NAME}`.length;
  return Buffer.byteLength(tmpdir()) <= longest ? tmpdir() : "/tmp";
}

function readHello(body: Buffer): Hello | undefined {
  try {
    return unpack(body) as Hello;
  } catch {
    // Not one of ours: whoever writes something else here is turned away.
    return undefined;
  }
}
