import type { Session } from "slither-ts";
import { type InlineOptions, inline } from "slither-ts/testing";
import { onTestFinished } from "vitest";

/** A session whose Python is these functions; closed when the test is over. */
export async function inlineSession(functions: InlineOptions["modules"][string]): Promise<Session> {
  const engine = inline({ modules: { model: functions } });
  onTestFinished(() => engine.close());
  return engine.session({ id: "inline" });
}
