import {
  type Counter,
  type Histogram,
  type Meter,
  type MeterProvider,
  metrics,
  type ObservableResult,
} from "@opentelemetry/api";
import { attributes } from "./attributes.js";
import { METRIC_TABLE } from "./metric-table.js";
import { recordCounts } from "./record-counts.js";
import { meterOf } from "./scope.js";
import { openSessions } from "./session-count.js";

type Table = typeof METRIC_TABLE;

/** The instruments that are told of what happens, by their keys in the table. */
export type Instruments = {
  readonly [Key in keyof Table as Table[Key]["instrument"] extends "counter" | "histogram"
    ? Key
    : never]: Table[Key]["instrument"] extends "counter" ? Counter : Histogram;
};

const OBSERVED = {
  records: (result: ObservableResult) => {
    for (const { pipe, stage, counts } of recordCounts()) {
      for (const outcome of ["in", "out", "rejected", "filtered"] as const)
        result.observe(counts[outcome], attributes({ pipe, stage, outcome }));
    }
  },
  sessions: (result: ObservableResult) => result.observe(openSessions()),
};

let known: { readonly provider: MeterProvider; readonly instruments: Instruments | undefined } | undefined;

/** The instruments of the application's meter; undefined without an SDK. */
export function currentInstruments(): Instruments | undefined {
  // Asked anew each time: meters, unlike tracers, do not learn of an SDK that comes after them.
  const provider = metrics.getMeterProvider();
  if (known?.provider !== provider) {
    const meter = meterOf(provider);
    known = { provider, instruments: meter && instrumentsOf(meter) };
  }
  return known.instruments;
}

function instrumentsOf(meter: Meter): Instruments {
  const made: Record<string, Counter | Histogram> = {};
  for (const [key, entry] of Object.entries(METRIC_TABLE)) {
    const options = { unit: entry.unit, description: entry.what };
    switch (entry.instrument) {
      case "counter":
        made[key] = meter.createCounter(entry.name, options);
        break;
      case "histogram": {
        const advice = { explicitBucketBoundaries: [...entry.buckets] };
        made[key] = meter.createHistogram(entry.name, { ...options, advice });
        break;
      }
      case "observed counter":
        meter.createObservableCounter(entry.name, options).addCallback(OBSERVED.records);
        break;
      case "observed up-down counter":
        meter.createObservableUpDownCounter(entry.name, options).addCallback(OBSERVED.sessions);
        break;
    }
  }
  return made as unknown as Instruments;
}
