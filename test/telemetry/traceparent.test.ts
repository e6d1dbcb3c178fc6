import { SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import type { ReadableSpan } from "@opentelemetry/sdk-trace-node";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Telemetry } from "../../src/telemetry/telemetry.js";
import { traceCall } from "../../src/telemetry/trace-call.js";
import { traceparentOf } from "../../src/telemetry/traces.js";
import { parentOf, Sdk } from "./sdk.js";

let sdk: Sdk;

beforeEach(() => {
  sdk = new Sdk();
});

afterEach(() => sdk[Symbol.asyncDispose]());

const telemetry = new Telemetry();
const ofRun = { run: "p-1", pipe: "p", session: "a" };
const ofStage = { ...ofRun, stage: "predict", kind: "python" as const };
const ofBatch = { ...ofRun, stage: "predict", batch: 0, size: 2, probe: false };

/** A run that has sent one batch. */
function start(): void {
  telemetry.emit("run-start", ofRun);
  telemetry.emit("stage-start", ofStage);
  telemetry.emit("batch-start", ofBatch);
}

/** The run to its end, with what the batch did. */
function stop(
  steps: readonly { stage: string; name: string; beganMs: number; endedMs: number }[] = [],
): void {
  const answered = { ...ofBatch, durationMs: 1, computeMs: 1, steps };
  telemetry.emit("batch-stop", answered);
  telemetry.emit("stage-stop", { ...ofStage, durationMs: 1, in: 2, out: 2, rejected: 0, filtered: 0 });
  telemetry.emit("run-stop", { ...ofRun, status: "completed", durationMs: 1 });
}

test("the traceparent of a batch names its span, as W3C Trace Context writes it", () => {
  start();
  const traceparent = traceparentOf(ofBatch);
  stop();
  const batch = sdk.spans.find(({ name }) => name === "batch predict") as ReadableSpan;
  const { traceId, spanId } = batch.spanContext();
  expect(traceparent).toBe(`00-${traceId}-${spanId}-01`);
});

test("a batch that has ended has no traceparent, and neither has one of another run", () => {
  start();
  expect(traceparentOf({ ...ofBatch, run: "p-2" })).toBeUndefined();
  stop();
  expect(traceparentOf(ofBatch)).toBeUndefined();
});

test("a batch that is answered when its run has ended has its traceparent and its span until then", () => {
  start();
  telemetry.emit("run-stop", { ...ofRun, status: "stopped", durationMs: 1 });
  expect(traceparentOf(ofBatch)).toBeDefined();
  telemetry.emit("batch-failure", { ...ofBatch, durationMs: 1, error: new Error("left") });
  expect(traceparentOf(ofBatch)).toBeUndefined();
  expect(sdk.spans.map(({ name }) => name)).toEqual(["run p", "batch predict"]);
});

test("what a batch did in Python are spans within it, from and to the times that are given", () => {
  const epochMs = Date.now() - performance.now();
  start();
  const beganMs = performance.now();
  stop([
    { stage: "clean", name: "model.clean", beganMs, endedMs: beganMs + 2 },
    { stage: "predict", name: "model.predict", beganMs: beganMs + 2, endedMs: beganMs + 5 },
  ]);
  const batch = sdk.spans.find(({ name }) => name === "batch predict");
  const steps = sdk.spans.filter(({ name }) => name.startsWith("python "));
  const told = steps.map((span) => ({
    name: span.name,
    kind: span.kind,
    parent: parentOf(span),
    attributes: span.attributes,
    began: inMs(span.startTime) - epochMs - beganMs,
    took: inMs(span.endTime) - inMs(span.startTime),
  }));
  const common = { kind: SpanKind.INTERNAL, parent: batch?.spanContext().spanId };
  const named = (stage: string) => ({
    "slither.session.id": "a",
    "slither.stage.name": stage,
    "code.function.name": `model.${stage}`,
  });
  // The clock of the day is read in whole milliseconds.
  expect(told).toEqual([
    {
      ...common,
      name: "python model.clean",
      attributes: named("clean"),
      began: expect.closeTo(0, -1),
      took: expect.closeTo(2, 1),
    },
    {
      ...common,
      name: "python model.predict",
      attributes: named("predict"),
      began: expect.closeTo(2, -1),
      took: expect.closeTo(3, 1),
    },
  ]);
});

test("a call is a span of a client, child of the one that is active, with what it called", async () => {
  const called = trace.getTracer("application").startActiveSpan("request", async (outer) => {
    const result = await traceCall({ session: "a", target: "model.predict" }, async () => 3);
    outer.end();
    return { result, outer: outer.spanContext().spanId };
  });
  const { result, outer } = await called;
  expect(result).toBe(3);
  const [span] = sdk.spans;
  expect(span).toMatchObject({
    name: "call model.predict",
    kind: SpanKind.CLIENT,
    attributes: { "slither.session.id": "a", "code.function.name": "model.predict" },
    status: { code: SpanStatusCode.UNSET },
  });
  expect(span && parentOf(span)).toBe(outer);
});

test.each([
  ["rejects", () => Promise.reject(new TypeError("no"))],
  [
    "throws",
    () => {
      throw new TypeError("no");
    },
  ],
])("a call that %s is a span that failed, and fails as before", async (_, work) => {
  await expect(traceCall({ session: "a", target: "model.predict" }, work)).rejects.toThrow("no");
  expect(sdk.spans).toMatchObject([
    { status: { code: SpanStatusCode.ERROR, message: "no" }, attributes: { "error.type": "TypeError" } },
  ]);
});

function inMs([seconds, nanoseconds]: readonly [number, number]): number {
  return seconds * 1_000 + nanoseconds / 1e6;
}
