import { readFileSync } from "node:fs";
import {
  createNoopMeter,
  type Meter,
  type MeterProvider,
  type ProxyTracerProvider,
  type Tracer,
  trace,
} from "@opentelemetry/api";

/** The instrumentation scope that spans and metrics are told under. */
const SCOPE = "slither-ts";

let version: string | undefined;

/** The application's tracer; undefined without an SDK. */
export function currentTracer(): Tracer | undefined {
  const provider = trace.getTracerProvider() as Partial<ProxyTracerProvider>;
  // The API gives a proxy in any case, which knows whether there is anything behind it; an SDK may also be given as it is.
  if (provider.getDelegateTracer !== undefined) return provider.getDelegateTracer(SCOPE, packageVersion());
  return provider.getTracer?.(SCOPE, packageVersion());
}

/** A meter of that provider; undefined without an SDK. */
export function meterOf(provider: MeterProvider): Meter | undefined {
  const meter = provider.getMeter(SCOPE, packageVersion());
  return meter === createNoopMeter() ? undefined : meter;
}

function packageVersion(): string {
  // The same place seen from src/telemetry and from dist/telemetry.
  version ??= (
    JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string }
  ).version;
  return version;
}
