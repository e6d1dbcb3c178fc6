import { EventEmitter } from "node:events";

/**
 * Typed events. A listener that throws is reported as an uncaught exception of its own and harms neither what it listens to nor other listeners.
 */
export class Emitter<Events extends object> {
  readonly #emitter = new EventEmitter().setMaxListeners(0);
  readonly #next: Emitter<Events> | undefined;

  /** @param next hears every event after this one's own listeners. */
  constructor(next?: Emitter<Events>) {
    this.#next = next;
  }

  /** Calls `listener` at each event of that name; gives back the function that ends this. */
  on<Name extends keyof Events & string>(name: Name, listener: (event: Events[Name]) => void): () => void {
    const guarded = (event: Events[Name]): void => {
      try {
        listener(event);
      } catch (error) {
        process.nextTick(() => {
          throw error;
        });
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
