import type { ViewDesk } from "../views/desk.js";
import type { SharedMemory } from "../wire/shared-memory.js";
import type { Limits } from "./limits.js";

const DEFAULT_CANCEL_GRACE_MS = 2_000;

/** What a session goes by. */
export interface Conduct {
  readonly checkpoint: "auto" | "manual";
  readonly recovery: "report" | "accept-rollback";
  readonly busy: "queue" | "fail";
  readonly limits: Limits & { readonly cancelGrace: number };
  /** How long it waits for room. */
  readonly queueTimeout: number;
  /** What its large arrays travel in. */
  readonly sharedMemory: SharedMemory;
  /** What answers when its Python asks. */
  readonly views: ViewDesk;
}

/** @param engineLimits what holds where the session's own options say nothing. */
export function conductOf(
  options: Omit<Conduct, "limits" | "sharedMemory" | "views"> & { limits: Limits },
  engineLimits: Limits,
  { sharedMemory, views }: Pick<Conduct, "sharedMemory" | "views">,
): Conduct {
  const { checkpoint, recovery, busy, queueTimeout } = options;
  // One that is there but undefined says nothing either.
  const said = Object.entries(options.limits).filter(([, limit]) => limit !== undefined);
  const merged: Limits = { ...engineLimits, ...Object.fromEntries(said) };
  const cancelGrace = merged.cancelGrace ?? DEFAULT_CANCEL_GRACE_MS;
  const limits = { ...merged, cancelGrace };
  return { checkpoint, recovery, busy, queueTimeout, limits, sharedMemory, views };
}
