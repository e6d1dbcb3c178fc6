import { setTimeout as delay } from "node:timers/promises";
import type { Session } from "slither-ts";
import { benchEngine } from "../engine.js";
import { type Benchmark, quantile, type Row } from "../measure.js";

/** Longer than a session must be idle to be kept. */
const PAUSE_MS = 130;

/** What automatic checkpoints cost a session that is called often, each call a change of its state. */
export const chatty: Benchmark = {
  title: "Automatic checkpoints of a session whose calls all change its state",
  note: "milliseconds of a call; ratio = p50 with automatic checkpoints / p50 without, lower is better",
  async run({ quick }) {
    const [rounds, calls, pauses] = quick ? [1, 50, 5] : [5, 400, 20];
    await using engine = await benchEngine({ preload: ["session_work"] });
    const automatic = await engine.session({ checkpoint: "auto" });
    const manual = await engine.session({ checkpoint: "manual" });
    const times = new Map<string, number[]>();
    const measure = async (name: string, session: Session, count: number, pauseMs: number): Promise<void> => {
      const list = times.get(name) ?? [];
      times.set(name, list);
      for (let index = 0; index < count; index++) {
        if (pauseMs > 0) await delay(pauseMs);
        const began = performance.now();
        await session.call("session_work", "train", [index]);
        list.push(performance.now() - began);
      }
    };
    for (let round = 0; round < rounds; round++) {
      await measure("no pauses, manual", manual, calls, 0);
      await measure("no pauses, automatic", automatic, calls, 0);
      await measure(`a pause of ${PAUSE_MS} ms before each call, manual`, manual, pauses, PAUSE_MS);
      await measure(`a pause of ${PAUSE_MS} ms before each call, automatic`, automatic, pauses, PAUSE_MS);
    }
    const p50 = (name: string): number => quantile(times.get(name) ?? [], 0.5);
    return [...times].map(
      ([name, values]): Row => ({
        name,
        figures: {
          p50: p50(name),
          p99: quantile(values, 0.99),
          ratio: p50(name) / p50(name.replace("automatic", "manual")),
        },
      }),
    );
  },
};
