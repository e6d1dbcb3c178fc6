import { NdArray, type Session } from "slither-ts";
import { benchEngine } from "./engine.js";
import { type Benchmark, median, ratioOf, timed } from "./measure.js";
import type { Row } from "./results.js";

const ELEMENTS = 12_500_000;

/** A large array that numpy adds up, beside numpy alone, in turns. */
export const arrays: Benchmark = {
  title: "A Float64Array of 100 MB, to its sum by numpy",
  note: "milliseconds; ratio = call / limit; limit = the same sum of an array that is in Python already",
  async run({ quick }) {
    const rounds = quick ? 5 : 20;
    await using engine = await benchEngine();
    const session = await engine.session({ checkpoint: "manual" });
    const values = Float64Array.from({ length: ELEMENTS }, (_, index) => index % 1_000);
    const expected = values.reduce((sum, value) => sum + value, 0);
    const array = new NdArray("float64", [ELEMENTS], values);
    await using shared = await engine.share(array);
    const rows: Row[] = [];
    for (const [name, given] of [
      ["a new array", array],
      ["an array that is shared already", shared],
    ] as const) {
      const measured = { limit: [] as number[], call: [] as number[], ratio: [] as number[] };
      for (let round = -1; round < rounds; round++) {
        const limit = await sumInProcess(session);
        const call = await timed(async () => {
          const sum = await session.call<number>("limit", "sum_of", [given]);
          if (sum !== expected) throw new Error(`expected the sum ${expected}, got ${sum}`);
        });
        // The first round brings pages and code in.
        if (round === -1) continue;
        measured.limit.push(limit);
        measured.call.push(call);
        measured.ratio.push(call / limit);
      }
      rows.push({
        name,
        figures: { limit: median(measured.limit), call: median(measured.call) },
        ratio: ratioOf("lower", measured.ratio),
      });
    }
    return rows;
  },
};

const sumInProcess = (session: Session): Promise<number> =>
  session.call<number>("limit", "sum_in_process", [ELEMENTS]);
