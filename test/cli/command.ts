import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const TSX = fileURLToPath(import.meta.resolve("tsx"));

export interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningCommand {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves as soon as stderr has the text; rejects when the command ends without it. */
  stderrHas(text: string): Promise<void>;
}

/** Starts `slither` from its sources, when the code `beforehand` has run in its process. */
export function startCommand(
  parameters: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv; beforehand?: string } = {},
): RunningCommand {
  const { beforehand = "" } = options;
  const before = ["--import", `data:text/javascript,${encodeURIComponent(beforehand)}`];
  const child = spawn(process.execPath, ["--import", TSX, ...before, MAIN, ...parameters], {
    cwd: options.cwd ?? process.cwd(),
    env: options.env ?? process.env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text) => {
    stderr += text;
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (exitCode) => resolve({ exitCode, stdout, stderr }));
  });
  const stderrHas = (text: string) =>
    new Promise<void>((resolve, reject) => {
      const look = () => stderr.includes(text) && resolve();
      look();
      child.stderr.on("data", look);
      child.on("close", () => reject(new Error(`ended without "${text}" on stderr:\n${stderr}`)));
    });
  return { child, ended, stderrHas };
}

/** Runs `slither` to its end. */
export function runCommand(
  parameters: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<Ended> {
  return startCommand(parameters, options).ended;
}
