// The same predictions from scikit-learn in one plain Python process, to compare with.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { BATCH_SIZE, type Prediction } from "../scoring-pipe.js";
import type { ScoredRun, ScoredSession, Synthetic } from "./synthetic.js";

const SCRIPT = fileURLToPath(new URL("../python/reference.py", import.meta.url));

interface ReferencePrediction {
  readonly prediction: unknown;
  readonly confidence: number;
  readonly probabilities: readonly number[];
}

/** Whether both runs of a session gave exactly what scikit-learn gives directly, for every record, cached vectors included. */
export async function matchesReference(synthetic: Synthetic, scored: ScoredSession): Promise<boolean> {
  const vectors = synthetic.records.map(
    (record) =>
      synthetic.cached.get(record) ??
      Object.keys(record.data)
        .sort()
        .map((name) => record.data[name]),
  );
  const interpreter = await scored.session.call<string>("datasets", "interpreter");
  const expected = await runReference(interpreter, {
    training: scored.training,
    vectors,
    batchSize: BATCH_SIZE,
  });
  return [scored.first, scored.second].every((run) => equals(run, expected));
}

async function runReference(interpreter: string, job: unknown): Promise<ReferencePrediction[]> {
  const child = spawn(interpreter, [SCRIPT], {
    stdio: ["pipe", "pipe", "inherit"],
    // As the workers: the number of threads is part of how a sum is rounded.
    env: { ...process.env, OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1", MKL_NUM_THREADS: "1" },
  });
  child.stdin.end(JSON.stringify(job));
  const [output, [exitCode]] = await Promise.all([text(child.stdout), once(child, "close")]);
  if (exitCode !== 0) throw new Error(`reference.py ended with exit code ${exitCode}`);
  return JSON.parse(output) as ReferencePrediction[];
}

function equals(run: ScoredRun, expected: readonly ReferencePrediction[]): boolean {
  return (
    run.items.length === expected.length &&
    expected.every((reference, index) => samePrediction(run.items[index]?.payload, reference))
  );
}

function samePrediction(actual: Prediction | undefined, expected: ReferencePrediction): boolean {
  if (actual === undefined) return false;
  const probabilities = Object.values(actual.probabilities);
  return (
    actual.prediction === expected.prediction &&
    actual.confidence === expected.confidence &&
    probabilities.length === expected.probabilities.length &&
    probabilities.every((value, index) => value === expected.probabilities[index])
  );
}
