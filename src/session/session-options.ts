import { z } from "zod";
import { abortSignal, callback, type Duration, duration, text } from "../options/fields.js";
import { viewList } from "../views/options.js";
import type { View } from "../views/view.js";
import { limits, type SessionLimits } from "./limits.js";
import type { Setup } from "./session.js";

/** Options of `engine.session()`. */
export interface SessionOptions {
  /** Names the session in errors, events and Python (`slither_worker.session_id()`). Default: `session-1`, `session-2`, … */
  id?: string | undefined;
  /**
   * Brings the session's state about: runs once, before anybody else can use it; and again when the process died and there is no checkpoint to go
   * back to.
   */
  setup?: Setup | undefined;
  /**
   * `"auto"`: the state is kept in a copy of the process after `setup`, when calls have changed it and the session is idle, and when a run starts.
   * `"manual"`: only by `session.checkpoint()`. Default `"auto"`.
   */
  checkpoint?: "auto" | "manual" | undefined;
  /**
   * What the first call sees after a crash took the session back to an earlier state: `"report"`: SessionRolledBackError; `"accept-rollback"`:
   * nothing, the event `session-recovery` tells. Default `"report"`.
   */
  recovery?: "report" | "accept-rollback" | undefined;
  /** What a call does on a session that is busy with another: wait for its turn, or fail with SessionBusyError. Default `"queue"`. */
  busy?: "queue" | "fail" | undefined;
  /** What bounds the session; on top of `limits` of `local()`. */
  limits?: SessionLimits | undefined;
  /** Functions of this process that the session's Python may call, on top of those of the engine, or in place of one with the same name. Default: none. */
  views?: readonly View[] | undefined;
  /** How long to wait for room when `maxSessions` or `maxProcesses` is reached. Default `"30s"`. */
  queueTimeout?: Duration | undefined;
  /** Aborts the waiting for room. */
  signal?: AbortSignal | undefined;
}

export const sessionOptions = z.strictObject(
  {
    id: text("a text that is not empty").optional(),
    setup: callback<Setup>("a function").optional(),
    checkpoint: z.enum(["auto", "manual"], { error: '"auto" or "manual"' }).default("auto"),
    recovery: z
      .enum(["report", "accept-rollback"], { error: '"report" or "accept-rollback"' })
      .default("report"),
    busy: z.enum(["queue", "fail"], { error: '"queue" or "fail"' }).default("queue"),
    limits: limits.default({}),
    views: viewList.default([]),
    queueTimeout: duration.prefault("30s"),
    signal: abortSignal.optional(),
  },
  { error: "an object" },
);
