import { spawn } from "node:child_process";
import { once } from "node:events";
import { access, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const NAMES = ["redis-server", "valkey-server"];

/** A server of its own on a Unix socket; undefined, with a word about it, where none is installed. */
export async function startRedis(): Promise<({ socket: string } & AsyncDisposable) | undefined> {
  const program = await onPath(NAMES);
  if (program === undefined) {
    process.stderr.write(`not measured: expected one of ${NAMES.join(", ")} on PATH\n`);
    return undefined;
  }
  const folder = await mkdtemp(join(tmpdir(), "slither-bench-"));
  const socket = join(folder, "redis.sock");
  const options = [
    "--port",
    "0",
    "--unixsocket",
    socket,
    "--dir",
    folder,
    "--save",
    "",
    "--appendonly",
    "no",
  ];
  const child = spawn(program, options, { stdio: "ignore" });
  const ended = once(child, "exit");
  while (!(await exists(socket))) {
    if (child.exitCode !== null)
      throw new Error(`expected ${program} to start, got exit code ${child.exitCode}`);
    await sleep(20);
  }
  return {
    socket,
    async [Symbol.asyncDispose]() {
      child.kill();
      await ended;
      await rm(folder, { recursive: true });
    },
  };
}

async function onPath(names: readonly string[]): Promise<string | undefined> {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    for (const name of names) if (await exists(join(folder, name))) return join(folder, name);
  }
  return undefined;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
