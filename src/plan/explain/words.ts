import { DEFAULT_ROUTE } from "../../stage/item.js";
import {
  batchesInWords,
  cacheInWords,
  checksInWords,
  durationInWords,
  rateInWords,
  viewsInWords,
} from "../graph/words.js";
import type {
  ExplainedDispatch,
  ExplainedOperator,
  ExplainedStage,
  ExplainedTrip,
  PipeExplanation,
} from "./explanation.js";

/** The line above all others. */
export function headOf({ name, trips, operators }: PipeExplanation): string {
  const all = operators.filter(({ trip }) => trip !== undefined).length;
  if (all === 0) return `${name}: everything in Node`;
  const branches = all === trips ? "" : `, and ${all - trips} more in branches`;
  return `${name}: ${trips === 1 ? "1 trip" : `${trips} trips`} to Python${branches}`;
}

/** What there is to say of a stage, in short phrases. */
export function stageInWords(
  stage: ExplainedStage,
  { operator, place }: { operator: ExplainedOperator; place: number },
): string[] {
  const { policy = "halt", line } = stage;
  return [
    ...(line === DEFAULT_ROUTE ? [] : [`of output ${line}`]),
    ...workInWords(stage),
    ...(operator.trip === undefined ? pacingInWords(operator.dispatch) : []),
    ...(stage.kind === "tap" && place > 0 ? ["called when the trip is over"] : []),
    ...cacheInWords(stage.cache),
    ...checksInWords(stage.schemas),
    ...(policy === "halt" ? [] : [`on error: ${policy}`]),
  ];
}

function workInWords({ kind, module, ...stage }: ExplainedStage): string[] {
  if (kind === "tap") return [stage.picks ? "sees what `when` picks" : "sees all"];
  const { concurrency = 1 } = stage;
  if (kind === "node") return [concurrency === 1 ? "one by one" : `${concurrency} at once`];
  if (kind !== "python") return [];
  return [
    `${module}.${stage.function}`,
    ...(stage.each ? ["one by one"] : []),
    ...(stage.columns ? ["in columns"] : []),
    ...(stage.stateful ? ["stateful"] : []),
    ...viewsInWords(stage.views),
    `timeout ${durationInWords(stage.timeoutMs as number)}`,
  ];
}

/** How records become a trip. */
export function tripInWords(
  { batching, inFlight, apart }: ExplainedTrip,
  dispatch: ExplainedDispatch,
): string[] {
  const { perProcess, perStage } = inFlight;
  return [
    batchesInWords(batching),
    `${perProcess} in flight for each process`,
    ...(perStage === undefined ? [] : [`${perStage} in all`]),
    ...pacingInWords(dispatch),
    ...(apart === undefined ? [] : [`not one trip with ${apart.from}: ${apart.reason}`]),
  ];
}

/** What the answer of a trip brings. */
export function homeInWords({ home }: ExplainedTrip): string[] {
  return home.map(({ stage, tap, cache }) => {
    if (cache) return `results of ${stage} that its cache did not have`;
    return tap === undefined ? `results of ${stage}` : `results of ${stage} for ${tap}`;
  });
}

function pacingInWords(dispatch: ExplainedDispatch | undefined): string[] {
  if (dispatch === undefined) return [];
  const { ordering, buffer, rateLimit } = dispatch;
  const rows = buffer.rows === undefined ? "" : `${buffer.rows} records or `;
  return [
    `holds up to ${rows}${sizeInWords(buffer.bytes)}`,
    `order: ${ordering}`,
    ...(rateLimit === undefined ? [] : [rateInWords(rateLimit)]),
  ];
}

/** `512 KB`, `64 MB` (powers of 1,024). */
function sizeInWords(bytes: number): string {
  const [amount, unit] = bytes < 2 ** 20 ? [bytes / 2 ** 10, "KB"] : [bytes / 2 ** 20, "MB"];
  return `${Math.round(amount * 10) / 10} ${unit}`;
}
