import { setTimeout as delay } from "node:timers/promises";
import type { Session } from "slither-ts";
import { benchEngine } from "../engine.js";
import { type Benchmark, median, quantile, ratioOf, timed } from "../measure.js";
import type { Row } from "../results.js";

/** Longer than a session must be idle to be kept. */
const PAUSE_MS = 130;

/** What automatic checkpoints cost a session that is called often, each call a change of its state. */
export const chatty: Benchmark = {
  title: "Automatic checkpoints of a session whose calls all change its state",
  note: "milliseconds of a call; ratio = p50 with automatic checkpoints / p50 without",
  async run({ quick }) {
    const [rounds, calls, pauses] = quick ? [3, 50, 5] : [5, 400, 20];
    await using engine = await benchEngine({ preload: ["session_work"] });
    const automatic = await engine.session({ checkpoint: "auto" });
    const manual = await engine.session({ checkpoint: "manual" });
    const compare = async (name: string, count: number, pauseMs: number): Promise<Row[]> => {
      const times = { manual: [] as number[], automatic: [] as number[] };
      const ratios: number[] = [];
      for (let round = 0; round < rounds; round++) {
        const without = await callTimes(manual, count, pauseMs);
        const kept = await callTimes(automatic, count, pauseMs);
        times.manual.push(...without);
        times.automatic.push(...kept);
        ratios.push(median(kept) / median(without));
      }
      const figures = (values: readonly number[]): Row["figures"] => ({
        p50: median(values),
        p99: quantile(values, 0.99),
      });
      return [
        { name: `${name}, manual`, figures: figures(times.manual) },
        {
          name: `${name}, automatic`,
          figures: figures(times.automatic),
          ratio: ratioOf("lower", ratios),
        },
      ];
    };
    return [
      ...(await compare("no pauses", calls, 0)),
      ...(await compare(`a pause of ${PAUSE_MS} ms before each call`, pauses, PAUSE_MS)),
    ];
  },
};

async function callTimes(session: Session, count: number, pauseMs: number): Promise<number[]> {
  const times: number[] = [];
  for (let index = 0; index < count; index++) {
    if (pauseMs > 0) await delay(pauseMs);
    times.push(await timed(() => session.call("session_work", "train", [index])));
  }
  return times;
}
