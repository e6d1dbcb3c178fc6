import { SpanStatusCode } from "@opentelemetry/api";
import type { ReadableSpan } from "@opentelemetry/sdk-trace-node";
import { pipe } from "slither-ts";
import { beforeEach, describe, expect, test } from "vitest";
import { sharedSession } from "../helpers/engine.js";
import { haltOf } from "../pipe/runs.js";
import { parentOf, Sdk } from "./sdk.js";

const session = sharedSession();

function telling(functionName: string) {
  return pipe<number>("telling").python<string | null>("tell", {
    module: "traces",
    function: functionName,
    batch: { size: 2 },
    each: functionName === "tell_of_one",
  });
}

describe("with an SDK", () => {
  let sdk: Sdk;
  beforeEach(() => {
    sdk = new Sdk();
    return () => sdk[Symbol.asyncDispose]();
  });

  const named = (name: string): ReadableSpan[] => sdk.spans.filter((span) => span.name === name);

  test.each(["tell", "tell_of_one"])(
    "the code of a batch (%s) is told the span of its own batch",
    async (name) => {
      const { outputs } = await telling(name).run([1, 2, 3], { session: session() }).collect();
      const batches = named("batch tell").toSorted((a, b) => indexOf(a) - indexOf(b));
      const [first, second] = batches.map((span) => {
        const { traceId, spanId } = span.spanContext();
        return `00-${traceId}-${spanId}-01`;
      });
      expect(outputs.default.map(({ payload }) => payload)).toEqual([first, first, second]);
    },
  );

  test("what a batch did in Python is a span within that of the batch", async () => {
    await telling("tell").run([1], { session: session() }).collect();
    const [batch] = named("batch tell") as [ReadableSpan];
    const [python] = named("python traces.tell") as [ReadableSpan];
    expect(parentOf(python)).toBe(batch.spanContext().spanId);
    const times = [batch.startTime, python.startTime, python.endTime, batch.endTime].map(inMs);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });

  test("a batch that has failed leaves nothing behind", async () => {
    await haltOf(telling("fail").run([1], { session: session() }));
    expect(await session().call("traces", "outside")).toBeNull();
  });

  test("a call is a span of its own", async () => {
    await session().call("traces", "outside");
    expect(sdk.spans.map(({ name, attributes }) => [name, attributes["slither.session.id"]])).toEqual([
      ["call traces.outside", "shared"],
    ]);
  });

  test("so are a call on a ref, and the reading of what it refers to", async () => {
    const ref = await session().create("fractions", "Fraction", [1, 3]);
    await ref.call("limit_denominator", [2]).catch(() => {});
    await ref.get("denominator");
    await ref.release();
    expect(sdk.spans.map(({ name, status }) => [name, status.code])).toEqual([
      ["call fractions.Fraction", SpanStatusCode.UNSET],
      ["call fractions.Fraction.limit_denominator", SpanStatusCode.ERROR],
      ["call fractions.Fraction.denominator", SpanStatusCode.UNSET],
    ]);
  });
});

test("without an SDK the code of a batch is told nothing", async () => {
  const { outputs } = await telling("tell").run([1], { session: session() }).collect();
  expect(outputs.default.map(({ payload }) => payload)).toEqual([null]);
});

function indexOf({ attributes }: ReadableSpan): number {
  return attributes["slither.batch.index"] as number;
}

function inMs([seconds, nanoseconds]: readonly [number, number]): number {
  return seconds * 1_000 + nanoseconds / 1e6;
}
