import { z } from "zod";
import { callback, type Duration, duration, plainObject, positiveInteger } from "../options/fields.js";
import type { Session } from "../session/session.js";
import { SCENARIO_NAMES, type ScenarioName } from "./scenarios/all.js";

/** Options of `faultTest()`. */
export interface FaultTestOptions<Metadata extends object = object> {
  /** Opens a fresh session, of any engine; called for each run, and closed after it. Needed by pipes with python stages. */
  session?: (() => Session | Promise<Session>) | undefined;
  /** Which scenarios are tried. Default: all. */
  scenarios?: readonly ScenarioName[] | undefined;
  /** Chooses the batches and records that are hit. Default: a new one each time, which the result and the error name. */
  seed?: number | undefined;
  /** As in `pipe.run()`. */
  replicas?: number | undefined;
  /** As in `pipe.run()`. */
  metadata?: Metadata | undefined;
  /** How long one run may take. Default `"30s"`. */
  timeout?: Duration | undefined;
}

export const faultTestOptions = z.strictObject(
  {
    session: callback<() => Session | Promise<Session>>("a function that opens a session").optional(),
    scenarios: z
      .array(
        z.enum(SCENARIO_NAMES, {
          error: `one of ${SCENARIO_NAMES.map((name) => JSON.stringify(name)).join(", ")}`,
        }),
        { error: "an array of names of scenarios" },
      )
      .min(1, { error: "an array of at least one name" })
      .default(SCENARIO_NAMES),
    seed: z.int({ error: "a whole number" }).optional(),
    replicas: positiveInteger.optional(),
    metadata: plainObject<Readonly<Record<string, unknown>>>("an object").default({}),
    timeout: duration.prefault("30s"),
  },
  { error: "an object" },
);
