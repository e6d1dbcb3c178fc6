// Child processes of the repository's own commands: they end when this process is asked to end.
import { spawn } from "node:child_process";
import { constants } from "node:os";

/** @type {Set<import("node:child_process").ChildProcess>} */
const running = new Set();
/** @type {NodeJS.Signals | undefined} */
let endedBy;

/** A child was not started, because this process is ending. */
export class Ended extends Error {}

/** 128 + n, as a shell says it. @param {NodeJS.Signals} signal */
export const exitCodeOf = (signal) => 128 + constants.signals[signal];

/** The exit code that this process owes when it was asked to end. */
export const exitCodeWhenEnded = () => (endedBy === undefined ? undefined : exitCodeOf(endedBy));

/**
 * @typedef {object} ChildOptions
 * @property {string} cwd
 * @property {Record<string, string>} [env] added to the environment of this process
 * @property {"inherit" | "stderr" | "capture"} [stdout] where the child's stdout goes; default `inherit`
 */

/**
 * Runs a program to its end. Its stderr is ours; `stdout` is what was captured, else empty.
 *
 * @param {string} command
 * @param {readonly string[]} parameters
 * @param {ChildOptions} options
 * @returns {Promise<{ exitCode: number, stdout: string }>}
 */
export function runChild(command, parameters, options) {
  return new Promise((resolve, reject) => {
    if (endedBy !== undefined) throw new Ended();
    const out = { inherit: 1, stderr: 2, capture: /** @type {const} */ ("pipe") }[
      options.stdout ?? "inherit"
    ];
    const child = spawn(command, parameters, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ["inherit", out, 2],
    });
    running.add(child);
    let text = "";
    child.stdout?.setEncoding("utf8").on("data", (chunk) => {
      text += chunk;
    });
    child.on("error", (error) => {
      running.delete(child);
      reject(error);
    });
    child.on("close", (code, signal) => {
      running.delete(child);
      resolve({ exitCode: signal ? exitCodeOf(signal) : (code ?? 1), stdout: text });
    });
  });
}

/**
 * From now on a signal that asks this process to end goes to its children, and it ends when they have. Ctrl-C reaches
 * them without help: the terminal sends it to all, and one that is told twice may give up before it has cleaned up.
 *
 * @returns {() => void} from when on signals do again what they did before
 */
export function endWithChildren() {
  const names = /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"]);
  /** @param {NodeJS.Signals} name */
  const end = (name) => {
    const fromTerminal = name === "SIGINT" && process.stdin.isTTY && endedBy === undefined;
    endedBy ??= name;
    if (fromTerminal) return;
    for (const child of running) child.kill(name);
  };
  for (const name of names) process.on(name, end);
  return () => {
    for (const name of names) process.off(name, end);
  };
}
