import { z } from "zod";
import { positiveInteger } from "../options/fields.js";
import { viewList } from "../views/options.js";
import type { View } from "../views/view.js";
import { limits, type SessionLimits } from "./limits.js";

/** Options of an engine's sessions together. */
export interface EngineOptions {
  /** How many sessions may be open at once; who asks for more waits in line. Default: no limit. */
  maxSessions?: number | undefined;
  /** How many processes sessions may have at once: their own, forks, replicas and checkpoints. Default: no limit. */
  maxProcesses?: number | undefined;
  /** What bounds each session; `engine.session({ limits })` can change it for one. */
  limits?: SessionLimits | undefined;
  /** Functions of this process that the Python of every session may call: made by `view()` and `batchView()`. Default: none. */
  views?: readonly View[] | undefined;
}

export const engineOptions = z.strictObject(
  {
    maxSessions: positiveInteger.default(Number.POSITIVE_INFINITY),
    maxProcesses: positiveInteger.default(Number.POSITIVE_INFINITY),
    limits: limits.default({}),
    views: viewList.default([]),
  },
  { error: "an object" },
);
