import { type Attributes, context, metrics, trace } from "@opentelemetry/api";
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import {
  InMemorySpanExporter,
  NodeTracerProvider,
  type ReadableSpan,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-node";

/** One number, or the sum and the count of a histogram, of one set of attributes. */
export interface Point {
  readonly attributes: Attributes;
  readonly value: number | { readonly sum?: number | undefined; readonly count: number };
}

/** A real SDK for both, which keeps what it is told. */
export class Sdk implements AsyncDisposable {
  readonly #exporter = new InMemorySpanExporter();
  readonly #tracers = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(this.#exporter)] });
  readonly #metrics = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  readonly #reader = new PeriodicExportingMetricReader({
    exporter: this.#metrics,
    exportIntervalMillis: 3_600_000,
  });
  readonly #meters = new MeterProvider({ readers: [this.#reader] });

  constructor() {
    this.#tracers.register();
    metrics.setGlobalMeterProvider(this.#meters);
  }

  /** Those that have ended, in that order. */
  get spans(): readonly ReadableSpan[] {
    return this.#exporter.getFinishedSpans();
  }

  /** The spans of one run. */
  of(run: { readonly id: string }): ReadableSpan[] {
    return this.spans.filter((span) => span.attributes["slither.run.id"] === run.id);
  }

  async points(metric: string): Promise<Point[]> {
    this.#metrics.reset();
    await this.#reader.forceFlush();
    const all = this.#metrics
      .getMetrics()
      .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics));
    return all
      .filter(({ descriptor }) => descriptor.name === metric)
      .flatMap(({ dataPoints }) => dataPoints as unknown as Point[]);
  }

  /** What was measured: name, unit and attributes of each metric. */
  async metrics(): Promise<{ name: string; unit: string; attributes: string[] }[]> {
    this.#metrics.reset();
    await this.#reader.forceFlush();
    const all = this.#metrics
      .getMetrics()
      .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics));
    return all.map(({ descriptor, dataPoints }) => ({
      name: descriptor.name,
      unit: descriptor.unit,
      attributes: [...new Set(dataPoints.flatMap((point) => Object.keys(point.attributes)))].sort(),
    }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const api of [trace, metrics, context]) api.disable();
    await Promise.all([this.#tracers.shutdown(), this.#meters.shutdown()]);
  }
}

/** The id of the span that a span is a child of. */
export function parentOf(span: ReadableSpan): string | undefined {
  return span.parentSpanContext?.spanId;
}
