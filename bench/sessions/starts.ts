import type { Engine, Session } from "slither-ts";
import { benchEngine } from "../engine.js";
import { type Benchmark, quantile, type Row } from "../measure.js";
import { parentOf, untilChildren } from "./processes.js";

const PRELOAD = ["session_work"];

/** Opens sessions one after the other, and closes them in the end. Automatic checkpoints of those before are made at the same time. */
async function toFirstAnswer(
  engine: Engine,
  count: number,
  checkpoint: "auto" | "manual" = "manual",
): Promise<number[]> {
  const sessions: Session[] = [];
  const times: number[] = [];
  for (let index = 0; index < count; index++) {
    const began = performance.now();
    const session = await engine.session({ checkpoint });
    await session.call("session_work", "first_answer");
    times.push(performance.now() - began);
    sessions.push(session);
  }
  await Promise.all(sessions.map((session) => session.close()));
  return times;
}

/** From `engine.session()` to the first answer of scikit-learn: three ways to start, in turns. */
export const starts: Benchmark = {
  title: "A new session, to its first answer from scikit-learn",
  note: "milliseconds; ratio = p50 of the cold start / p50, higher is better",
  async run({ quick }) {
    const [rounds, colds, forks] = quick ? [2, 1, 10] : [10, 2, 20];
    await using coldEngine = await benchEngine({ forkserver: false });
    await using forkEngine = await benchEngine({ preload: PRELOAD, minIdle: 0 });
    await using idleEngine = await benchEngine({ preload: PRELOAD, minIdle: forks });
    await using watcher = await idleEngine.session();
    const forkserver = parentOf(watcher.pid as number);
    const times = {
      cold: [] as number[],
      fork: [] as number[],
      amongCheckpoints: [] as number[],
      idle: [] as number[],
    };
    for (let round = 0; round < rounds; round++) {
      times.cold.push(...(await toFirstAnswer(coldEngine, colds)));
      times.fork.push(...(await toFirstAnswer(forkEngine, forks)));
      times.amongCheckpoints.push(...(await toFirstAnswer(forkEngine, forks, "auto")));
      await untilChildren(forkserver, forks + 1);
      times.idle.push(...(await toFirstAnswer(idleEngine, forks)));
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
      row("a fork, while those before get checkpoints", times.amongCheckpoints),
      row("an idle fork", times.idle),
    ];
  },
};
