import { deepStrictEqual } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { decodeRequest } from "../../src/wire/decode-request.js";
import { packr, unpack } from "../../src/wire/extensions.js";
import { type Frame, FrameReader, frameHeader } from "../../src/wire/frame.js";
import { HEADER_BYTES, Kind } from "../../src/wire/protocol.js";
import { encodeRequest, type Request, type Returns, type Step } from "../../src/wire/request.js";
import { rowsOf, type Table } from "../../src/wire/table.js";
import { errorBody, resultBody } from "../../src/wire/view-frames.js";
import { encodeWelcome } from "../../src/worker/welcome.js";
import { fromNotation, type Notation, TestHandle } from "./notation.js";

const site = { session: "a", target: "golden" };

interface Golden {
  readonly name: string;
  readonly from: "node" | "worker";
  readonly kind: number;
  readonly id: number;
  readonly body: Notation;
  readonly hex: string;
}

const golden = JSON.parse(
  readFileSync(new URL("../../protocol/golden/frames.json", import.meta.url), "utf8"),
) as Golden[];

const fromNode = golden.filter(({ from }) => from === "node");

test("there are golden frames of every kind of message", () => {
  expect(new Set(golden.map(({ kind }) => kind))).toEqual(new Set([...Object.values(Kind), 0x7f]));
});

test.each(golden)("the frame '$name' is read as it is meant", ({ kind, id, body, hex }) => {
  const frames: Frame[] = [];
  new FrameReader({ onFrame: (frame) => frames.push(frame), onLost: () => {} }).push(Buffer.from(hex, "hex"));

  const [frame] = frames;
  expect(frames).toHaveLength(1);
  expect({ kind: frame?.kind, id: frame?.id }).toEqual({ kind, id });
  const read = unpack(frame?.body as Buffer, (ref) => new TestHandle(ref));
  deepStrictEqual(read, fromNotation(body));
});

test.each(fromNode)("the frame '$name' is written byte for byte", ({ kind, id, body, hex }) => {
  const written = write(kind, fromNotation(body));

  expect(Buffer.concat([frameHeader(kind, id, written.byteLength), written]).toString("hex")).toBe(hex);
});

/** The body, written by what writes messages of that kind. */
function write(kind: number, body: unknown): Buffer {
  if (kind === Kind.WELCOME) {
    const { memoryBytes, progress, ...welcome } = body as Omit<
      Parameters<typeof encodeWelcome>[0],
      "memoryBytes" | "progress"
    > & { memoryBytes: number | null; progress: [path: string, offset: number] | null };
    return encodeWelcome({
      ...welcome,
      memoryBytes: memoryBytes ?? undefined,
      progress: progress === null ? undefined : { path: progress[0], offset: progress[1] },
    });
  }
  if (kind === Kind.CALLBACK_RESULT) return resultBody(...(body as [callback: number, value: unknown]), "a");
  if (kind === Kind.CALLBACK_ERROR)
    return errorBody(...(body as [callback: number, error: Record<string, string>]));
  const request = requestOf(kind, body as never);
  if (request === undefined) return packr.pack(body);
  const encoded = encodeRequest(request, site);
  expect(encoded.kind).toBe(kind);
  return encoded.body;
}

test.each(fromNode.filter(({ kind, body }) => requestOf(kind, fromNotation(body) as never) !== undefined))(
  "the request in the frame '$name' is what it was made from",
  ({ kind, body, hex }) => {
    const request = requestOf(kind, fromNotation(body) as never);
    const encoded = { kind, body: Buffer.from(hex, "hex").subarray(HEADER_BYTES), site };

    deepStrictEqual(
      decodeRequest(encoded, (ref) => new TestHandle(ref)),
      request,
    );
  },
);

function requestOf(kind: number, body: never): Request | undefined {
  if (kind === Kind.CALL) {
    const [module, name, args, kwargs, returns] = body as [string, string, unknown[], object, Returns];
    return { kind: "call", module, function: name, args, kwargs: { ...kwargs }, returns };
  }
  if (kind === Kind.BATCH) {
    const [steps, table, taps, traceparent, entries] = body as [
      [string, string, Step["form"]][],
      Table,
      [number, number[]][],
      string | null,
      [number, number[]][] | null,
    ];
    return {
      kind: "batch",
      steps: steps.map(([module, name, form]) => ({ stage: "", module, function: name, form })),
      payloads: rowsOf(table),
      taps: taps.map(([step, indices]) => ({ step, indices })),
      ...(entries === null ? {} : { entries: entries.map(([step, indices]) => ({ step, indices })) }),
      ...(traceparent === null ? {} : { traceparent }),
    };
  }
  if (kind === Kind.REF_CALL) {
    const [ref, method, args, kwargs, returns] = body as [number, string, unknown[], object, Returns];
    return { kind: "ref-call", ref, method, args, kwargs: { ...kwargs }, returns };
  }
  if (kind === Kind.REF_GET) {
    const [ref, attribute, returns] = body as [number, string, Returns];
    return { kind: "ref-get", ref, attribute, returns };
  }
  return undefined;
}
