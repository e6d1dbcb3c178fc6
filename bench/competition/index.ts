import { deepEqual } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { local } from "slither-ts";
import { ensureNpmDependencies } from "../../scripts/npm-dependencies.mjs";
import { ensurePeersEnvironment } from "../../scripts/python-environments.mjs";
import { collectGarbage } from "../garbage.js";
import { type Benchmark, median, ratioOf, timed, timeEach } from "../measure.js";
import { openFastApi } from "../peers/fastapi.js";
import { openPythonShell } from "../peers/python-shell.js";
import { openPythonia } from "../peers/pythonia.js";
import { places } from "../places.js";
import type { Ratio, Row } from "../results.js";
import { type Contestant, PYTHON_PATH } from "./contestant.js";
import { openSlither } from "./slither.js";

const ELEMENTS = 12_500_000;
const PYTHON_PACKAGES = ["fastapi", "uvicorn", "uvloop", "httptools", "orjson", "numpy", "scikit-learn"];

/** Something that all do: what it is called, and what a round of it gives for one of them. */
interface Discipline {
  readonly name: string;
  readonly better: Ratio["better"];
  /** Until connections are there, and V8 has compiled what it compiles: half a million records. */
  readonly warmUps: number;
  readonly rounds: number;
  readonly measure: (contestant: Contestant) => Promise<number>;
}

/** Other ways to use Python from Node, each at its best, beside this one, in turns. */
export const peers: Benchmark = {
  title: "Beside other ways to use Python from Node",
  note:
    "each when it is warm; a call: microseconds, p50, Node on one core and Python on the same or another, where there is taskset; scoring: thousand records a second, featurize and predict in one call; 100 MB: milliseconds from a Float64Array to its sum by numpy; " +
    "ratio = slither-ts / peer. slither-ts: 8 batches in flight; FastAPI: uvicorn with uvloop and httptools over a Unix socket, orjson, kept connections, 8 requests in flight; " +
    "python-shell, pythonia: orjson, 4 in flight, arrays as base64, for they carry JSON alone",
  async run({ quick }) {
    const interpreter = await ensurePeers();
    await using slither = await openSlither(interpreter);
    await using fastApi = await openFastApi(interpreter);
    await using pythonShell = await openPythonShell(interpreter);
    await using pythonia = await openPythonia(interpreter);
    const others: Contestant[] = [fastApi, pythonShell, pythonia];
    const rows: Row[] = [];
    for (const place of places()) rows.push(...(await compete(calling(place, quick), slither, others)));
    for (const discipline of await disciplines(slither, quick))
      rows.push(...(await compete(discipline, slither, others)));
    return rows;
  },
  async versions() {
    const { dependencies } = JSON.parse(
      readFileSync(new URL("../peers/package.json", import.meta.url), "utf8"),
    );
    await using engine = await local({ python: await ensurePeersEnvironment(), pythonPath: PYTHON_PATH });
    const session = await engine.session();
    const versions: Record<string, string> = { ...dependencies };
    for (const name of PYTHON_PACKAGES)
      versions[name] = await session.call<string>("importlib.metadata", "version", [name]);
    return versions;
  },
};

async function ensurePeers(): Promise<string> {
  await ensureNpmDependencies("bench/peers");
  return ensurePeersEnvironment();
}

function calling(place: string, quick: boolean): Discipline {
  const [rounds, calls] = quick ? [3, 1_000] : [7, 3_000];
  return {
    name: `a call${place}`,
    better: "lower",
    warmUps: 1,
    rounds,
    measure: async (contestant) => median(await timeEach(calls, () => contestant.noop())),
  };
}

async function disciplines(
  slither: Awaited<ReturnType<typeof openSlither>>,
  quick: boolean,
): Promise<Discipline[]> {
  const [warmUps, rounds, times] = quick ? [1, 3, 3] : [5, 7, 5];
  const items = Array.from({ length: times }, () => slither.items).flat();
  const expected = await slither.score(items, 1_000);
  const values = Float64Array.from({ length: ELEMENTS }, (_, index) => index % 1_000);
  const sum = values.reduce((total, value) => total + value, 0);
  const scoring = (size: number): Discipline => ({
    name: `batch ${size}`,
    better: "higher",
    warmUps,
    rounds,
    async measure(contestant) {
      let predictions: unknown;
      const milliseconds = await timed(async () => {
        predictions = await contestant.score(items, size);
      });
      // Every record, in its place, with the same prediction.
      deepEqual(predictions, expected, contestant.name);
      return items.length / milliseconds;
    },
  });
  return [
    scoring(100),
    scoring(1_000),
    {
      name: "100 MB",
      better: "lower",
      warmUps: 1,
      rounds: quick ? 3 : 5,
      async measure(contestant) {
        // Some leave hundreds of megabytes behind, which would be collected in the time of the next.
        collectGarbage();
        // Has memory ready, as when nobody else is there.
        await contestant.sum(values);
        return timed(async () => deepEqual(await contestant.sum(values), sum, contestant.name));
      },
    },
  ];
}

async function compete(
  discipline: Discipline,
  slither: Contestant,
  others: readonly Contestant[],
): Promise<Row[]> {
  const rounds: { ours: number; theirs: number[] }[] = [];
  for (let round = -discipline.warmUps; round < discipline.rounds; round++) {
    const ours = await discipline.measure(slither);
    const theirs: number[] = [];
    for (const other of others) theirs.push(await discipline.measure(other));
    if (round >= 0) rounds.push({ ours, theirs });
  }
  return others.map(({ name }, index) => {
    const pairs = rounds.map(({ ours, theirs }) => [ours, theirs[index] as number] as const);
    return {
      name: `${discipline.name}, ${name}`,
      figures: {
        "slither-ts": median(pairs.map(([ours]) => ours)),
        peer: median(pairs.map(([, peer]) => peer)),
      },
      ratio: ratioOf(
        discipline.better,
        pairs.map(([ours, peer]) => ours / peer),
      ),
    };
  });
}
