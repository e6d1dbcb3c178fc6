import { inStep } from "../errors/failed-step.js";
import type { CallSite } from "../errors/python.js";
import { ProtocolError } from "../errors/session.js";
import type { SlitherError } from "../errors/slither-error.js";
import { type BatchReply, batchReply, type RowsBody } from "./batch-reply.js";
import { type ErrorMap, errorFromMap } from "./error-map.js";
import { type BlockReader, unpack } from "./extensions.js";
import type { Frame } from "./frame.js";
import type { Handle } from "./handle.js";
import { Kind } from "./protocol.js";
import type { EncodedRequest } from "./request.js";

/** The answer to a request. */
export interface Reply {
  /** The result; for a request that `returns: "ref"` the handle's number and class; undefined for a batch. */
  readonly value: unknown;
  /** Time inside the user's function. */
  readonly computeNanoseconds: number;
  /** What came of a batch. */
  readonly batch?: BatchReply | undefined;
}

/** What the value of a reply is when the request asked for a ref. */
export interface RefReply {
  readonly ref: number;
  readonly typeName: string;
}

/**
 * Reads the answer to a request.
 *
 * @param sent when it was sent, in milliseconds of `performance.now()`.
 * @param read reads what the worker has put into shared memory.
 * @throws the typed error that the answer describes; ProtocolError for an answer that is none.
 */
export function decodeReply(
  frame: Frame,
  request: EncodedRequest,
  sent: number,
  resolve: (id: number) => Handle,
  read?: BlockReader,
): Reply {
  const arrived = performance.now();
  switch (frame.kind) {
    case Kind.RESULT: {
      const [value, computeNanoseconds] = unpack(frame.body, resolve, read) as [unknown, number];
      return { value, computeNanoseconds };
    }
    case Kind.ROWS: {
      const body = unpack(frame.body, resolve, read) as RowsBody;
      const { asked, encoded } = request.times as NonNullable<EncodedRequest["times"]>;
      const bytes = { sent: request.body.byteLength, received: frame.body.byteLength };
      const batch = batchReply(
        body,
        { asked, encoded, sent, arrived },
        bytes,
        (map, step) => errorInStep(map as ErrorMap, step, request),
        request.isColumns,
      );
      return { value: undefined, computeNanoseconds: computeNanoseconds(batch), batch };
    }
    case Kind.REF: {
      const [ref, typeName, computeNanoseconds] = unpack(frame.body) as [number, string, number];
      return { value: { ref, typeName } satisfies RefReply, computeNanoseconds };
    }
    case Kind.ERROR: {
      const map = unpack(frame.body) as ErrorMap & { step?: number };
      throw errorInStep(map, map.step ?? 0, request);
    }
    default:
      throw unexpected(frame);
  }
}

/** The time in the steps of a batch. */
export function computeNanoseconds({ times }: BatchReply): number {
  return Math.round(times.steps.reduce((sum, { began, done }) => sum + (done - began), 0) * 1e6);
}

function errorInStep(map: ErrorMap, step: number, { site, sites }: EncodedRequest): SlitherError {
  return inStep(errorFromMap(map, sites?.[step] ?? site), step);
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
