import { examine } from "../doctor/examine.js";
import { render } from "../doctor/render.js";
import { openSockets } from "../doctor/sockets.js";
import { endSignal } from "./end-signal.js";

/** The options of `slither doctor`. */
export interface DoctorOptions {
  readonly python?: string;
  readonly preload?: readonly string[];
  readonly pythonPath: readonly string[];
  readonly sessions?: number;
  readonly threads?: number;
  /** Milliseconds. */
  readonly startTimeout: number;
  readonly json?: true;
}

/** Examines this machine and prints the report; the exit code says whether there is a problem. */
export async function doctor({ sessions, threads, ...options }: DoctorOptions): Promise<void> {
  using ending = endSignal();
  const sockets = await openSockets();
  exitOn(ending.signal);
  try {
    const { pythonPath, startTimeout: startTimeoutMs } = options;
    const { python, preload } = options;
    const plan = { ...(sessions && { sessions }), ...(threads && { threads }) };
    const { signal } = ending;
    if (process.stderr.isTTY) process.stderr.write("Starting workers to measure\n");
    const report = await examine({ python, preload, pythonPath, plan, startTimeoutMs, sockets, signal });
    // What it found was stopped half-way; this process is about to exit.
    if (signal.aborted) return;
    // False where there is no terminal, or NO_COLOR is set.
    const colors = process.stdout.isTTY && process.stdout.hasColors();
    process.stdout.write(options.json ? `${JSON.stringify(report, undefined, 2)}\n` : render(report, colors));
    if (!report.ok) process.exitCode = 1;
  } finally {
    if ("listener" in sockets) await sockets.listener.close();
  }
}

/** Processes that are being started are waited for by nobody else, but they are killed, and folders removed, when Node exits. */
function exitOn(signal: AbortSignal): void {
  const exit = (): void => {
    process.stderr.write(`slither: ${(signal.reason as Error).message}\n`);
    // After the others that listen to the signal.
    setImmediate(() => process.exit(1));
  };
  if (signal.aborted) exit();
  else signal.addEventListener("abort", exit, { once: true });
}
