import { once } from "node:events";
import { join } from "node:path";
import type { Prediction } from "../../examples/ml-scoring/scoring-pipe.js";
import {
  base64Of,
  type Contestant,
  inBatches,
  PYTHON_PATH,
  pythonEnvironment,
} from "../competition/contestant.js";

/** Batches on their way at a time. */
const IN_FLIGHT = 4;

/** What python/pythonia_work.py looks like through the bridge. */
interface Work {
  noop(): Promise<unknown>;
  score(items: string): Promise<string>;
  sum_of_base64(data: string): Promise<number>;
}

/** A bridge that makes Python objects look like those of Node. There is one in a process, and it starts Python when it is imported. */
export async function openPythonia(interpreter: string): Promise<Contestant> {
  process.env.PYTHON_BIN = interpreter;
  const before = process.env.PYTHONPATH;
  process.env.PYTHONPATH = pythonEnvironment().PYTHONPATH;
  const { python, com } = (await import("pythonia")).default;
  if (before === undefined) delete process.env.PYTHONPATH;
  else process.env.PYTHONPATH = before;
  python.setFastMode(true);
  const work: Work = await python(join(PYTHON_PATH[0] as string, "pythonia_work.py"));
  return {
    name: "pythonia",
    noop: () => work.noop(),
    score: (items, size) =>
      inBatches(items, size, IN_FLIGHT, async (batch) => {
        return JSON.parse(await work.score(JSON.stringify(batch))) as Prediction[];
      }),
    sum: (values) => work.sum_of_base64(base64Of(values)),
    async [Symbol.asyncDispose]() {
      const ended = once(com.proc, "exit");
      python.exit();
      await ended;
    },
  };
}
