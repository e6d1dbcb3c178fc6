import { SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import type { ReadableSpan } from "@opentelemetry/sdk-trace-node";
import { pipe, view } from "slither-ts";
import { inline } from "slither-ts/testing";
import { beforeEach, expect, test } from "vitest";
import packageJson from "../../package.json" with { type: "json" };
import { SESSION_EVENTS } from "../../src/telemetry/events.js";
import { traceEvent } from "../../src/telemetry/traces.js";
import { deferred } from "../dispatch/deferred.js";
import { inlineSession } from "../pipe/inline-session.js";
import { upTo } from "../pipe/inputs.js";
import { haltOf } from "../pipe/runs.js";
import { askingSession } from "../views/sessions.js";
import { parentOf, Sdk } from "./sdk.js";

let sdk: Sdk;

beforeEach(() => {
  sdk = new Sdk();
  return () => sdk[Symbol.asyncDispose]();
});

const functions = {
  double: (payloads: number[]) => payloads.map((n) => n * 2),
  fail: () => {
    throw new TypeError("three");
  },
};

function scoring(functionName: keyof typeof functions) {
  return pipe<number>("scoring")
    .node("clean", (n) => n)
    .python<number>("predict", { module: "model", function: functionName, batch: { size: 4 } });
}

function named(spans: readonly ReadableSpan[], name: string): ReadableSpan {
  const found = spans.filter((span) => span.name === name);
  expect(found.map((span) => span.name)).toEqual([name]);
  return found[0] as ReadableSpan;
}

test("a run, its stages and their batches are spans, each the child of the one that it belongs to", async () => {
  const run = scoring("double").run(upTo(6), { session: await inlineSession(functions) });
  await run.collect();
  const spans = sdk.of(run);
  const ids = new Map(spans.map((span) => [span.spanContext().spanId, span.name]));
  const parents = spans.map((span) => [span.name, ids.get(parentOf(span) ?? "")]);
  expect(parents.toSorted()).toEqual([
    ["batch predict", "stage predict"],
    ["batch predict", "stage predict"],
    ["run scoring", undefined],
    ["stage clean", "run scoring"],
    ["stage predict", "run scoring"],
  ]);
  expect(new Set(spans.map((span) => span.spanContext().traceId)).size).toBe(1);
});

test("spans tell what they are of, and a stage its numbers", async () => {
  const run = scoring("double").run(upTo(3), { session: await inlineSession(functions) });
  await run.collect();
  const spans = sdk.of(run);
  const ofRun = { "slither.pipe.name": "scoring", "slither.run.id": run.id, "slither.session.id": "inline" };
  const ofStage = { ...ofRun, "slither.stage.name": "predict" };
  expect(named(spans, "run scoring").attributes).toEqual({ ...ofRun, "slither.run.status": "completed" });
  expect(named(spans, "stage predict").attributes).toEqual({
    ...ofStage,
    "slither.stage.kind": "python",
    "slither.records.in": 3,
    "slither.records.out": 3,
    "slither.records.rejected": 0,
    "slither.records.filtered": 0,
  });
  expect(named(spans, "batch predict").attributes).toEqual({
    ...ofStage,
    "slither.batch.index": 0,
    "slither.batch.size": 3,
    "slither.batch.probe": false,
    "slither.batch.compute.duration": expect.any(Number),
  });
});

test("what asks another process is a client", async () => {
  const run = scoring("double").run(upTo(3), { session: await inlineSession(functions) });
  await run.collect();
  const kinds = Object.fromEntries(sdk.of(run).map((span) => [span.name, span.kind]));
  expect(kinds).toEqual({
    "run scoring": SpanKind.INTERNAL,
    "stage clean": SpanKind.INTERNAL,
    "stage predict": SpanKind.INTERNAL,
    "batch predict": SpanKind.CLIENT,
  });
});

test("spans come under the name and the version of the package", async () => {
  await pipe<number>("p").run([1]).collect();
  expect(sdk.spans.map((span) => span.instrumentationScope)).toMatchObject([
    { name: "slither-ts", version: packageJson.version },
  ]);
});

test("a run is the child of the span that is active where it is pulled", async () => {
  const tracer = trace.getTracer("application");
  const run = pipe<number>("p")
    .node("clean", (n) => n)
    .run([1]);
  const outer = await tracer.startActiveSpan("request", async (span) => {
    await run.collect();
    span.end();
    return span.spanContext();
  });
  const ofRun = named(sdk.of(run), "run p");
  expect([ofRun.spanContext().traceId, parentOf(ofRun)]).toEqual([outer.traceId, outer.spanId]);
});

test("a run that no span is active around begins a trace of its own", async () => {
  const runs = [1, 2].map((n) => pipe<number>("p").run([n]));
  await Promise.all(runs.map((run) => run.collect()));
  const traces = runs.flatMap((run) => sdk.of(run).map((span) => span.spanContext().traceId));
  expect(new Set(traces).size).toBe(2);
});

test("a failure is the status of its batch, its stage and its run, with the error", async () => {
  const run = scoring("fail").run(upTo(3), { session: await inlineSession(functions) });
  const { cause } = await haltOf(run);
  const spans = sdk.of(run);
  for (const name of ["batch predict", "stage predict", "run scoring"]) {
    const { status, events, attributes } = named(spans, name);
    expect(status).toEqual({ code: SpanStatusCode.ERROR, message: (cause as Error).message });
    expect(events).toMatchObject([
      { name: "exception", attributes: { "exception.message": (cause as Error).message } },
    ]);
    expect(attributes["error.type"]).toBe("SLITHER_PYTHON");
  }
  expect(named(spans, "stage clean").status.code).toBe(SpanStatusCode.UNSET);
});

test("records that are rejected are a count of their stage, not failures of it", async () => {
  const run = scoring("fail")
    .onError("predict", "reject")
    .run(upTo(2), { session: await inlineSession(functions) });
  await run.collect();
  const stage = named(sdk.of(run), "stage predict");
  expect(stage.status.code).toBe(SpanStatusCode.UNSET);
  expect(stage.events).toEqual([]);
  expect(stage.attributes).toMatchObject({ "slither.records.in": 2, "slither.records.rejected": 2 });
});

test("what is thrown need not be an error", async () => {
  const run = pipe<number>("p").run([1], { signal: AbortSignal.abort("gone") });
  await haltOf(run);
  expect(sdk.of(run)).toMatchObject([
    {
      status: { code: SpanStatusCode.ERROR, message: '`"gone"` (string)' },
      attributes: { "error.type": "_OTHER", "slither.run.status": "aborted" },
    },
  ]);
});

test("a span lies within the one that it is a child of", async () => {
  const run = scoring("double").run(upTo(20), { session: await inlineSession(functions) });
  await run.collect();
  const spans = sdk.of(run);
  const byId = new Map(spans.map((span) => [span.spanContext().spanId, span]));
  const strays = spans.filter((span) => {
    const parent = byId.get(parentOf(span) ?? "");
    return (
      parent !== undefined &&
      !(earlier(parent.startTime, span.startTime) && earlier(span.endTime, parent.endTime))
    );
  });
  expect(strays.map(({ name }) => name)).toEqual([]);
});

test("a batch that is at work when its run is left has a span that ends", async () => {
  const began = deferred();
  const go = deferred();
  await using engine = inline({
    modules: {
      model: {
        slow: async (payloads: number[]) => {
          if (payloads.includes(2)) {
            began.resolve();
            await go.promise;
          }
          return payloads;
        },
      },
    },
  });
  const session = await engine.session();
  const run = pipe<number>("p")
    .python<number>("slow", { module: "model", function: "slow", batch: { size: 1 } })
    .run(upTo(3), { session });
  for await (const _ of run) {
    await began.promise;
    break;
  }
  go.resolve();
  await engine.close();
  const spans = sdk.of(run);
  expect(spans.filter(({ name }) => name === "batch slow").map(numberOf)).toContain(2);
  expect(named(spans, "run p").attributes["slither.run.status"]).toBe("stopped");
});

test("a run that began before there was an SDK has no spans", async () => {
  await sdk[Symbol.asyncDispose]();
  const run = pipe<number>("p")
    .node("clean", (n) => n)
    .run([1, 2]);
  const consumed = run[Symbol.asyncIterator]();
  await consumed.next();
  sdk = new Sdk();
  for await (const _ of { [Symbol.asyncIterator]: () => consumed });
  expect(sdk.of(run)).toEqual([]);
});

function numberOf({ attributes }: ReadableSpan): unknown {
  return attributes["slither.batch.index"];
}

function earlier(one: readonly [number, number], other: readonly [number, number]): boolean {
  return one[0] < other[0] || (one[0] === other[0] && one[1] <= other[1]);
}

test("a question to a view names the run that asks, and is no part of its trace", async () => {
  const price = view("price", ({ key }: { key: number }) => key * 2);
  const session = await askingSession([]);
  const made = pipe<number>("p").python<number>("s", { module: "m", function: "ask_each", views: [price] });
  const run = made.run([1], { session });
  const asked: unknown[] = [];
  session.events.on("view-call", (event) => asked.push(event.run));
  await run.collect();
  expect(asked).toEqual([run.id]);
  expect(sdk.of(run).map((span) => span.name)).toEqual(["batch s", "stage s", "run p"]);
});

test.each(SESSION_EVENTS)("%s makes nothing of a trace, whatever it names", (name) => {
  traceEvent("run-start", { run: "r-1", pipe: "p", session: undefined });
  traceEvent(name, { run: "r-1" } as never);
  traceEvent("run-stop", { run: "r-1", pipe: "p", session: undefined, status: "completed", durationMs: 1 });
  expect(sdk.spans.map((span) => span.name)).toEqual(["run p"]);
});
