import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

/** A Node process that runs one of fixtures/node. */
export interface NodeScript {
  readonly child: ChildProcess;
  /** Its first line. */
  readonly firstLine: Promise<string>;
  /** All its lines, when it has ended. */
  readonly lines: Promise<string[]>;
  /** How it has ended: its exit code or the signal. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

/**
 * @param variable `NAME=value`, for its environment and that of all that it starts.
 * @param flags Node's own.
 */
export function runScript(
  name: string,
  args: readonly string[],
  variable?: string,
  flags: readonly string[] = [],
): NodeScript {
  const file = fileURLToPath(new URL(`../fixtures/node/${name}.ts`, import.meta.url));
  const child = spawn(process.execPath, [...flags, "--import", "tsx", file, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...(variable && Object.fromEntries([variable.split("=")])) },
  });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  const lines: string[] = [];
  const reader = createInterface(child.stdout).on("line", (line) => lines.push(line));
  const closed = once(child, "close") as Promise<[number | null, NodeJS.Signals | null]>;
  return {
    child,
    firstLine: once(reader, "line").then(([line]) => line as string),
    lines: closed.then(() => lines),
    ended: closed.then(([exitCode, signal]) => exitCode ?? (signal as NodeJS.Signals)),
  };
}
