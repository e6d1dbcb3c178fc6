import { EventEmitter } from "node:events";
import { OptionsError } from "../errors/options.js";
import { show, unknownName } from "../options/parse.js";

/** What events are handed to. */
export interface EventSink<Events extends object> {
  emit<Name extends keyof Events & string>(name: Name, event: Events[Name]): void;
}

/**
 * Typed events. A listener that throws is reported as an uncaught exception of its own and harms neither what it listens to nor other listeners.
 */
export class Emitter<Events extends object> implements EventSink<Events> {
  readonly #emitter = new EventEmitter().setMaxListeners(0);
  readonly #names: readonly string[];
  readonly #next: EventSink<Events> | undefined;

  /**
   * @param names of all events there are.
   * @param next hears every event after this one's own listeners.
   */
  constructor(names: readonly (keyof Events & string)[], next?: EventSink<Events>) {
    this.#names = names;
    this.#next = next;
  }

  /** Calls `listener` at each event of that name; gives back the function that ends this. @throws OptionsError for a name that does not exist. */
  on<Name extends keyof Events & string>(name: Name, listener: (event: Events[Name]) => void): () => void {
    if (!this.#names.includes(name))
      throw new OptionsError("on()", [unknownName("event", name, name, this.#names)]);
    if (typeof listener !== "function")
      throw new OptionsError("on()", [`expected the listener to be a function, got ${show(listener)}`]);
    const guarded = (event: Events[Name]): void => {
      try {
        listener(event);
      } catch (error) {
        reportUncaught(error);
      }
    };
    this.#emitter.on(name, guarded);
    return () => this.#emitter.off(name, guarded);
  }

  emit<Name extends keyof Events & string>(name: Name, event: Events[Name]): void {
    this.#emitter.emit(name, event);
    this.#next?.emit(name, event);
  }
}

/** Reports what a listener has thrown as an uncaught exception, outside of what it listened to. */
export function reportUncaught(error: unknown): void {
  process.nextTick(() => {
    throw error;
  });
}
