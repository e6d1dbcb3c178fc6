import { trace } from "@opentelemetry/api";
import { afterEach, expect, test, vi } from "vitest";
import { currentInstruments } from "../../src/telemetry/instruments.js";
import { countRecords, recordCounts } from "../../src/telemetry/record-counts.js";
import { currentTracer } from "../../src/telemetry/scope.js";
import { Telemetry } from "../../src/telemetry/telemetry.js";
import { traceCall } from "../../src/telemetry/trace-call.js";
import { traceparentOf } from "../../src/telemetry/traces.js";
import { Sdk } from "./sdk.js";

afterEach(() => {
  vi.restoreAllMocks();
});

test("there is neither a tracer nor an instrument", () => {
  expect([currentTracer(), currentInstruments()]).toEqual([undefined, undefined]);
});

test("there is none when an SDK has gone again", async () => {
  const sdk = new Sdk();
  expect([currentTracer(), currentInstruments()]).not.toContain(undefined);
  await sdk[Symbol.asyncDispose]();
  expect([currentTracer(), currentInstruments()]).toEqual([undefined, undefined]);
});

test("no records are counted", () => {
  const before = [...recordCounts()].length;
  const end = countRecords("none", "none", { in: 1, out: 1, rejected: 0, filtered: 0 });
  expect([...recordCounts()]).toHaveLength(before);
  end();
  expect([...recordCounts()]).toHaveLength(before);
});

test("a batch has no traceparent", () => {
  const telemetry = new Telemetry();
  const ofRun = { run: "p-0", pipe: "p", session: undefined };
  const batch = { ...ofRun, stage: "predict", batch: 0, size: 1, probe: false };
  telemetry.emit("run-start", ofRun);
  telemetry.emit("batch-start", batch);
  expect(traceparentOf(batch)).toBeUndefined();
});

test("a call is the work itself", async () => {
  const working = Promise.resolve(3);
  expect(traceCall({ session: "a", target: "m.f" }, () => working)).toBe(working);
});

test("a tracer provider that throws harms nobody who emits, and its error is not swallowed", () => {
  const scheduled = vi.spyOn(process, "nextTick").mockImplementation(() => {});
  const error = new Error("of the SDK");
  vi.spyOn(trace, "getTracerProvider").mockImplementation(() => {
    throw error;
  });
  new Telemetry().emit("run-start", { run: "p-0", pipe: "p", session: undefined });
  expect(scheduled.mock.calls).toHaveLength(1);
  expect(scheduled.mock.calls[0]?.[0]).toThrow(error);
});
