import { printable } from "../../plan/lines.js";
import type { MeasuredStage, MeasuredTrips, RunExplanation } from "./explanation.js";
import { shareOf } from "./suspects.js";
import { inPercent } from "./words.js";

/** A line of a table: what it is about, milliseconds, their share, and what else there is to say. */
type Row = readonly [what: string, ms: string, share: string, note: string];

/**
 * Where the time of a run went, as text for a terminal: what its limit was, what was at work and what was waited for, and the parts of its trips to Python.
 *
 * @example
 * console.log(explainRunText(run.explain()))
 */
export function explainRunText(explanation: RunExplanation): string {
  const { run, status, durationMs, in: taken, out, limit, trips } = explanation;
  return [
    printable(`${run}: ${status} after ${inMs(durationMs)} ms, ${taken} in, ${out} out`),
    printable(limit.sentence),
    ...["", ...table(["of the run", "ms", "share", ""], rowsOfRun(explanation))],
    ...trips.flatMap((each) => [
      "",
      tripsInWords(each),
      ...table(["of the trips", "ms", "share", ""], rowsOfTrips(each)),
    ]),
  ].join("\n");
}

/** What goes on at the same time: these do not make up the whole. */
function rowsOfRun(explanation: RunExplanation): Row[] {
  const { durationMs, inputMs, waits, consumerMs, loop, python, stages, failed } = explanation;
  const row = (what: string, ms: number, note: string, among = 1): Row => {
    return [what, inMs(ms), inPercent(shareOf(explanation, ms / among)), note];
  };
  const { processes = 1, workMs = 0 } = python ?? {};
  return [
    row("input", inputMs, "waited for"),
    ...stages
      .filter(({ workMs }) => workMs !== undefined)
      .map((stage) => stageRow(stage, { processes, row })),
    ...Object.entries(waits)
      .filter(([, ms]) => ms > 0)
      .map(([wait, ms]) => row(wait, ms, "waited for")),
    ...(consumerMs === undefined ? [] : [row("consumer", consumerMs, "waited for")]),
    ...(loop === undefined ? [] : [row("event loop", loop * durationMs, "busy")]),
    ...(python === undefined ? [] : [row("Python", workMs, processInWords(python.processes), processes)]),
    ...(failed.batches === 0 ? [] : [row("failed", failed.durationMs, batchesInWords(failed.batches))]),
  ];
}

/** A stage that does several things at once has its share of all that it could have done. */
function stageRow(
  { stage, kind, workMs = 0, atOnce }: MeasuredStage,
  {
    processes,
    row,
  }: { processes: number; row: (what: string, ms: number, note: string, among: number) => Row },
): Row {
  const note = atOnce !== undefined && atOnce > 1 ? `${kind}, ${atOnce} at once` : kind;
  return row(stage, workMs, note, atOnce ?? processes);
}

/** What follows each other: these do. */
function rowsOfTrips({ durationMs, stages, taps, times }: MeasuredTrips): Row[] {
  const row = (what: string, ms: number, note: string): Row => {
    return [what, inMs(ms), inPercent(durationMs > 0 ? ms / durationMs : 0), note];
  };
  return [
    row("encode", times.encodeMs, "in Node"),
    row("queue", times.queueMs, "behind other batches and calls"),
    row("send", times.sendMs, "on the way"),
    row("decode", times.decodeMs, "in Python"),
    ...stages.map((stage, step) => row(stage, times.computeMs[step] ?? 0, "in Python")),
    row("answer", times.answerMs, "in Python"),
    row("return", times.returnMs, "on the way, until Node had time for it"),
    row("read", times.readMs, "in Node"),
    ...(taps.length === 0 ? [] : [row("taps", times.tapMs, taps.join(", "))]),
    row("all", durationMs, ""),
  ];
}

function tripsInWords({ stages, trips, rows, bytesSent, bytesReceived }: MeasuredTrips): string {
  const amounts = `${rows} rows, ${inKb(bytesSent)} KB sent, ${inKb(bytesReceived)} KB received`;
  return printable(`${stages.join(" + ")}: ${trips} ${trips === 1 ? "trip" : "trips"}, ${amounts}`);
}

function table(head: Row, rows: readonly Row[]): string[] {
  const all = [head, ...rows.map(([what, ...rest]): Row => [printable(what), ...rest])];
  const [first, second, third] = [0, 1, 2].map((column) => {
    return Math.max(...all.map((row) => [...(row[column] as string)].length));
  }) as [number, number, number];
  return all.map(([what, ms, share, note]) => {
    const name = `${what}${" ".repeat(first - [...what].length)}`;
    return `  ${name}  ${ms.padStart(second)}  ${share.padStart(third)}  ${printable(note)}`.trimEnd();
  });
}

function processInWords(processes: number | undefined): string {
  if (processes === undefined) return "in Node";
  return processes === 1 ? "1 process" : `${processes} processes`;
}

function batchesInWords(batches: number): string {
  return batches === 1 ? "1 batch" : `${batches} batches`;
}

function inMs(milliseconds: number): string {
  return milliseconds.toFixed(1);
}

function inKb(bytes: number): string {
  return (bytes / 1_024).toFixed(1);
}
