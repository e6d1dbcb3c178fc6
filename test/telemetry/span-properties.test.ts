import { SpanStatusCode } from "@opentelemetry/api";
import type { ReadableSpan } from "@opentelemetry/sdk-trace-node";
import fc from "fast-check";
import { OptionsError, pipe } from "slither-ts";
import { inline, type RecordedEvent, recordEvents } from "slither-ts/testing";
import { afterAll, expect, test } from "vitest";
import type { RunEvents } from "../../src/telemetry/events.js";
import { pipeOf, shape } from "../pipe/shapes.js";
import { parentOf, Sdk } from "./sdk.js";

type Recorded = RecordedEvent<RunEvents>;

/** A span, by names that both sides have: of a run, of its stages, and of their batches by number. */
interface Node {
  readonly name: string;
  readonly parent: string | undefined;
  readonly failed: boolean;
  readonly numbers: readonly unknown[];
}

const sdk = new Sdk();
afterAll(() => sdk[Symbol.asyncDispose]());

const NUMBERS = fc.array(fc.nat({ max: 50 }), { maxLength: 25, size: "max" });
/** How a run is consumed: to its end, or left or aborted at a record. */
const CONSUMER = fc.record({
  how: fc.constantFrom("collect", "leave", "abort"),
  at: fc.nat({ max: 10 }),
});
/** What a function in Python fails of. */
const BAD = fc.constantFrom([], [], [3], [3, 7, 11]);
const POLICY = fc.constantFrom("halt" as const, "reject" as const);
const SEARCHED = fc.record({ policy: POLICY, size: fc.integer({ min: 1, max: 6 }) }).map(({ policy, size }) =>
  pipe<number>("searched")
    .node("clean", (n) => n)
    .python<number>("increase", { module: "model", function: "increase", batch: { size } })
    .onError("increase", policy)
    .node("after", (n) => n),
);
/** Trees of branches; undefined for a shape whose outputs cannot go together. */
const BRANCHED = shape.map((body) => {
  try {
    return pipeOf(body) as ReturnType<(typeof SEARCHED)["generate"]>["value"];
  } catch (error) {
    if (error instanceof OptionsError) return undefined;
    throw error;
  }
});

test("the spans of a run are its starts, each ended as its stop or its failure says, as children of what they belong to", async () => {
  const kinds = new Set<string>();
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(SEARCHED, BRANCHED),
      NUMBERS,
      CONSUMER,
      BAD,
      async (made, numbers, consumer, bad) => {
        fc.pre(made !== undefined);
        const engine = inline({ modules: { model: { increase: increaseBut(bad) } } });
        const controller = new AbortController();
        const run = made.run(numbers, { session: await engine.session(), signal: controller.signal });
        const heard = recordEvents(run);
        let seen = 0;
        try {
          for await (const _ of run) {
            if (seen === consumer.at && consumer.how === "leave") break;
            if (seen === consumer.at && consumer.how === "abort") controller.abort(new Error("enough"));
            seen += 1;
          }
        } catch {
          // How it ended is told by its events.
        }
        // What nobody waits for any more has ended now, too.
        await engine.close();
        const events = heard.events as readonly Recorded[];
        for (const { name } of events) kinds.add(name);
        expect(ofSpans(sdk.of(run))).toEqual(ofEvents(events));
      },
    ),
    { numRuns: 250 },
  );
  expect(kinds.size).toBe(9);
});

function increaseBut(bad: readonly number[]): (payloads: number[]) => number[] {
  return (payloads) => {
    if (payloads.some((n) => bad.includes(n))) throw new Error("bad");
    return payloads.map((n) => n + 1);
  };
}

function ofSpans(spans: readonly ReadableSpan[]): Node[] {
  const names = new Map(spans.map((span) => [span.spanContext().spanId, nameOfSpan(span)]));
  return sorted(
    spans.map((span) => ({
      name: nameOfSpan(span),
      parent: names.get(parentOf(span) ?? ""),
      failed: span.status.code === SpanStatusCode.ERROR,
      numbers: ["in", "out", "rejected", "filtered"]
        .map((outcome) => span.attributes[`slither.records.${outcome}`])
        .concat(span.attributes["slither.batch.size"]),
    })),
  );
}

function nameOfSpan({ name, attributes }: ReadableSpan): string {
  return [name, attributes["slither.batch.index"]].filter((part) => part !== undefined).join(" ");
}

function ofEvents(events: readonly Recorded[]): Node[] {
  const starts = events.filter(({ name }) => name.endsWith("-start"));
  return sorted(
    starts.map((start) => {
      const name = nameOfEvent(start);
      const ends = events.filter((each) => !each.name.endsWith("-start") && nameOfEvent(each) === name);
      expect(ends).toHaveLength(1);
      const [end] = ends as [Recorded];
      const told = end.event as Partial<Record<string, unknown>>;
      return {
        name,
        parent: parentOfEvent(start),
        failed: end.name.endsWith("-failure"),
        numbers: [told.in, told.out, told.rejected, told.filtered, told.size],
      };
    }),
  );
}

function nameOfEvent({ name, event }: Recorded): string {
  const [kind] = name.split("-");
  if ("batch" in event) return `${kind} ${event.stage} ${event.batch}`;
  return `${kind} ${"stage" in event ? event.stage : event.pipe}`;
}

function parentOfEvent({ event }: Recorded): string | undefined {
  if ("batch" in event) return `stage ${event.stage}`;
  return "stage" in event ? `run ${event.pipe}` : undefined;
}

function sorted(nodes: readonly Node[]): Node[] {
  return nodes.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
