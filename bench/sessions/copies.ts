import type { Session } from "slither-ts";
import { benchEngine } from "../engine.js";
import { type Benchmark, quantile, timed } from "../measure.js";
import type { Row } from "../results.js";
import { privateMegabytes } from "./processes.js";

/** Copying a session that holds a large model. */
export const copies: Benchmark = {
  title: "Copies of a session with a random forest of 300 MB",
  note: "milliseconds; added = megabytes that the copy has to itself at once, of those that the model has",
  async run({ quick }) {
    const [rounds, megabytes] = quick ? [3, 30] : [20, 300];
    await using engine = await benchEngine({ preload: ["forest"], minIdle: 0 });
    const session = await engine.session({ checkpoint: "manual" });
    const model = await session.call<number>("forest", "grow_forest", [megabytes], { timeout: "10m" });
    const row = (name: string, times: number[], added: number[]): Row => ({
      name,
      figures: {
        p50: quantile(times, 0.5),
        p99: quantile(times, 0.99),
        added: quantile(added, 0.5),
        model,
      },
    });
    const forks = { times: [] as number[], added: [] as number[] };
    const checkpoints = { times: [] as number[], added: [] as number[] };
    engine.on("session-checkpoint", ({ pid }) => checkpoints.added.push(privateMegabytes(pid as number)));
    for (let round = 0; round < rounds; round++) {
      let twin: Session | undefined;
      forks.times.push(
        await timed(async () => {
          twin = await session.fork();
        }),
      );
      forks.added.push(privateMegabytes(twin?.pid as number));
      await twin?.close();
      checkpoints.times.push(await timed(() => session.checkpoint()));
    }
    return [
      row("session.fork()", forks.times, forks.added),
      row("session.checkpoint()", checkpoints.times, checkpoints.added),
    ];
  },
};
