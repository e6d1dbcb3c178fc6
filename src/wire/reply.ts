import type { CallSite } from "../errors/python.js";
import { ProtocolError } from "../errors/session.js";
import type { SlitherError } from "../errors/slither-error.js";
import { type ErrorMap, errorFromMap } from "./error-map.js";
import { unpack } from "./extensions.js";
import type { Frame } from "./frame.js";
import type { Handle } from "./handle.js";
import { Kind } from "./protocol.js";

/** The answer to a request. */
export interface Reply {
  /** The result; for a request that `returns: "ref"` the handle's number and class. */
  readonly value: unknown;
  /** Time inside the user's function. */
  readonly computeNanoseconds: number;
  /** For a batch: the records that its function has set aside, by `Rejected(reason)` in place of the result. */
  readonly rejected?: readonly RejectedResult[] | undefined;
  /** For a batch whose function is called once for each record: those that have failed by themselves. */
  readonly failed?: readonly FailedResult[] | undefined;
}

export type RejectedResult = readonly [index: number, reason: string];

export type FailedResult = readonly [index: number, error: SlitherError];

/** What the value of a reply is when the request asked for a ref. */
export interface RefReply {
  readonly ref: number;
  readonly typeName: string;
}

/**
 * Reads the answer to a call.
 *
 * @throws the typed error that the answer describes; ProtocolError for an answer that is none.
 */
export function decodeReply(frame: Frame, site: CallSite, resolve: (id: number) => Handle): Reply {
  switch (frame.kind) {
    case Kind.RESULT: {
      const [value, computeNanoseconds, rejected, failed] = unpack(frame.body, resolve) as [
        unknown,
        number,
        RejectedResult[]?,
        [index: number, map: ErrorMap][]?,
      ];
      return { value, computeNanoseconds, rejected, failed: failed?.map((each) => failedResult(each, site)) };
    }
    case Kind.REF: {
      const [ref, typeName, computeNanoseconds] = unpack(frame.body) as [number, string, number];
      return { value: { ref, typeName } satisfies RefReply, computeNanoseconds };
    }
    case Kind.ERROR:
      throw errorFromMap(unpack(frame.body) as ErrorMap, site);
    default:
      throw unexpected(frame);
  }
}

/** What an ERROR would say of a whole batch, said of one record. */
function failedResult([index, map]: [index: number, map: ErrorMap], site: CallSite): FailedResult {
  return [index, errorFromMap(map, site)];
}

/** Reads the answer to a FORK. @throws ForkRefusedError, or what else it says; ProtocolError for an answer that is none. */
export function readForked(frame: Frame, site: CallSite): void {
  if (frame.kind === Kind.FORKED) return;
  throw frame.kind === Kind.ERROR ? errorFromMap(unpack(frame.body) as ErrorMap, site) : unexpected(frame);
}

function unexpected({ kind }: Frame): ProtocolError {
  return new ProtocolError(
    `expected an answer from the worker, got a message of kind 0x${kind.toString(16)}`,
  );
}
