import { ProtocolError } from "../errors/session.js";
import { unpack } from "./extensions.js";
import type { Handle } from "./handle.js";
import { Kind } from "./protocol.js";
import type { EncodedRequest, Request, Returns } from "./request.js";

/**
 * Reads a request as Python reads it, for an engine that has no Python: its values are copies, and what travels as something else arrives as that.
 *
 * @param resolve what stands for the object behind a ref.
 */
export function decodeRequest({ kind, body }: EncodedRequest, resolve: (id: number) => Handle): Request {
  const parts = unpack(body, resolve);
  switch (kind) {
    case Kind.CALL: {
      const [module, name, args, kwargs, returns] = parts as CallParts<[string, string]>;
      return { kind: "call", module, function: name, args, kwargs, returns };
    }
    case Kind.BATCH: {
      const [module, name, payloads] = parts as [string, string, unknown[]];
      return { kind: "batch", module, function: name, payloads };
    }
    case Kind.EACH: {
      const [module, name, payloads] = parts as [string, string, unknown[]];
      return { kind: "batch", module, function: name, payloads, each: true };
    }
    case Kind.REF_CALL: {
      const [ref, method, args, kwargs, returns] = parts as CallParts<[number, string]>;
      return { kind: "ref-call", ref, method, args, kwargs, returns };
    }
    case Kind.REF_GET: {
      const [ref, attribute, returns] = parts as [number, string, Returns];
      return { kind: "ref-get", ref, attribute, returns };
    }
    default:
      throw new ProtocolError(`expected a request, got a message of kind 0x${kind.toString(16)}`);
  }
}

type CallParts<What extends unknown[]> = [
  ...what: What,
  args: unknown[],
  kwargs: Record<string, unknown>,
  returns: Returns,
];
