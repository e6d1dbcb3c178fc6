import { promisify } from "node:util";
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

/** A script that reads and writes lines of JSON; numbers, which the library has not, match answers to questions. */
export async function openPythonShell(interpreter: string): Promise<Contestant> {
  const { PythonShell } = await import("python-shell");
  const shell = new PythonShell("shell_work.py", {
    mode: "json",
    pythonPath: interpreter,
    scriptPath: PYTHON_PATH[0] as string,
    env: pythonEnvironment(),
  });
  const waiting = new Map<number, (answer: unknown) => void>();
  let asked = 0;
  shell.on("message", ({ number, answer }: { number: number; answer: unknown }) => {
    waiting.get(number)?.(answer);
    waiting.delete(number);
  });
  const ask = (question: object): Promise<unknown> =>
    new Promise((resolve) => {
      const number = asked++;
      waiting.set(number, resolve);
      shell.send({ ...question, number });
    });
  return {
    name: "python-shell",
    noop: () => ask({ ask: "noop" }),
    score: (items, size) =>
      inBatches(
        items,
        size,
        IN_FLIGHT,
        (batch) => ask({ ask: "score", items: batch }) as Promise<Prediction[]>,
      ),
    sum: (values) => ask({ ask: "sum", base64: base64Of(values) }) as Promise<number>,
    async [Symbol.asyncDispose]() {
      await promisify((done: (error: Error | null) => void) => shell.end(done))();
    },
  };
}
