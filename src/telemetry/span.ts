import { type Context, type Span, SpanStatusCode, type Tracer, trace } from "@opentelemetry/api";
import { show } from "../options/parse.js";
import { ATTRIBUTES, type AttributeKey, attributes, errorType } from "./attributes.js";
import { SPAN_TABLE } from "./span-table.js";

type Values = Partial<Record<AttributeKey, string | number | boolean | undefined>>;

/** A span that is to begin. */
export interface SpanStart {
  readonly kind: keyof typeof SPAN_TABLE;
  /** What its name says behind its kind. */
  readonly name: string;
  readonly parent: Context;
  readonly values: Values;
  /** When; default: now. */
  readonly began?: number | undefined;
}

/** A span that has begun, and the context in which its children begin. */
export interface OpenSpan {
  readonly span: Span;
  readonly context: Context;
}

export function openSpan(tracer: Tracer, { kind, name, parent, values, began }: SpanStart): OpenSpan {
  const options = {
    kind: SPAN_TABLE[kind].kind,
    attributes: attributes(values),
    ...(began !== undefined && { startTime: began }),
  };
  const span = tracer.startSpan(`${kind} ${name}`, options, parent);
  return { span, context: trace.setSpan(parent, span) };
}

/** Says of a span that what it stands for has failed. */
export function failSpan(span: Span, error: unknown, at?: number): void {
  const exception = error instanceof Error ? error : show(error);
  span.recordException(exception, at);
  span.setStatus({
    code: SpanStatusCode.ERROR,
    message: error instanceof Error ? error.message : show(error),
  });
  span.setAttribute(ATTRIBUTES.error.name, errorType(error));
}
