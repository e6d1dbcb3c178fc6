import type { Engine } from "slither-ts";
import { benchEngine } from "../engine.js";
import { type Benchmark, quantile, type Row } from "../measure.js";
import { parentOf, untilChildren } from "./processes.js";

const PRELOAD = ["session_work"];

async function toFirstAnswer(engine: Engine): Promise<number> {
  const began = performance.now();
  const session = await engine.session();
  await session.call("session_work", "first_answer");
  const milliseconds = performance.now() - began;
  await session.close();
  return milliseconds;
}

/** From `engine.session()` to the first answer of scikit-learn: three ways to start, in turns. */
export const starts: Benchmark = {
  title: "A new session, to its first answer from scikit-learn",
  note: "milliseconds; ratio = p50 of the cold start / p50, higher is better",
  async run({ quick }) {
    const [rounds, colds, forks] = quick ? [1, 2, 5] : [3, 6, 60];
    await using coldEngine = await benchEngine({ forkserver: false });
    await using forkEngine = await benchEngine({ preload: PRELOAD, minIdle: 0 });
    await using idleEngine = await benchEngine({ preload: PRELOAD, minIdle: forks });
    await using watcher = await idleEngine.session();
    const forkserver = parentOf(watcher.pid as number);
    const times = { cold: [] as number[], fork: [] as number[], idle: [] as number[] };
    for (let round = 0; round < rounds; round++) {
      for (let index = 0; index < colds; index++) times.cold.push(await toFirstAnswer(coldEngine));
      for (let index = 0; index < forks; index++) times.fork.push(await toFirstAnswer(forkEngine));
      await untilChildren(forkserver, forks + 1);
      for (let index = 0; index < forks; index++) times.idle.push(await toFirstAnswer(idleEngine));
    }
    const cold = quantile(times.cold, 0.5);
    const row = (name: string, values: number[]): Row => ({
      name,
      figures: {
        p50: quantile(values, 0.5),
        p99: quantile(values, 0.99),
        ratio: cold / quantile(values, 0.5),
      },
    });
    return [
      row("cold: a new interpreter", times.cold),
      row("a fork", times.fork),
      row("an idle fork", times.idle),
    ];
  },
};
