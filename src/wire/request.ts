import { encodeValue } from "./encode.js";
import { packr } from "./extensions.js";
import { Kind } from "./protocol.js";

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

/** The user's values of a request; the names are the roots of the paths in errors. */
export function requestValues(request: Request): Record<string, unknown> {
  switch (request.kind) {
    case "batch":
      return { payloads: request.payloads };
    case "ref-get":
      return {};
    default:
      return { args: request.args, kwargs: request.kwargs };
  }
}

/** @throws ValueNotSupportedError, RefError: see {@link encodeValue}. Nothing was sent then. */
export function encodeRequest(request: Request, session: string): { kind: number; body: Buffer } {
  switch (request.kind) {
    case "call":
      return { kind: Kind.CALL, body: encodeCall([request.module, request.function], request, session) };
    case "ref-call":
      return { kind: Kind.REF_CALL, body: encodeCall([request.ref, request.method], request, session) };
    case "ref-get":
      return { kind: Kind.REF_GET, body: packr.pack([request.ref, request.attribute, request.returns]) };
    case "batch": {
      const head = [packr.pack(request.module), packr.pack(request.function)];
      return { kind: Kind.BATCH, body: array([...head, encodeValue(request.payloads, session, "payloads")]) };
    }
  }
}

function encodeCall(
  target: readonly [string | number, string],
  request: { args: readonly unknown[]; kwargs: Readonly<Record<string, unknown>>; returns: Returns },
  session: string,
): Buffer {
  return array([
    packr.pack(target[0]),
    packr.pack(target[1]),
    encodeValue(request.args, session, "args"),
    encodeValue(request.kwargs, session, "kwargs"),
    packr.pack(request.returns),
  ]);
}

/** A MessagePack array of fewer than 16 items that are encoded already. */
function array(items: readonly Buffer[]): Buffer {
  return Buffer.concat([Buffer.of(0x90 | items.length), ...items]);
}
