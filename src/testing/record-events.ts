import { OptionsError } from "../errors/options.js";
import { show, unknownName } from "../options/parse.js";
import { Run } from "../run/run.js";
import { Engine } from "../session/engine.js";
import { ENGINE_EVENTS, type EngineEvents, RUN_EVENTS, type RunEvents } from "../telemetry/events.js";

/** One event, with its name. */
export type RecordedEvent<Events extends object> = {
  readonly [Name in keyof Events & string]: { readonly name: Name; readonly event: Events[Name] };
}[keyof Events & string];

/** Every event of an engine or a run since `recordEvents()`. */
export interface EventRecorder<Events extends object> {
  /** In the order in which they came; grows. */
  readonly events: readonly RecordedEvent<Events>[];
  /** Those of one name that have come. @throws OptionsError for a name that does not exist. */
  of<Name extends keyof Events & string>(name: Name): Events[Name][];
  /**
   * Resolves with the next event of that name, from now on, for which `wanted` holds. Call it before what makes the event happen. Rejects with an
   * OptionsError for a name that does not exist, and when the recorder is stopped.
   */
  next<Name extends keyof Events & string>(
    name: Name,
    wanted?: (event: Events[Name]) => boolean,
  ): Promise<Events[Name]>;
  /** Records no more; what was recorded stays. */
  stop(): void;
}

interface Source<Events extends object> {
  on<Name extends keyof Events & string>(name: Name, listener: (event: Events[Name]) => void): () => void;
}

interface Waiting {
  readonly name: string;
  readonly wanted: (event: never) => boolean;
  resolve(event: unknown): void;
  reject(error: Error): void;
}

/** Records the events of an engine: its own, those of its sessions, and of every run on them. @throws OptionsError for what is neither engine nor run. */
export function recordEvents(source: Engine): EventRecorder<EngineEvents>;
/** Records the events of one run. */
export function recordEvents(source: Pick<Run, "on" | "id">): EventRecorder<RunEvents>;
export function recordEvents(
  source: Engine | Pick<Run, "on" | "id">,
): EventRecorder<EngineEvents> | EventRecorder<RunEvents> {
  if (source instanceof Engine) return new Recorder<EngineEvents>(source, ENGINE_EVENTS);
  if (source instanceof Run) return new Recorder<RunEvents>(source, RUN_EVENTS);
  throw new OptionsError("recordEvents()", [`expected an engine or a run, got ${show(source)}`]);
}

class Recorder<Events extends object> implements EventRecorder<Events> {
  readonly events: RecordedEvent<Events>[] = [];
  readonly #names: readonly string[];
  readonly #waiting = new Set<Waiting>();
  readonly #stops: readonly (() => void)[];
  #stopped = false;

  constructor(source: Source<Events>, names: readonly (keyof Events & string)[]) {
    this.#names = names;
    this.#stops = names.map((name) => source.on(name, (event) => this.#add({ name, event })));
  }

  of<Name extends keyof Events & string>(name: Name): Events[Name][] {
    this.#check("of()", name);
    return this.events.filter((each) => each.name === name).map((each) => each.event as Events[Name]);
  }

  async next<Name extends keyof Events & string>(
    name: Name,
    wanted: (event: Events[Name]) => boolean = () => true,
  ): Promise<Events[Name]> {
    this.#check("next()", name);
    if (this.#stopped) throw stoppedError(name);
    const event = new Promise((resolve, reject) => {
      this.#waiting.add({ name, wanted, resolve, reject });
    });
    return event as Promise<Events[Name]>;
  }

  stop(): void {
    this.#stopped = true;
    for (const stop of this.#stops) stop();
    for (const waiting of this.#waiting) waiting.reject(stoppedError(waiting.name));
    this.#waiting.clear();
  }

  #add(recorded: { name: string; event: unknown }): void {
    this.events.push(recorded as RecordedEvent<Events>);
    for (const waiting of this.#waiting) {
      if (waiting.name !== recorded.name) continue;
      try {
        if (!waiting.wanted(recorded.event as never)) continue;
        waiting.resolve(recorded.event);
      } catch (error) {
        waiting.reject(error as Error);
      }
      this.#waiting.delete(waiting);
    }
  }

  #check(where: string, name: string): void {
    if (!this.#names.includes(name))
      throw new OptionsError(where, [unknownName("event", name, name, this.#names)]);
  }
}

function stoppedError(name: string): OptionsError {
  return new OptionsError("next()", [`expected another ${name} event, got stop()`]);
}
