import type { MeasuredRun, MeasuredStage, MeasuredTrips, RunLimit } from "./explanation.js";
import { listed } from "./words.js";

/** Something that may have kept a run from being faster. */
export interface Suspect {
  readonly kind: RunLimit["kind"];
  readonly stage?: string;
  /** The taps that it is made of, where these are several. */
  readonly taps?: readonly string[];
  /** The share of the run in which it did all that it can. */
  readonly share: number;
  /** What it did, in words that its share follows. */
  readonly what: string;
}

/** Whatever may be the limit of a run, but for Node's event loop, in which several of these have their part. */
export function suspectsOf(run: MeasuredRun): Suspect[] {
  const { python, stages, trips, inputMs, consumerMs = 0 } = run;
  const share = (ms: number): number => shareOf(run, ms);
  const suspects: Suspect[] = [
    { kind: "input", share: share(inputMs), what: "the stages waited for the input" },
    { kind: "consumer", share: share(consumerMs), what: "the run waited for the consumer" },
    ...stages.filter(isInNode).map(({ stage, workMs = 0, atOnce = 1 }): Suspect => {
      return { kind: "stage", stage, share: share(workMs / atOnce), what: `${stage} was at work` };
    }),
    ...trips.filter(hasTaps).map((each): Suspect => {
      const were = each.taps.length === 1 ? "was" : "were";
      return {
        ...tapsIn(each),
        share: share(each.tapsMs),
        what: `${listed(each.taps)} ${were} at work`,
      };
    }),
  ];
  if (python === undefined) return suspects;
  const { processes = 1, workMs, waitedMs } = python;
  return [
    ...suspects,
    { kind: "python", share: share(workMs / processes), what: "Python was at work" },
    { kind: "session", share: share(waitedMs), what: "batches waited for the session" },
  ];
}

/**
 * What was measured of what kept the event loop busy, the most first. Of what may also wait, no more is taken than is left for it: the input last, as an asynchronous one is
 * waited for whatever else the loop does meanwhile.
 */
export function partsOfLoop(run: MeasuredRun): Suspect[] {
  const { loop = 0, inputMs, consumerMs = 0, stages, trips, python } = run;
  let left = loop;
  const part = (ms: number, about: Omit<Suspect, "share">): Suspect => {
    const share = Math.min(left, shareOf(run, ms));
    left -= share;
    return { ...about, share };
  };
  const messagesMs = trips.reduce((sum, { times }) => sum + times.encodeMs + times.readMs, 0);
  // On an engine without processes Node does the work of python stages, too.
  const doesAll = python !== undefined && python.processes === undefined;
  const inNode = stages.filter((stage) => isInNode(stage) || (doesAll && stage.kind === "python"));
  return [
    part(consumerMs, { kind: "consumer", what: "the consumer took" }),
    ...inNode.map(({ stage, workMs = 0 }) => part(workMs, { kind: "stage", stage, what: `${stage} took` })),
    part(messagesMs, { kind: "node", what: "messages to and from Python took" }),
    ...trips
      .filter(hasTaps)
      .map((each) => part(each.tapsMs, { ...tapsIn(each), what: `${listed(each.taps)} took` })),
    part(inputMs, { kind: "input", what: "the input took" }),
  ].sort((one, other) => other.share - one.share);
}

/** A share of the run. What overlaps by a little makes no more than all of it. */
export function shareOf({ durationMs }: MeasuredRun, ms: number): number {
  return durationMs > 0 ? Math.min(1, ms / durationMs) : 0;
}

/** The taps of a trip, by the name of the one that has most of their time. */
function tapsIn({ taps, tapWorkMs }: MeasuredTrips): Pick<Suspect, "kind" | "stage" | "taps"> {
  const most = tapWorkMs.indexOf(Math.max(...tapWorkMs));
  return { kind: "stage", stage: taps[most] as string, ...(taps.length > 1 && { taps }) };
}

function isInNode({ kind, workMs }: MeasuredStage): boolean {
  return kind !== "python" && workMs !== undefined;
}

function hasTaps({ taps }: MeasuredTrips): boolean {
  return taps.length > 0;
}
