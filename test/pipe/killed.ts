import type { Engine, Session } from "slither-ts";
import { nextEvent } from "../helpers/events.js";

/** Kills the worker of a session; resolves when the session is back. */
export async function killed(engine: Engine, session: Session): Promise<void> {
  const back = nextEvent(engine, "session-recovery", (event) => event.session === session.id);
  process.kill(session.pid as number, "SIGKILL");
  await back;
}
