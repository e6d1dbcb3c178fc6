/** What is to be run on this machine. */
export interface Plan {
  /** How many sessions compute at the same time. */
  readonly sessions: number;
  /** Threads of numeric libraries in each. */
  readonly threads: number;
}

/** As many sessions as there are whole cores, unless something else was asked for. */
export function planFor(cores: number, asked: Partial<Plan>): Plan {
  return { sessions: asked.sessions ?? Math.max(1, Math.floor(cores)), threads: asked.threads ?? 1 };
}
