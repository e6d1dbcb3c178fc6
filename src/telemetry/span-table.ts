import { SpanKind } from "@opentelemetry/api";
import type { AttributeKey } from "./attributes.js";

interface SpanEntry {
  /** What its name is made of. */
  readonly name: string;
  readonly kind: SpanKind;
  readonly parent: string;
  /** All that it may have; `error` when it has failed. */
  readonly attributes: readonly AttributeKey[];
}

const OF_RUN = ["pipe", "run", "session"] as const;
const OF_STAGE = [...OF_RUN, "stage"] as const;

/** Every span there is. docs/guides/telemetry.md is made from this. */
export const SPAN_TABLE = {
  run: {
    name: "run <pipe>",
    kind: SpanKind.INTERNAL,
    parent: "the span that is active where the run is pulled for the first time",
    attributes: [...OF_RUN, "status", "error"],
  },
  stage: {
    name: "stage <stage>",
    kind: SpanKind.INTERNAL,
    parent: "its run",
    attributes: [...OF_STAGE, "kind", "in", "out", "rejected", "filtered", "error"],
  },
  batch: {
    name: "batch <stage>",
    kind: SpanKind.CLIENT,
    parent: "its stage",
    attributes: [...OF_STAGE, "batch", "size", "probe", "compute", "error"],
  },
  python: {
    name: "python <function>",
    kind: SpanKind.INTERNAL,
    parent: "its batch",
    attributes: ["session", "stage", "function"],
  },
  call: {
    name: "call <function>",
    kind: SpanKind.CLIENT,
    parent: "the span that is active where the session is called",
    attributes: ["session", "function", "error"],
  },
} as const satisfies Record<string, SpanEntry>;
