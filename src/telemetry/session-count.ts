import type { EngineEvents } from "./events.js";

let open = 0;

/** How many sessions of all engines are open. */
export function openSessions(): number {
  return open;
}

/** Counts the sessions of one engine, whose ids are its own. Also without an SDK, which may come later. */
export class SessionCount {
  readonly #ids = new Set<string>();

  heard<Name extends keyof EngineEvents>(name: Name, event: EngineEvents[Name]): void {
    if (name !== "session-start" && name !== "session-stop" && name !== "session-failure") return;
    const { session } = event as EngineEvents["session-start"];
    const before = this.#ids.size;
    if (name === "session-start") this.#ids.add(session);
    else this.#ids.delete(session);
    open += this.#ids.size - before;
  }
}
