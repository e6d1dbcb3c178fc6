/** What the checks are grouped by, in the order of the report. */
export const TOPICS = {
  node: "Node",
  python: "Python",
  preload: "Preload",
  fork: "Forking",
  cores: "Cores",
  memory: "Memory",
  system: "System",
} as const;

export type Topic = keyof typeof TOPICS;

/** `problem`: sessions will fail. `warning`: they work, but slower, or not in all circumstances. */
export type Status = "ok" | "warning" | "problem";

/** One thing that was looked at. */
export interface Check {
  readonly topic: Topic;
  /** Unique in its topic. */
  readonly name: string;
  readonly status: Status;
  readonly found: string;
  /** The command or setting that mends it; null where nothing has to be mended. */
  readonly fix: string | null;
}

/** Makes checks of one topic. */
export function checksOf(topic: Topic) {
  const bad = (status: Status) => (name: string, found: string, fix: string) =>
    ({ topic, name, status, found, fix }) satisfies Check;
  return {
    ok: (name: string, found: string): Check => ({ topic, name, status: "ok", found, fix: null }),
    warning: bad("warning"),
    problem: bad("problem"),
  };
}
