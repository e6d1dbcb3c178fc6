import { publish } from "./channels.js";
import { type EventSink, reportUncaught } from "./emitter.js";
import type { EngineEvents } from "./events.js";
import { measureEvent } from "./measures.js";
import { SessionCount } from "./session-count.js";
import { traceEvent } from "./traces.js";

/**
 * Where every event ends, once, behind the listeners of its run and its engine: diagnostics channels, spans, metrics. One for each engine, and one for
 * each run that no engine knows.
 */
export class Telemetry implements EventSink<EngineEvents> {
  readonly #sessions = new SessionCount();

  emit<Name extends keyof EngineEvents>(name: Name, event: EngineEvents[Name]): void {
    try {
      this.#sessions.heard(name, event);
      publish(name, event);
      traceEvent(name, event);
      measureEvent(name, event);
    } catch (error) {
      // What an SDK throws harms what it listens to as little as what a listener throws.
      reportUncaught(error);
    }
  }
}
