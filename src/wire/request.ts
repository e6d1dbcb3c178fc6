import { type CallSite, describeSite } from "../errors/python.js";
import { ValueNotSupportedError } from "../errors/value.js";
import { packable, packBody } from "./encode.js";
import { Kind } from "./protocol.js";
import { Tuple } from "./tuple.js";

/** `value`: the result comes back; `ref`: it stays in its session and a handle comes back. */
export type Returns = "value" | "ref";

/** What a session can be asked to do. Values in it are the user's own. */
export type Request =
  | CallRequest
  | {
      readonly kind: "batch";
      readonly module: string;
      readonly function: string;
      readonly payloads: readonly unknown[];
      /** The function takes one payload, and is called once for each. Default: it takes them all. */
      readonly each?: boolean | undefined;
    }
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

/** A request as it travels: what its caller changes from now on changes nothing. */
export interface EncodedRequest {
  readonly kind: number;
  readonly body: Buffer;
  readonly site: CallSite;
}

/** @throws ValueNotSupportedError, RefError: see {@link packable}; names the call. */
export function encodeRequest(request: Request, site: CallSite): EncodedRequest {
  return { ...naming(site, () => encode(request, site.session)), site };
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

function encode(request: Request, session: string): { kind: number; body: Buffer } {
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
      const payloads = packable(request.payloads, session, "payloads");
      return {
        kind: request.each ? Kind.EACH : Kind.BATCH,
        body: packBody([request.module, request.function, payloads], "payloads"),
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
