import type { Wait } from "../../stage/contract.js";
import type { MeasuredRun, MeasuredStage, RunLimit } from "./explanation.js";
import { pythonLimit } from "./python-limit.js";
import { partsOfLoop, type Suspect, shareOf, suspectsOf } from "./suspects.js";
import { inPercent, listed } from "./words.js";

/** An event loop that is this busy makes all else wait: what was waited for is no limit by itself then. */
const FULL = 0.85;

/** What is at work for less than this is not the limit. */
const MOST_OF_A_RUN = 0.5;

/** What has this much of something is the whole of it, for whoever wants to mend it. */
const MOST_OF_IT = 2 / 3;

/** What is not worth a word. */
const LITTLE = 0.05;

/**
 * What kept a run from being faster: what was at work, or was waited for, for the greatest part of it.
 *
 * @param cores of the machine.
 */
export function limitOf(run: MeasuredRun, cores: number): RunLimit {
  const { loop = 0, python } = run;
  const suspects = suspectsOf(run);
  const isOutside = ({ kind }: Suspect): boolean => kind === "python" && python?.processes !== undefined;
  if (run.in === 0 && suspects.every(({ share }) => share < MOST_OF_A_RUN))
    return { kind: "none", share: 0, sentence: "There was nothing to do: no records came" };
  const possible = loop >= FULL ? suspects.filter(isOutside) : suspects;
  const most = possible.reduce<Suspect>((one, other) => (other.share > one.share ? other : one), {
    kind: "node",
    share: loop,
    what: "Node's event loop was busy",
  });
  if (most.share < MOST_OF_A_RUN) return noLimit(run, suspects);
  if (most.kind === "node" || isHeldUp(most, loop)) return nodeLimit(run);
  if (most.kind === "python") return pythonLimit(run, most.share, cores);
  return waitLimit(run, most);
}

/** Whether the event loop was busy for most of what looks like waiting: the function did it, or messages lay there meanwhile. */
function isHeldUp({ kind, share }: Suspect, loop: number): boolean {
  return (kind === "stage" || kind === "session") && loop >= MOST_OF_IT * share;
}

/** The event loop is full, or nearly so: the limit is who has most of it, if that is outside of the run. */
function nodeLimit(run: MeasuredRun): RunLimit {
  const { loop = 0 } = run;
  const parts = partsOfLoop(run).filter(({ share }) => share >= LITTLE);
  const [largest] = parts;
  const has = largest !== undefined && largest.share >= MOST_OF_IT * loop;
  if (has && (largest.kind === "consumer" || largest.kind === "input")) return waitLimit(run, largest);
  const took =
    parts.length === 0 ? "" : `; ${listed(parts.map(({ what, share }) => `${what} ${inPercent(share)}`))}`;
  return {
    kind: "node",
    ...(largest?.stage !== undefined && { stage: largest.stage }),
    share: loop,
    sentence: `Node is the limit: its event loop was busy ${inPercent(loop)} of the run${took}`,
  };
}

function waitLimit(run: MeasuredRun, { kind, stage, taps, share }: Suspect): RunLimit {
  const percent = inPercent(share);
  const about = { kind, ...(stage !== undefined && { stage }), share };
  switch (kind) {
    case "input":
      return { ...about, sentence: `The input is the limit: the stages waited for it ${percent} of the run` };
    case "consumer":
      return {
        ...about,
        sentence: `The consumer is the limit: the run waited for it ${percent} of its time`,
      };
    case "session":
      return {
        ...about,
        sentence: `The session is the limit: batches waited for it ${percent} of the run, while it did other work or came back`,
      };
    default: {
      if (taps !== undefined) {
        const sentence = `Taps ${listed(taps)} are the limit: they were at work ${percent} of the run, most of it in ${stage}, and mostly waited`;
        return { ...about, sentence };
      }
      const measured = run.stages.find((each) => each.stage === stage);
      const sentence = `Stage ${stage} is the limit: its function was at work ${percent} of the run, and mostly waited${placesOf(measured)}`;
      return { ...about, sentence };
    }
  }
}

/** How many records a stage that waits takes at once. */
function placesOf(measured: MeasuredStage | undefined): string {
  if (measured?.kind !== "node") return "";
  const { atOnce = 1 } = measured;
  if (atOnce === 1) return "; it takes one record at a time, and `concurrency` lets it take several";
  return `; it has ${atOnce} records at a time, and more \`concurrency\` lets it take more`;
}

/** What there is to say of a wait, before its share. */
const WAITED_FOR: Readonly<Record<Wait, string>> = {
  cache: "the table of a cache was waited for",
  retry: "records waited for their next try",
  rejections: "whoever takes the rejected records was waited for",
  acknowledgements: "acknowledgements of the source were waited for",
};

function noLimit(run: MeasuredRun, suspects: readonly Suspect[]): RunLimit {
  const { stages, loop = 0, failed, waits } = run;
  const node: Suspect = { kind: "node", share: loop, what: "Node's event loop was busy" };
  const sorted = [node, ...suspects].sort((one, other) => other.share - one.share);
  const worth = sorted.filter(({ share }) => share >= LITTLE);
  const limited = stages.filter(({ rateLimited }) => rateLimited).map(({ stage }) => stage);
  const waited = Object.entries(waits)
    .map(([wait, ms]) => ({ what: WAITED_FOR[wait as Wait], share: shareOf(run, ms) }))
    .filter(({ share }) => share >= LITTLE);
  const hints = [
    ...waited.map(({ what, share }) => `${what} ${inPercent(share)} of the run`),
    ...(limited.length === 0
      ? []
      : [`${listed(limited)} ${limited.length === 1 ? "has" : "have"} a rate limit`]),
    ...(failed.batches === 0
      ? []
      : [`${failed.batches} ${failed.batches === 1 ? "batch" : "batches"} failed`]),
  ];
  const what = worth.map((suspect) => `${suspect.what} ${inPercent(suspect.share)}`);
  return {
    kind: "none",
    share: sorted[0]?.share ?? 0,
    sentence: [
      `Nothing was at work for half of the run${what.length === 0 ? "" : `: ${listed(what)}`}`,
      ...hints,
    ].join("; "),
  };
}
