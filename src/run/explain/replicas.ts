import type { ReplicaForecast } from "./explanation.js";
import { inPercent } from "./words.js";

/** What a forecast is made of; shares are of the time of the run. */
export interface ReplicaFacts {
  readonly processes: number;
  /** The share in which at least one process worked. */
  readonly any: number;
  /** What all processes worked: 1 for each that worked all the time. */
  readonly work: number;
  /** The share in which Node's event loop was busy. */
  readonly loop: number;
  /** Of the machine. */
  readonly cores: number;
  readonly trips: number;
  /** How many batches could be in flight at once; Infinity where nothing but the number of processes bounds that. */
  readonly inFlight: number;
}

/** What takes less off the time is not worth a process. */
const WORTH_WHILE = 0.9;

/** What makes less of a difference is not seen in one decimal. */
const NOTICED = 0.05;

/**
 * What more replicas could come to, or why they would not help. By Amdahl's law only the time in which Python worked gets shorter, and no shorter than its batches can
 * be dealt out; what Node does is done by one thread; and there are no more cores than there are. Whether functions compute or only wait is not known: they
 * are taken to compute.
 */
export function forecast(facts: ReplicaFacts): ReplicaForecast | string {
  const { processes, cores, inFlight } = facts;
  const cannot = "more replicas would not help: ";
  if (cores <= processes) return `${cannot}${coresOf(facts)}`;
  if (inFlight <= processes) return `${cannot}${inFlightOf(facts)}`;
  let best: ReplicaForecast = { replicas: processes, time: 1 };
  for (let replicas = processes + 1; replicas <= Math.min(cores, inFlight); replicas++) {
    const time = Math.max(...Object.values(boundsOf(facts, replicas)));
    // One more process must be felt in what is said.
    if (time < best.time - NOTICED) best = { replicas, time };
  }
  if (best.time <= WORTH_WHILE) return best;
  return `${cannot}${whyNot(facts)}`;
}

/** What the time with so many replicas is no shorter than, each by itself. */
function boundsOf({ processes, any, work, loop, cores, trips }: ReplicaFacts, replicas: number) {
  const rounds = (among: number): number => Math.ceil(trips / among);
  return {
    python: 1 - any + (any * rounds(replicas)) / rounds(processes),
    loop,
    cores: (work + loop) / cores,
  };
}

function whyNot(facts: ReplicaFacts): string {
  const { processes, any, loop, work, cores, trips, inFlight } = facts;
  const bounds = boundsOf(facts, Math.min(cores, inFlight));
  const most = Math.max(...Object.values(bounds));
  if (most === bounds.loop) return `Node's event loop was busy ${inPercent(loop)} of the run`;
  if (most === bounds.cores) return `Node and Python kept ${(work + loop).toFixed(1)} of ${cores} cores busy`;
  // What it would be if there were always another batch.
  const shared = 1 - any + (any * processes) / Math.min(cores, inFlight);
  if (most > shared + NOTICED)
    return `there ${trips === 1 ? "was 1 batch" : `were ${trips} batches`} to share`;
  if (inFlight < cores) return inFlightOf(facts);
  return any < 1 - NOTICED
    ? `Python worked ${inPercent(any)} of the run, and ${coresOf(facts)}`
    : coresOf(facts);
}

function coresOf({ cores }: ReplicaFacts): string {
  return `this machine has ${cores} ${cores === 1 ? "core" : "cores"}`;
}

function inFlightOf({ inFlight }: ReplicaFacts): string {
  return `inFlight.perStage lets ${inFlight} ${inFlight === 1 ? "batch" : "batches"} be in flight`;
}
