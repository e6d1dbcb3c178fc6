/** What numeric libraries read their number of threads from; it must be set before they are imported. */
const THREAD_VARIABLES = [
  "OMP_NUM_THREADS",
  "OPENBLAS_NUM_THREADS",
  "MKL_NUM_THREADS",
  "NUMEXPR_NUM_THREADS",
  "VECLIB_MAXIMUM_THREADS",
];

/** What keeps libraries from starting threads while they are imported, which no fork would have. */
const WITHOUT_THREADS = {
  // numba's other layers cannot be forked once they have run.
  NUMBA_THREADING_LAYER: "workqueue",
  // The allocator of pyarrow.
  JE_ARROW_MALLOC_CONF: "background_thread:false",
};

type Environment = Readonly<Record<string, string | undefined>>;

/** The environment of a worker that is started cold. What the user names wins. */
export function workerEnvironment(threads: number, env: Environment): Environment {
  // A worker that crashes in C code then prints where, which ends up in the error.
  return { PYTHONFAULTHANDLER: "1", ...process.env, ...threadVariables(threads), ...env };
}

/** The environment of a forkserver: its forks are told their number of threads, it must have one itself. */
export function forkserverEnvironment(env: Environment): Environment {
  return { PYTHONFAULTHANDLER: "1", ...process.env, ...WITHOUT_THREADS, ...threadVariables(1), ...env };
}

/** What a fork is to change of the variables that its forkserver has. What the user names wins, and was there from the start. */
export function forkThreads(threads: number, env: Environment): Readonly<Record<string, number>> {
  const names = threads === 1 ? [] : THREAD_VARIABLES.filter((name) => !Object.hasOwn(env, name));
  return Object.fromEntries(names.map((name) => [name, threads]));
}

function threadVariables(threads: number): Environment {
  return Object.fromEntries(THREAD_VARIABLES.map((name) => [name, String(threads)]));
}
