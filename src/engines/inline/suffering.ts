import { constants } from "node:os";
import { type CallSite, PythonError } from "../../errors/python.js";
import { basesOfBuiltin } from "./builtin-exceptions.js";
import type { CrashOptions, FaultKind } from "./faults.js";

/** What a fault comes to in a worker: an error for `raise`; the worker's end for `crash`, which fails the request; nothing ever for `hang`. */
export async function suffer(
  fault: FaultKind | undefined,
  site: CallSite,
  die: (how: CrashOptions) => Error,
): Promise<void> {
  if (fault?.kind === "crash") throw die(fault.how);
  if (fault?.kind === "hang") await new Promise<never>(() => {});
  if (fault?.kind === "raise") throw raised(fault, site);
}

function raised({ type, message }: { type: string; message: string }, site: CallSite): PythonError {
  const dot = type.lastIndexOf(".");
  const module = dot < 0 ? "builtins" : type.slice(0, dot);
  const name = type.slice(dot + 1);
  return new PythonError(site, {
    type: name,
    module,
    message,
    traceback: `${type}: ${message}\n`,
    // A policy asks for them: `retry({ on: ["ConnectionError"] })` is meant for its subclasses too.
    bases: (module === "builtins" ? basesOfBuiltin(name) : undefined) ?? ["builtins.Exception"],
  });
}

/**
 * The module that `inline()` has of its own, as every Python has it: `signal.raise_signal(number)` does to the worker what the signal does to a process
 * that does not handle it. So whoever wants to end or stop a session's worker from within need not know the engine.
 */
export function signalModule(die: (how: CrashOptions) => Error): {
  readonly raise_signal: (number: number) => unknown;
} {
  return {
    raise_signal: async (number: number) => {
      const signal = Object.entries(constants.signals).find(([, each]) => each === number)?.[0];
      if (signal === "SIGSTOP") await new Promise<never>(() => {});
      if (signal !== undefined) throw die({ signal: signal as NodeJS.Signals });
      return null;
    },
  };
}
