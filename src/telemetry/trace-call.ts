import { context } from "@opentelemetry/api";
import { currentTracer } from "./scope.js";
import { failSpan, openSpan } from "./span.js";

/** Does what a call of a session does, within a span of its own where there is an SDK. */
export function traceCall<Result>(
  { session, target }: { readonly session: string; readonly target: string },
  work: () => Promise<Result>,
): Promise<Result> {
  const tracer = currentTracer();
  if (tracer === undefined) return work();
  const values = { session, function: target };
  const { span } = openSpan(tracer, { kind: "call", name: target, parent: context.active(), values });
  return inSpan();

  async function inSpan(): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      failSpan(span, error);
      throw error;
    } finally {
      span.end();
    }
  }
}
