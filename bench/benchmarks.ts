import { arrays } from "./arrays.js";
import { call } from "./call.js";
import { columns } from "./columns.js";
import { peers } from "./competition/index.js";
import type { Benchmark } from "./measure.js";
import { memory } from "./memory.js";
import type { NAMES } from "./names.js";
import { poison } from "./poison.js";
import { scoring } from "./scoring.js";
import { sessions } from "./sessions/index.js";
import { stores } from "./store/index.js";

/** Every benchmark, in groups that the command line names. */
export const BENCHMARKS: Readonly<Record<string, readonly Benchmark[]>> = {
  call: [call],
  scoring: [scoring],
  columns: [columns],
  arrays: [arrays],
  memory: [memory],
  peers: [peers],
  poison: [poison],
  sessions,
  store: stores,
} satisfies Record<(typeof NAMES)[number], readonly Benchmark[]>;
