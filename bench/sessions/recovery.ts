import { deepEqual } from "node:assert/strict";
import { benchEngine } from "../engine.js";
import { type Benchmark, quantile } from "../measure.js";

/** How long a crash is felt. */
export const recovery: Benchmark = {
  title: "A trained session that is killed, to the next right answer",
  note: "milliseconds from kill -9 to the answer of a call that was made at once and repeated by itself; lower is better",
  async run({ quick }) {
    const kills = quick ? 5 : 60;
    await using engine = await benchEngine({ preload: ["session_work"] });
    const session = await engine.session({ setup: (fresh) => fresh.call("session_work", "train", [1]) });
    const expected = await session.call("session_work", "predict");
    await session.checkpoint();
    const times: number[] = [];
    for (let index = 0; index < kills; index++) {
      const began = performance.now();
      process.kill(session.pid as number, "SIGKILL");
      const answer = await session.call("session_work", "predict", [], { idempotent: true });
      times.push(performance.now() - began);
      deepEqual(answer, expected);
    }
    return [
      { name: "from its checkpoint", figures: { p50: quantile(times, 0.5), p99: quantile(times, 0.99) } },
    ];
  },
};
