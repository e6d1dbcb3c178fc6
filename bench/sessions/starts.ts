import type { Engine, Session } from "slither-ts";
import { benchEngine } from "../engine.js";
import { type Benchmark, median, quantile, ratioOf } from "../measure.js";
import type { Row } from "../results.js";
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
  note: "milliseconds; ratio = p50 of the cold start / p50",
  async run({ quick }) {
    const [rounds, colds, forks] = quick ? [3, 1, 10] : [10, 2, 20];
    await using coldEngine = await benchEngine({ forkserver: false });
    await using forkEngine = await benchEngine({ preload: PRELOAD, minIdle: 0 });
    await using idleEngine = await benchEngine({ preload: PRELOAD, minIdle: forks });
    await using watcher = await idleEngine.session();
    const forkserver = parentOf(watcher.pid as number);
    const cold: number[][] = [];
    const fork: number[][] = [];
    const amongCheckpoints: number[][] = [];
    const idle: number[][] = [];
    for (let round = 0; round < rounds; round++) {
      cold.push(await toFirstAnswer(coldEngine, colds));
      fork.push(await toFirstAnswer(forkEngine, forks));
      amongCheckpoints.push(await toFirstAnswer(forkEngine, forks, "auto"));
      await untilChildren(forkserver, forks + 1);
      idle.push(await toFirstAnswer(idleEngine, forks));
    }
    const row = (name: string, times: readonly number[][]): Row => ({
      name,
      figures: { p50: median(times.flat()), p99: quantile(times.flat(), 0.99) },
    });
    const compared = (name: string, times: readonly number[][]): Row => ({
      ...row(name, times),
      ratio: ratioOf(
        "higher",
        times.map((values, round) => median(cold[round] ?? []) / median(values)),
      ),
    });
    return [
      row("cold: a new interpreter", cold),
      compared("a fork", fork),
      compared("a fork, while those before get checkpoints", amongCheckpoints),
      compared("an idle fork", idle),
    ];
  },
};
