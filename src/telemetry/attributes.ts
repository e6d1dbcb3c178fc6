import { SlitherError } from "../errors/slither-error.js";

/** The attributes of spans and metrics: their names, and what they hold. docs/guides/telemetry.md is made from this. */
export const ATTRIBUTES = {
  pipe: { name: "slither.pipe.name", what: "the name of the pipe" },
  run: { name: "slither.run.id", what: "names the run: `run.id`" },
  status: { name: "slither.run.status", what: "`completed`, `halted`, `aborted` or `stopped`" },
  session: { name: "slither.session.id", what: "the id of the session" },
  stage: { name: "slither.stage.name", what: "the name of the stage" },
  kind: { name: "slither.stage.kind", what: "`node`, `tap`, `python`, `route` or `merge`" },
  batch: { name: "slither.batch.index", what: "counts what the stage sends, from 0" },
  size: { name: "slither.batch.size", what: "how many records are in the batch" },
  probe: { name: "slither.batch.probe", what: "whether it is tried in a throw-away copy of the session" },
  compute: {
    name: "slither.batch.compute.duration",
    what: "the time inside the Python function, in seconds",
  },
  in: { name: "slither.records.in", what: "how many records the stage took" },
  out: { name: "slither.records.out", what: "how many it passed on" },
  rejected: { name: "slither.records.rejected", what: "how many were set aside" },
  filtered: { name: "slither.records.filtered", what: "how many it left out" },
  outcome: {
    name: "slither.record.outcome",
    what: "`in`: taken by the stage; `out`, `rejected`, `filtered`: what became of them",
  },
  from: { name: "slither.session.origin", what: "what its state was made from: `checkpoint` or `setup`" },
  automatic: { name: "slither.checkpoint.automatic", what: "true when it was made automatically" },
  function: { name: "code.function.name", what: "the Python function, with its module" },
  error: { name: "error.type", what: "of a failure: the `code` of the error, or else its name" },
} as const;

export type AttributeKey = keyof typeof ATTRIBUTES;

/** Values by keys of {@link ATTRIBUTES}, as OpenTelemetry takes them. */
export function attributes(
  values: Partial<Record<AttributeKey, string | number | boolean | undefined>>,
): Record<string, string | number | boolean> {
  const named: Record<string, string | number | boolean> = {};
  for (const [key, value] of Object.entries(values))
    if (value !== undefined) named[ATTRIBUTES[key as AttributeKey].name] = value;
  return named;
}

/** What groups failures of one kind. */
export function errorType(error: unknown): string {
  if (SlitherError.is(error)) return error.code;
  return error instanceof Error ? error.name : "_OTHER";
}
