import type { Driver } from "../engine.js";
import { parseOptions } from "../options/parse.js";
import type { Emitter } from "../telemetry/emitter.js";
import type { EngineEvents } from "../telemetry/events.js";
import { ViewDesk } from "../views/desk.js";
import type { View } from "../views/view.js";
import { arrayOf, type Dtype, type ElementsOfArrays, type NdArray } from "../wire/ndarray.js";
import type { SharedArray } from "../wire/shared-array.js";
import { SharedMemory } from "../wire/shared-memory.js";
import { conductOf } from "./conduct.js";
import type { Limits } from "./limits.js";
import { Maker } from "./maker.js";
import { type CloseOptions, closeOptions } from "./options.js";
import { Registry } from "./registry.js";
import type { Session } from "./session.js";
import { type SessionOptions, sessionOptions } from "./session-options.js";

/** What an engine is made of. */
export interface EngineParts {
  readonly driver: Driver;
  readonly events: Emitter<EngineEvents>;
  readonly maxSessions: number;
  readonly maxProcesses: number;
  readonly limits: Limits;
  readonly views: readonly View[];
}

/** Makes sessions, and ends them. Knows its driver only by the contract in engine.ts. */
export class Engine implements AsyncDisposable {
  readonly #driver: Driver;
  readonly #events: Emitter<EngineEvents>;
  readonly #limits: Limits;
  readonly #views: readonly View[];
  readonly #registry: Registry;
  readonly #maker: Maker;
  readonly #sharedMemory: SharedMemory;
  #drained: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  /** @internal Made by `local()` and `inline()`. */
  constructor(parts: EngineParts) {
    this.#driver = parts.driver;
    this.#events = parts.events;
    this.#limits = parts.limits;
    this.#views = parts.views;
    this.#sharedMemory = parts.driver.sharedMemory ?? new SharedMemory();
    this.#registry = new Registry(parts);
    this.#maker = new Maker(parts.driver, this.#registry, parts.events);
  }

  /** The sessions that are open, by id. */
  get sessions(): ReadonlyMap<string, Session> {
    return this.#registry.open;
  }

  /** Calls `listener` at each event of that name; gives back the function that ends this. Events are listed in docs/guides/events.md. */
  on<Name extends keyof EngineEvents>(name: Name, listener: (event: EngineEvents[Name]) => void): () => void {
    return this.#events.on(name, listener);
  }

  /**
   * Opens a session: one process of its own. Waits in line where `maxSessions` or `maxProcesses` is reached.
   *
   * @throws WorkerStartError when it does not start; EngineFullError when there is no room in time; what `setup` throws, when that fails. Nothing is
   * left open then.
   */
  async session(options: SessionOptions = {}): Promise<Session> {
    const parsed = parseOptions("engine.session()", sessionOptions, options);
    const id = this.#registry.reserve("engine.session()", parsed.id, "session");
    const views = new ViewDesk([...this.#views, ...parsed.views], this.#events);
    const conduct = conductOf(parsed, this.#limits, { sharedMemory: this.#sharedMemory, views });
    return this.#maker.open(id, conduct, parsed.setup, parsed.signal);
  }

  /**
   * Puts an array into shared memory, for any session of this engine, any number of times: Python gets a read-only numpy array on the same memory,
   * without a copy. What becomes of `array` afterwards does not matter. Where there is no shared memory, or no room in it, the elements stay here and
   * are sent each time.
   *
   * @throws OptionsError for what is no array; SharedArrayError when the engine was closed.
   *
   * @example
   * using weights = await engine.share(new Float64Array(10_000_000));
   * await session.call("model", "score", [weights, 17]);
   */
  async share<D extends Dtype>(array: NdArray<D>): Promise<SharedArray<D>>;
  async share(array: ElementsOfArrays): Promise<SharedArray>;
  async share(array: NdArray | ElementsOfArrays): Promise<SharedArray> {
    return this.#sharedMemory.share(arrayOf("engine.share()", array));
  }

  /**
   * Takes no more sessions and no more calls, and lets runs take no more records; resolves when what was accepted is finished. The sessions stay
   * open until `close()`.
   *
   * @throws ViewRefusedError in a view that one of the sessions waits for; nothing has changed then.
   */
  async drain(): Promise<void> {
    let drain = (): Promise<void> => {
      this.#drained ??= this.#drain();
      return this.#drained;
    };
    for (const session of this.sessions.values()) {
      const inner = drain;
      drain = () => session.inLine("the last call", inner);
    }
    await drain();
  }

  /** Closes every session (see `session.close`), then the engine. Closing twice is closing once. */
  async close(options: CloseOptions = {}): Promise<void> {
    const { timeout } = parseOptions("engine.close()", closeOptions, options);
    this.#closed ??= this.#close(timeout);
    await this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #drain(): Promise<void> {
    this.#registry.refuse("the engine is draining");
    await Promise.all([...this.sessions.values()].map((session) => session.lifecycle.drain()));
  }

  async #close(timeoutMs: number): Promise<void> {
    this.#registry.refuse("the engine was closed");
    const close = (): Promise<unknown> =>
      Promise.all([
        ...[...this.sessions.values()].map((session) => session.lifecycle.close(timeoutMs)),
        this.#maker.closeReplicas(timeoutMs),
      ]);
    // Sessions whose setup is under way are among them, and what setup waits for fails then.
    await close();
    await this.#registry.quiet();
    await close();
    this.#sharedMemory.close();
    await this.#driver.close();
  }
}
