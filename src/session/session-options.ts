import { z } from "zod";
import { callback, text } from "../options/fields.js";
import type { Session } from "./session.js";

/** Options of `engine.session()`. */
export interface SessionOptions {
  /** Names the session in errors, events and Python (`slither_worker.session_id()`). Default: `session-1`, `session-2`, … */
  id?: string | undefined;
  /** Brings the session's state about: runs once, before anybody else can use it. */
  setup?: ((session: Session) => unknown) | undefined;
}

export const sessionOptions = z.strictObject(
  {
    id: text("a text that is not empty").optional(),
    setup: callback<(session: Session) => unknown>("a function").optional(),
  },
  { error: "an object" },
);
