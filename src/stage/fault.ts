import type { Fault } from "../dispatch/judge.js";
import { BatchResultError, PythonError } from "../errors/python.js";
import { SchemaError } from "../errors/schema.js";
import { CallTimeoutError, MemoryLimitError, WorkerDiedError } from "../errors/session.js";
import { ValueNotSupportedError } from "../errors/value.js";

/**
 * Whose fault the failure of a batch may be. A missing module, a session that is gone or an abort would fail every record alike.
 *
 * @param stateful what a process that dies has taken along cannot be had again.
 */
export function faultOf(error: unknown, stateful: boolean): Fault {
  if (
    error instanceof PythonError ||
    error instanceof BatchResultError ||
    error instanceof SchemaError ||
    error instanceof ValueNotSupportedError
  )
    return "records";
  if (stateful || !endsProcess(error)) return "everyone";
  return error instanceof CallTimeoutError ? "time" : "process";
}

/** Whether the failure has cost a process, or may have. */
export function endsProcess(error: unknown): boolean {
  return (
    error instanceof WorkerDiedError || error instanceof MemoryLimitError || error instanceof CallTimeoutError
  );
}
