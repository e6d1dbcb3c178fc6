import { delimiter } from "node:path";
import { fileURLToPath } from "node:url";
import type { Prediction } from "../../examples/ml-scoring/scoring-pipe.js";

/** What is scored: a record with the name of its model. */
export type ScoreItem = Readonly<Record<string, unknown>>;

/** One way to use Python from Node, in the way that is fastest for it. All call peer_work.py. */
export interface Contestant extends AsyncDisposable {
  readonly name: string;
  noop(): Promise<unknown>;
  /** Scores all items in batches of `size`, several of them on their way at a time; results in order. */
  score(items: readonly ScoreItem[], size: number): Promise<Prediction[]>;
  /** The sum of the elements by numpy. */
  sum(values: Float64Array): Promise<number>;
}

const folder = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Where Python finds peer_work.py, and what that imports. */
export const PYTHON_PATH = [folder("../peers/python"), folder("../../examples/ml-scoring/python")];
const WORKER_PACKAGE = folder("../../python/src");

/** The environment of a peer's Python process. */
export function pythonEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, PYTHONPATH: [...PYTHON_PATH, WORKER_PACKAGE].join(delimiter) };
}

/** Sends items in batches, at most `inFlight` at a time. */
export async function inBatches(
  items: readonly ScoreItem[],
  size: number,
  inFlight: number,
  send: (batch: readonly ScoreItem[]) => Promise<Prediction[]>,
): Promise<Prediction[]> {
  const answers: Prediction[][] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next * size < items.length) {
      const index = next++;
      answers[index] = await send(items.slice(index * size, (index + 1) * size));
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  return answers.flat();
}

/** The elements as what JSON can carry. */
export function base64Of(values: Float64Array): string {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString("base64");
}
