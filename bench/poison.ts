import { type ErrorPolicy, pipe, type Session } from "slither-ts";
import { benchEngine } from "./engine.js";
import { type Benchmark, median, ratioOf } from "./measure.js";
import type { Row } from "./results.js";

const BATCH = 100;
const HANG_TIMEOUT = "1s";

/** How many records of each kind are among the others. */
const RAISING = { raise: 37 };
const KILLING = { raise: 37, abort: 2, segfault: 1, exit: 2, memory: 1 };
const HANGING = { ...KILLING, hang: 1 };

interface PoisonRecord {
  readonly id: number;
  readonly poison: string | null;
  readonly values: readonly number[];
}

/** What error policies cost: on a clean run, and when there is something to find. */
export const poison: Benchmark = {
  title: "Records that fail: the same run with and without them, batches of 100",
  note: `milliseconds; ratio = run / clean run under halt; a batch that hangs has a deadline of ${HANG_TIMEOUT}, and five of those pass before its record is found`,
  async run({ quick }) {
    const [rounds, count] = quick ? [3, 5_000] : [5, 50_000];
    await using engine = await benchEngine({ limits: { memory: "300MB" } });
    const session = await engine.session();
    const clean = recordsWith({}, count);
    await milliseconds(session, clean, "halt", 0);
    return [
      await compare("clean, reject", session, rounds, clean, clean, 0),
      await compare("37 raise", session, rounds, clean, recordsWith(RAISING, count), 37),
      await compare("37 raise, 6 kill", session, rounds, clean, recordsWith(KILLING, count), 43),
      await compare("37 raise, 6 kill, 1 hangs", session, rounds, clean, recordsWith(HANGING, count), 44),
    ];
  },
};

async function compare(
  name: string,
  session: Session,
  rounds: number,
  clean: readonly PoisonRecord[],
  poisoned: readonly PoisonRecord[],
  bad: number,
): Promise<Row> {
  const measured = { clean: [] as number[], run: [] as number[], ratio: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    const [halt, reject] = [
      await milliseconds(session, clean, "halt", 0),
      await milliseconds(session, poisoned, "reject", bad),
    ];
    measured.clean.push(halt);
    measured.run.push(reject);
    measured.ratio.push(reject / halt);
  }
  return {
    name,
    figures: { records: poisoned.length, clean: median(measured.clean), run: median(measured.run) },
    ratio: ratioOf("lower", measured.ratio),
  };
}

async function milliseconds(
  session: Session,
  records: readonly PoisonRecord[],
  policy: ErrorPolicy,
  bad: number,
): Promise<number> {
  const scored = pipe<PoisonRecord>("poison")
    .python<number>("score", {
      module: "poison",
      function: "score",
      batch: { size: BATCH },
      timeout: HANG_TIMEOUT,
    })
    .onError("score", policy);
  const began = performance.now();
  const run = scored.run(records, { session });
  for await (const _ of run.batches());
  const { ledger } = await run.done;
  if (ledger.rejected !== bad || ledger.out !== records.length - bad)
    throw new Error(`expected ${bad} of ${records.length} records to be rejected, got ${ledger.rejected}`);
  return performance.now() - began;
}

/** Bad records at even distances. */
function recordsWith(kinds: Readonly<Record<string, number>>, count: number): PoisonRecord[] {
  const poisons = Object.entries(kinds).flatMap(([kind, times]) => Array<string>(times).fill(kind));
  const distance = Math.floor(count / (poisons.length + 1));
  return Array.from({ length: count }, (_, id) => ({
    id,
    poison: (id > 0 && id % distance === 0 && poisons[id / distance - 1]) || null,
    values: [id, id / 2, 1.5, 2.5, -1],
  }));
}
