import { SlitherError } from "../errors/slither-error.js";
import type { ItemId, Rejection } from "../stage/item.js";
import { typeNameOf } from "../wire/refusal.js";

/** What a dead-letter file says of one rejected record. */
export interface DeadLetter {
  /** The id of the run. */
  readonly run: string;
  readonly pipe: string;
  /** When it was rejected, in UTC: `2030-01-31T12:00:00.000Z`. */
  readonly time: string;
  readonly id: ItemId;
  /** The id of the record of the input that this one was made of, by `many`. */
  readonly origin?: ItemId;
  /** The stage that the record failed in. */
  readonly stage: string;
  /** The class of the error; of an exception in Python the Python class, with its module if that is not `builtins`. */
  readonly errorClass: string;
  /** The `code` of the error, if it has one, for example `SLITHER_PYTHON`. */
  readonly code?: string;
  /** The reason. */
  readonly message: string;
  /** Python's traceback, when Python code raised. */
  readonly traceback?: string;
  /** The signal that killed the worker, when the record was rejected because its worker died of one. */
  readonly signal?: string;
  /** The exit code of the worker, when the record was rejected because its worker exited. */
  readonly exitCode?: number;
  /** How often the record was tried; 0 when an equal one had killed or hung its process. */
  readonly attempts: number;
  /** The record as it came in. */
  readonly input: unknown;
  /** The stage that was given `payload`, where that is an earlier one: both were carried out in one trip to Python. */
  readonly entry?: string;
  /** What the stage was given, or `entry`. */
  readonly payload: unknown;
  readonly meta: Readonly<Record<string, unknown>>;
}

/** The letter of a rejection. Its values are those of the rejection, not copies. */
export function letterOf(
  rejection: Rejection,
  about: { readonly run: string; readonly pipe: string; readonly time: Date },
): DeadLetter {
  const { id, origin, stage, error, reason, traceback, attempts, entry, input, payload, meta } = rejection;
  const code = codeOf(error);
  return {
    run: about.run,
    pipe: about.pipe,
    time: about.time.toISOString(),
    id,
    ...(origin === undefined ? {} : { origin }),
    stage,
    errorClass: errorClassOf(error),
    ...(code === undefined ? {} : { code }),
    message: reason,
    ...(traceback === undefined ? {} : { traceback }),
    ...endOfWorker(error),
    attempts,
    ...(entry === undefined ? {} : { entry }),
    input,
    payload,
    meta,
  };
}

function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined;
  return typeof code === "string" ? code : undefined;
}

/** Errors are told apart by their codes: those of another copy of this library are no instances of the classes here. */
function errorClassOf(error: unknown): string {
  if (!SlitherError.is(error) || error.code !== "SLITHER_PYTHON") return typeNameOf(error);
  const { pythonModule, pythonType } = error as unknown as { pythonModule: string; pythonType: string };
  return pythonModule === "builtins" ? pythonType : `${pythonModule}.${pythonType}`;
}

/** A chain of causes that is longer goes round in a circle. */
const LONGEST_CHAIN = 20;

/** How the worker ended, where that is the error or behind it. */
function endOfWorker(error: unknown): Pick<DeadLetter, "signal" | "exitCode"> {
  let cause = error;
  for (let depth = 0; depth < LONGEST_CHAIN && cause instanceof Error; depth++) {
    if (SlitherError.is(cause) && ["SLITHER_WORKER_DIED", "SLITHER_MEMORY_LIMIT"].includes(cause.code)) {
      const { signal, exitCode } = cause as unknown as { signal: unknown; exitCode: unknown };
      return {
        ...(typeof signal === "string" ? { signal } : {}),
        ...(typeof exitCode === "number" ? { exitCode } : {}),
      };
    }
    cause = cause.cause;
  }
  return {};
}
