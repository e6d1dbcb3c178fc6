import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** How a child process ended. */
export interface StepResult {
  readonly exitCode: number | null;
  /** What it wrote to stdout and stderr, the last part of it. */
  readonly output: string;
}

/** What every step of a set-up is given. */
export interface StepContext {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** Gets each line that a child writes, while it runs. */
  readonly report: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

// What an installer says about its failure is in its last lines.
const KEPT_LINES = 400;

/** Runs a program, passes its lines on, and says how it ended. Rejects when it cannot be started or is aborted. */
export function runStep(
  command: string,
  parameters: readonly string[],
  context: StepContext,
): Promise<StepResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, parameters, {
      cwd: context.cwd,
      env: context.env,
      stdio: ["ignore", "pipe", "pipe"],
      ...(context.signal ? { signal: context.signal } : {}),
    });
    const lines: string[] = [];
    const keep = (line: string) => {
      context.report(line);
      lines.push(line);
      if (lines.length > KEPT_LINES) lines.shift();
    };
    createInterface({ input: child.stdout }).on("line", keep);
    createInterface({ input: child.stderr }).on("line", keep);
    child.on("error", (error) => {
      // An aborted child is still writing: its end is waited for, below.
      if (context.signal?.aborted !== true || child.pid === undefined) reject(error);
    });
    child.on("close", (exitCode) => {
      if (context.signal?.aborted) reject(context.signal.reason);
      else resolve({ exitCode, output: lines.join("\n") });
    });
  });
}
