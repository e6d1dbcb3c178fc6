import type { MeasuredRun, MeasuredStage, MeasuredTrips } from "slither-ts";

/** A run of a second in which nothing took any time. */
export function measuredRun(changes: Partial<MeasuredRun> = {}): MeasuredRun {
  return {
    run: "p-1",
    pipe: "p",
    status: "completed",
    durationMs: 1_000,
    in: 100,
    out: 100,
    inputMs: 0,
    waits: { cache: 0, retry: 0, rejections: 0, acknowledgements: 0 },
    consumerMs: 0,
    loop: 0,
    stages: [],
    trips: [],
    failed: { batches: 0, durationMs: 0 },
    ...changes,
  };
}

export function stage(name: string, workMs: number, changes: Partial<MeasuredStage> = {}): MeasuredStage {
  return { stage: name, kind: "node", in: 100, out: 100, workMs, atOnce: 1, ...changes };
}

export function pythonStage(
  name: string,
  workMs: number,
  changes: Partial<MeasuredStage> = {},
): MeasuredStage {
  return { stage: name, kind: "python", in: 100, out: 100, workMs, ...changes };
}

/** Ten trips of stages, which took that time in Python's functions, and none elsewhere. */
export function tripsOf(
  stages: readonly string[],
  computeMs: readonly number[],
  changes: Partial<MeasuredTrips> = {},
): MeasuredTrips {
  const nothing = {
    encodeMs: 0,
    queueMs: 0,
    sendMs: 0,
    decodeMs: 0,
    answerMs: 0,
    returnMs: 0,
    readMs: 0,
    tapMs: 0,
  };
  return {
    stages,
    taps: [],
    tapWorkMs: [],
    trips: 10,
    rows: 100,
    bytesSent: 2_048,
    bytesReceived: 1_024,
    durationMs: computeMs.reduce((sum, ms) => sum + ms, 0),
    times: { ...nothing, computeMs },
    tapsMs: 0,
    ...changes,
  };
}
