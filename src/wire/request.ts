import { type CallSite, describeSite } from "../errors/python.js";
import { ValueNotSupportedError } from "../errors/value.js";
import type { ViewHost } from "../view.js";
import type { Columns } from "./columns.js";
import { packableColumns } from "./columns-table.js";
import { packable, packableTable, packBody } from "./encode.js";
import { Kind } from "./protocol.js";
import { type Loans, lending } from "./shared-loans.js";
import type { SharedMemory } from "./shared-memory.js";
import { Tuple } from "./tuple.js";

/** `value`: the result comes back; `ref`: it stays in its session and a handle comes back. */
export type Returns = "value" | "ref";

/** What a session can be asked to do. Values in it are the user's own. */
export type Request =
  | CallRequest
  | BatchRequest
  | {
      readonly kind: "ref-call";
      readonly ref: number;
      readonly method: string;
      readonly args: readonly unknown[];
      readonly kwargs: Readonly<Record<string, unknown>>;
      readonly returns: Returns;
    }
  | { readonly kind: "ref-get"; readonly ref: number; readonly attribute: string; readonly returns: Returns };

export interface CallRequest {
  readonly kind: "call";
  readonly module: string;
  /** May be dotted: `Class.method`. */
  readonly function: string;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly returns: Returns;
}

/** A batch of records, through one Python function after the other. */
export interface BatchRequest {
  readonly kind: "batch";
  /** At least one; the first gets the payloads. */
  readonly steps: readonly Step[];
  readonly payloads: readonly unknown[];
  /** The payloads as what the first step takes, where that is columns; asked for when the message is written. */
  readonly columns?: (() => Columns) | undefined;
  /** What is to come home besides the last results. */
  readonly taps: readonly Tap[];
  /** Payloads that come in at a later step, and have no part in those before; not where the steps take columns. Left out: all are given to the first. */
  readonly entries?: readonly Entry[] | undefined;
  /** The span that it belongs to, in the form of W3C Trace Context. */
  readonly traceparent?: string | undefined;
}

/** One function of a batch. */
export interface Step {
  /** The stage that it is the function of. */
  readonly stage: string;
  readonly module: string;
  readonly function: string;
  /** What it takes: all payloads; one, and is then called once for each; or their columns. Where one step takes columns, all do. */
  readonly form: "list" | "each" | "columns";
}

/** The results of a step, for some of the payloads, by their places. */
export interface Tap {
  readonly step: number;
  readonly indices: readonly number[];
}

/** Payloads that come in at a step, by their places. */
export interface Entry {
  /** From 1. */
  readonly step: number;
  readonly indices: readonly number[];
}

/** A request as it travels: what its caller changes from now on changes nothing. */
export interface EncodedRequest {
  readonly kind: number;
  readonly body: Buffer;
  readonly site: CallSite;
  /** Of a batch: how its steps are named. */
  readonly sites?: readonly CallSite[] | undefined;
  /** Of a batch: whether its payloads, and so what comes home, are columns. */
  readonly isColumns?: boolean | undefined;
  /** Of a batch: when it was asked for, and when it was ready to be sent, in milliseconds of `performance.now()`. */
  readonly times?: { readonly asked: number; readonly encoded: number } | undefined;
  /** What it has lent to Python, until it has its outcome. */
  readonly loans?: Loans | undefined;
  /** Answers what Python asks while it carries this out; without one, all that it asks is refused. */
  readonly host?: ViewHost | undefined;
}

/**
 * @param memory where its large arrays are put; left out: all travel in the body.
 * @param host answers what Python asks meanwhile; left out: all is refused.
 * @throws ValueNotSupportedError, RefError, SharedArrayError: see {@link packable}; names the call.
 */
export function encodeRequest(
  request: Request,
  site: CallSite,
  memory?: SharedMemory,
  host?: ViewHost,
): EncodedRequest {
  const encoded = naming(site, () => lending(memory, () => encode(request, site.session)));
  const { kind, body, sites, isColumns, times, loans } = encoded;
  // Each by its name, here and wherever an object is made for each batch: see "What makes V8 start over" in docs/internals/performance.md.
  return { kind, body, site, sites, isColumns, times, loans, host };
}

/** Does `work`; a value that it refuses is refused with the name of the call. */
export function naming<Result>(site: CallSite, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof ValueNotSupportedError)) throw error;
    const { path, typeName, direction, message } = error;
    throw new ValueNotSupportedError({
      path,
      typeName,
      direction,
      message: `${describeSite(site)}: ${message}`,
    });
  }
}

/** How a step is named. */
export function siteOf({ module, function: name, stage }: Step, session: string): CallSite {
  return { session, target: `${module}.${name}`, stage };
}

function encode(request: Request, session: string): Omit<EncodedRequest, "site" | "loans" | "host"> {
  switch (request.kind) {
    case "call": {
      const { module, function: name, returns } = request;
      return {
        kind: Kind.CALL,
        body: packBody([module, name, ...packableArguments(request, session), returns], "args"),
      };
    }
    case "ref-call": {
      const { ref, method, returns } = request;
      return {
        kind: Kind.REF_CALL,
        body: packBody([ref, method, ...packableArguments(request, session), returns], "args"),
      };
    }
    case "ref-get":
      return {
        kind: Kind.REF_GET,
        body: packBody([request.ref, request.attribute, request.returns], "attribute"),
      };
    case "batch": {
      const asked = performance.now();
      const steps = request.steps.map(({ module, function: name, form }) => [module, name, form]);
      const table = request.columns
        ? packableColumns(request.columns(), session, "payloads")
        : packableTable(request.payloads, session, "payloads");
      const taps = request.taps.map(({ step, indices }) => [step, indices]);
      const entries = request.entries?.map(({ step, indices }) => [step, indices]) ?? null;
      const body = packBody([steps, table, taps, request.traceparent ?? null, entries], "payloads");
      return {
        kind: Kind.BATCH,
        body,
        sites: request.steps.map((step) => siteOf(step, session)),
        isColumns: request.columns !== undefined,
        times: { asked, encoded: performance.now() },
      };
    }
  }
}

function packableArguments(
  request: { args: readonly unknown[]; kwargs: Readonly<Record<string, unknown>> },
  session: string,
): [args: unknown, kwargs: unknown] {
  // A tuple that came from Python may be given as the arguments, of which the message is a plain array.
  const args = request.args instanceof Tuple ? Array.from(request.args) : request.args;
  return [packable(args, session, "args"), packable(request.kwargs, session, "kwargs")];
}
