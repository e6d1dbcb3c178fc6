import { constants } from "node:os";
import { z } from "zod";
import { OptionsError } from "../../errors/options.js";
import { parseOptions, show } from "../../options/parse.js";

/**
 * What `faults` of `inline()` is asked about: a call or a batch that the session has come to. Where a stage says `each`, the session comes to each of its
 * payloads by itself. Methods of refs are not asked about.
 */
export interface FaultRequest {
  /** The id of the session. */
  readonly session: string;
  readonly module: string;
  readonly function: string;
  /** Counts what this session has come to, from 1, also across crashes; the calls of its setup too. */
  readonly attempt: number;
  /** What is in the batch, or the one payload of `each`; undefined for a call. */
  readonly payloads: readonly unknown[] | undefined;
}

/** What goes wrong with a request: made by `crash()`, `hang()`, `raise()` or `shortResult()`. */
export class Fault {
  /** Without something private every object would count as one of these. */
  readonly #isFault = true;
  /** @internal */
  readonly what: FaultKind;

  /** @internal */
  constructor(what: FaultKind) {
    this.what = what;
    void this.#isFault;
  }
}

/** How a worker ends. */
export type CrashOptions = { signal: NodeJS.Signals } | { exitCode: number };

export type FaultKind =
  | { readonly kind: "crash"; readonly how: CrashOptions }
  | { readonly kind: "hang" }
  | { readonly kind: "raise"; readonly type: string; readonly message: string }
  | { readonly kind: "shortResult" };

const signal = z.custom<NodeJS.Signals>(
  (value) => typeof value === "string" && Object.hasOwn(constants.signals, value),
  'the name of a signal, such as "SIGKILL"',
);
const exitCode = z.int({ error: "a whole number from 0 to 255" }).min(0).max(255);
const crashOptions = z.union([z.strictObject({ signal }), z.strictObject({ exitCode })], {
  error: '{ signal: "SIGKILL" }, with the name of a signal, or { exitCode: 1 }, with a number from 0 to 255',
});
const exceptionName = /^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/;
const raiseArguments = z.strictObject({
  type: z
    .string({ error: "the name of a Python exception" })
    .regex(exceptionName, { error: 'the name of a Python exception, such as "ValueError"' }),
  message: z.string({ error: "text" }),
});

/** The worker dies with the request as a process would: WorkerDiedError, and the session comes back through its setup. @throws OptionsError. */
export function crash(how: CrashOptions): Fault {
  return new Fault({ kind: "crash", how: parseOptions("crash()", crashOptions, how) });
}

/** The request is never answered; only a deadline or an abort ends it, by killing the worker after the grace time. */
export function hang(): Fault {
  return new Fault({ kind: "hang" });
}

/**
 * The request fails as if Python had raised: PythonError.
 *
 * @param type the class, with its module where that is not `builtins`: `"ValueError"`, `"requests.exceptions.Timeout"`.
 * @throws OptionsError.
 */
export function raise(type: string, message: string): Fault {
  return new Fault({ kind: "raise", ...parseOptions("raise()", raiseArguments, { type, message }) });
}

/** The batch is carried out and comes back without its last result: BatchResultError. Only for batches, and not where a stage says `each`. */
export function shortResult(): Fault {
  return new Fault({ kind: "shortResult" });
}

export type FaultFunction = (request: FaultRequest) => Fault | undefined;

/** What a session has come to: a call, or a function of a batch. */
interface CameTo extends Pick<FaultRequest, "module" | "function" | "payloads"> {
  readonly isEach?: boolean;
}

/** The `faults` of an engine, with how many requests each of its sessions has come to. */
export class FaultHook {
  readonly #faults: FaultFunction | undefined;
  readonly #counts = new Map<string, number>();

  constructor(faults: FaultFunction | undefined) {
    this.#faults = faults;
  }

  /** What goes wrong with the request that the session has come to. @throws OptionsError for what is no fault, or none for this request. */
  next(session: string, { module, function: name, payloads, isEach }: CameTo): FaultKind | undefined {
    if (this.#faults === undefined) return undefined;
    const attempt = (this.#counts.get(session) ?? 0) + 1;
    this.#counts.set(session, attempt);
    const fault: unknown = this.#faults({ session, module, function: name, attempt, payloads });
    if (fault === undefined) return undefined;
    if (!(fault instanceof Fault)) {
      throw new OptionsError("inline()", [
        `expected \`faults\` to return crash(), hang(), raise(), shortResult() or undefined, got ${show(fault)}`,
      ]);
    }
    if (fault.what.kind === "shortResult" && (isEach || !payloads?.length)) {
      const one = isEach ? `one payload of ${module}.${name}` : "a batch of none";
      const what = payloads === undefined ? `the call ${module}.${name}` : one;
      throw new OptionsError("inline()", [
        `expected \`faults\` to return shortResult() for batches with records, got it for ${what}`,
      ]);
    }
    return fault.what;
  }
}
