import type { MeasuredRun, RunLimit } from "./explanation.js";
import { forecast } from "./replicas.js";
import { shareOf } from "./suspects.js";
import { inPercent, listed } from "./words.js";

/** What there is to say when Python was at work for most of a run. */
export function pythonLimit(run: MeasuredRun, share: number, cores: number): RunLimit {
  const { processes, workMs = 0 } = run.python ?? {};
  const { what, stage, share: part } = largestPart(run, workMs);
  const about = { kind: "python", ...(stage !== undefined && { stage }), share } as const;
  const who = workersInWords(processes);
  const said = `Python is the limit: ${who} worked ${inPercent(share)} of the run, ${inPercent(part)} of that ${what}`;
  if (processes === undefined) return { ...about, sentence: said };
  const outlook = outlookOf(run, processes, cores);
  if (typeof outlook === "string") return { ...about, sentence: `${said}; ${outlook}` };
  const { replicas, time } = outlook;
  const words = `${replicas} replicas would take about ${time.toFixed(1)} of the time at best`;
  return { ...about, replicas: outlook, sentence: `${said}; ${words}` };
}

function workersInWords(processes: number | undefined): string {
  if (processes === undefined) return "its functions";
  return processes === 1 ? "one process" : `each of ${processes} processes`;
}

/** The stage that has most of what Python did, or the messages. */
function largestPart({ trips, stages }: MeasuredRun, workMs: number) {
  const messagesMs = trips.reduce((sum, { times }) => sum + times.decodeMs + times.answerMs, 0);
  const parts: { what: string; stage?: string; ms: number }[] = [
    { what: "in reading and writing messages", ms: messagesMs },
    ...stages
      .filter(({ kind }) => kind === "python")
      .map(({ stage, workMs: ms = 0 }) => ({ what: `in ${stage}`, stage, ms })),
  ];
  const { ms, ...largest } = parts.reduce((one, other) => (other.ms > one.ms ? other : one));
  return { ...largest, share: workMs > 0 ? Math.min(1, ms / workMs) : 0 };
}

function outlookOf(run: MeasuredRun, processes: number, cores: number): ReturnType<typeof forecast> {
  const { python, loop = 0, stages, trips } = run;
  const stateful = stages.filter((stage) => stage.stateful).map(({ stage }) => stage);
  if (stateful.length > 0) {
    const are = stateful.length === 1 ? "is" : "are";
    return `there can be no replicas: ${listed(stateful)} ${are} stateful`;
  }
  return forecast({
    processes,
    any: shareOf(run, python?.anyMs ?? 0),
    work: processes * shareOf(run, (python?.workMs ?? 0) / processes),
    loop,
    cores,
    trips: trips.reduce((sum, each) => sum + each.trips, 0),
    inFlight: trips.reduce((sum, { perStage = Number.POSITIVE_INFINITY }) => sum + perStage, 0),
  });
}
