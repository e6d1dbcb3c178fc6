import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type Contestant, inBatches, pythonEnvironment } from "../competition/contestant.js";

/** Requests on their way at a time, each on a connection that is kept. */
const IN_FLIGHT = 8;
const UVICORN = "--loop uvloop --http httptools --no-access-log --log-level warning --timeout-keep-alive 600";

/** A web service beside Node, over a Unix socket. */
export async function openFastApi(interpreter: string): Promise<Contestant> {
  const { Pool } = await import("undici");
  const folder = await mkdtemp(join(tmpdir(), "slither-bench-"));
  const socketPath = join(folder, "fastapi.sock");
  const parameters = ["-m", "uvicorn", "fastapi_app:app", "--uds", socketPath, ...UVICORN.split(" ")];
  const server = spawn(interpreter, parameters, { env: pythonEnvironment(), stdio: ["pipe", 2, 2] });
  while (!existsSync(socketPath)) {
    if (server.exitCode !== null) throw new Error(`uvicorn ended with exit code ${server.exitCode}`);
    await delay(10);
  }
  const pool = new Pool("http://localhost", { socketPath, connections: IN_FLIGHT, pipelining: 1 });
  const ask = async (path: string, body?: string | Uint8Array): Promise<unknown> => {
    const method = body === undefined ? "GET" : "POST";
    const response = await pool.request({ path, method, ...(body === undefined ? {} : { body }) });
    if (response.statusCode !== 200)
      throw new Error(`expected ${path} to answer 200, got ${response.statusCode}`);
    return response.body.json();
  };
  return {
    name: "FastAPI",
    noop: () => ask("/noop"),
    score: (items, size) =>
      inBatches(
        items,
        size,
        IN_FLIGHT,
        async (batch) => (await ask("/score", JSON.stringify(batch))) as never,
      ),
    sum: async (values) =>
      (await ask("/sum", new Uint8Array(values.buffer, values.byteOffset, values.byteLength))) as number,
    async [Symbol.asyncDispose]() {
      await pool.close();
      const ended = once(server, "exit");
      server.stdin?.end();
      await ended;
      await rm(folder, { recursive: true });
    },
  };
}
