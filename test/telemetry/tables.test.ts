import type { ReadableSpan } from "@opentelemetry/sdk-trace-node";
import { pipe } from "slither-ts";
import { crash, inline } from "slither-ts/testing";
import { beforeAll, expect, test } from "vitest";
import { ATTRIBUTES, type AttributeKey } from "../../src/telemetry/attributes.js";
import { METRIC_TABLE } from "../../src/telemetry/metric-table.js";
import { SPAN_TABLE } from "../../src/telemetry/span-table.js";
import { Telemetry } from "../../src/telemetry/telemetry.js";
import { traceCall } from "../../src/telemetry/trace-call.js";
import { upTo } from "../pipe/inputs.js";
import { haltOf } from "../pipe/runs.js";
import { Sdk } from "./sdk.js";

let spans: readonly ReadableSpan[];
let metrics: Awaited<ReturnType<Sdk["metrics"]>>;

/** Everything that is told of happens once, with a failure of each kind. */
beforeAll(async () => {
  const sdk = new Sdk();
  const engine = inline({
    modules: {
      model: {
        predict: (payloads: number[]) => {
          if (payloads.includes(7)) throw new Error("seven");
          return payloads;
        },
        ping: () => 1,
      },
    },
    faults: ({ attempt, function: name }) =>
      name === "ping" && attempt === 1 ? crash({ signal: "SIGKILL" }) : undefined,
  });
  await expect(engine.session({ setup: () => Promise.reject(new Error("no")) })).rejects.toThrow("no");
  const session = await engine.session({ setup: () => {} });
  const recovered = new Promise((resolve) => engine.on("session-recovery", resolve));
  await expect(session.call("model", "ping")).rejects.toThrow();
  await recovered;
  const scoring = pipe<number>("scoring").python<number>("predict", { module: "model", function: "predict" });
  await scoring.run(upTo(5), { session }).collect();
  await haltOf(scoring.run(upTo(8), { session }));
  const about = { session: "a", target: "model.predict" };
  await expect(traceCall(about, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  tellOfProcesses();
  metrics = await sdk.metrics();
  await engine.close();
  spans = sdk.spans;
  await sdk[Symbol.asyncDispose]();
});

/** What an engine without processes has none of. */
function tellOfProcesses(): void {
  const telemetry = new Telemetry();
  const ofSession = { session: "a", pid: 1, durationMs: 1 };
  telemetry.emit("session-checkpoint", { ...ofSession, automatic: true });
  telemetry.emit("session-recycle", { ...ofSession, from: "setup", reason: "old" });
  const ofRun = { run: "p-1", pipe: "p", session: "a" };
  const batch = { ...ofRun, stage: "predict", batch: 0, size: 1, probe: false };
  const steps = [{ stage: "predict", name: "model.predict", beganMs: 1, endedMs: 2 }];
  telemetry.emit("run-start", ofRun);
  telemetry.emit("batch-start", batch);
  const answered = { ...batch, durationMs: 1, computeMs: 1, steps };
  telemetry.emit("batch-stop", answered);
}

const namesOf = (keys: readonly AttributeKey[]): string[] => keys.map((key) => ATTRIBUTES[key].name).sort();

test.each(Object.entries(SPAN_TABLE))(
  "a span of a %s has the kind and the attributes of the table",
  (name, entry) => {
    const own = spans.filter((span) => span.name.startsWith(`${name} `));
    expect(new Set(own.map(({ kind }) => kind))).toEqual(new Set([entry.kind]));
    const told = new Set(own.flatMap(({ attributes }) => Object.keys(attributes)));
    expect([...told].sort()).toEqual(namesOf(entry.attributes));
  },
);

test("the metrics are those of the table, with their units and attributes", () => {
  const expected = Object.values(METRIC_TABLE).map(({ name, unit, attributes }) => ({
    name,
    unit,
    attributes: namesOf(attributes),
  }));
  const byName = (a: { name: string }, b: { name: string }): number => (a.name < b.name ? -1 : 1);
  expect(metrics.toSorted(byName)).toEqual(expected.toSorted(byName));
});
