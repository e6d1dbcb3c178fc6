import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";

/** A server that the tests start and stop. */
export interface Server {
  readonly url: string;
  readonly port: number;
  readonly child: ChildProcess;
  stop(): Promise<void>;
}

const NAMES = ["redis-server", "valkey-server"];

/** The program of a server on PATH. */
export const program: string | undefined = (process.env.PATH ?? "")
  .split(delimiter)
  .flatMap((folder) => NAMES.map((name) => join(folder, name)))
  .find(isProgram);

export const isRequired = process.env.SLITHER_REQUIRE_REDIS === "1";

if (program === undefined && !isRequired)
  process.stderr.write(`no ${NAMES.join(" or ")} on PATH: the tests of remote stores are skipped\n`);

/**
 * Starts a server on this machine alone, and waits until it takes connections.
 *
 * @param folder where it keeps every write before it answers; without one it has all in memory.
 */
export async function startServer(port?: number, folder?: string): Promise<Server> {
  if (port !== undefined) return startAt(port, folder);
  // Whatever else this machine runs may take a port that was free before the server does.
  for (let tries = 1; ; tries++) {
    try {
      return await startAt(await freePort(), folder);
    } catch (error) {
      if (tries === 3) throw error;
    }
  }
}

async function startAt(port: number, folder: string | undefined): Promise<Server> {
  const kept =
    folder === undefined
      ? { appendonly: "no", dir: "/" }
      : { appendonly: "yes", appendfsync: "always", dir: folder };
  const settings = { port, bind: "127.0.0.1", save: "", ...kept };
  const words = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = spawn(program ?? "redis-server", words, { stdio: ["ignore", "pipe", "ignore"] });
  await ready(child);
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    child,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
    },
  };
}

async function ready(child: ChildProcess): Promise<void> {
  const said: string[] = [];
  for await (const line of createInterface(child.stdout as NodeJS.ReadableStream)) {
    said.push(line);
    if (line.includes("eady to accept connections")) {
      child.stdout?.resume();
      return;
    }
  }
  throw new Error(`the server did not start:\n${said.join("\n")}`);
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
