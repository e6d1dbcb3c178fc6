import type { Driver, Worker } from "../engine.js";
import { OptionsError } from "../errors/options.js";
import { SessionClosedError } from "../errors/session.js";
import { parseOptions } from "../options/parse.js";
import { Emitter } from "../telemetry/emitter.js";
import { type EngineEvents, RUN_EVENTS, SESSION_EVENTS } from "../telemetry/events.js";
import { type CloseOptions, closeOptions } from "./options.js";
import { RefTable } from "./ref-table.js";
import { Session } from "./session.js";
import { type SessionOptions, sessionOptions } from "./session-options.js";

interface Life {
  readonly began: number;
  /** Whether its start was told: what never started does not stop either. */
  started: boolean;
}

/** Makes sessions, and ends them. Knows its driver only by the contract in engine.ts. */
export class Engine implements AsyncDisposable {
  readonly #driver: Driver;
  readonly #sessions = new Map<string, Session | "opening">();
  /** Sessions whose process is being started. */
  readonly #starting = new Set<Promise<Session>>();
  readonly #events = new Emitter<EngineEvents>([...SESSION_EVENTS, ...RUN_EVENTS]);
  #count = 0;
  #closed: Promise<void> | undefined;

  /** @internal Made by `local()` and `inline()`. */
  constructor(driver: Driver) {
    this.#driver = driver;
  }

  /** The sessions that are open, by id. */
  get sessions(): ReadonlyMap<string, Session> {
    const open = [...this.#sessions].filter((entry): entry is [string, Session] => entry[1] !== "opening");
    return new Map(open);
  }

  /** Calls `listener` at each event of that name; gives back the function that ends this. Events are listed in docs/guides/events.md. */
  on<Name extends keyof EngineEvents>(name: Name, listener: (event: EngineEvents[Name]) => void): () => void {
    return this.#events.on(name, listener);
  }

  /**
   * Opens a session: one process of its own.
   *
   * @throws WorkerStartError when it does not start; what `setup` throws, when that fails. Nothing is left open then.
   */
  async session(options: SessionOptions = {}): Promise<Session> {
    const { id: wanted, setup } = parseOptions("engine.session()", sessionOptions, options);
    const id = wanted ?? this.#freeId();
    if (this.#closed !== undefined)
      throw new SessionClosedError(id, "the engine was closed, so it opens no more sessions");
    if (this.#sessions.has(id)) {
      throw new OptionsError("engine.session()", [
        `expected \`id\` to be new in this engine, got ${JSON.stringify(id)}, which is open`,
      ]);
    }
    this.#sessions.set(id, "opening");
    return this.#open(id, setup);
  }

  /** Closes every session (see `session.close`), then the engine. Closing twice is closing once. */
  async close(options: CloseOptions = {}): Promise<void> {
    parseOptions("engine.close()", closeOptions, options);
    this.#closed ??= this.#close(options);
    await this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #open(id: string, setup: SessionOptions["setup"]): Promise<Session> {
    const life: Life = { began: performance.now(), started: false };
    let session: Session | undefined;
    try {
      const starting = this.#startSession(id, life);
      this.#starting.add(starting);
      session = await starting.finally(() => this.#starting.delete(starting));
      if (this.#closed !== undefined) throw new SessionClosedError(id, "the engine was closed meanwhile");
      await setup?.(session);
      // It may be gone without `setup` having failed.
      session.requireReady();
      life.started = true;
      this.#events.emit("session-start", {
        session: id,
        pid: session.pid,
        durationMs: performance.now() - life.began,
      });
      return session;
    } catch (error) {
      // A session that was lost has told so itself.
      if (session?.state !== "lost") {
        const durationMs = performance.now() - life.began;
        this.#events.emit("session-failure", { session: id, pid: session?.pid, durationMs, error });
      }
      if (session === undefined) this.#sessions.delete(id);
      else await session.close({ timeout: 1 });
      throw error;
    }
  }

  async #startSession(id: string, life: Life): Promise<Session> {
    const refs = new RefTable(id);
    let worker: Worker | undefined;
    worker = await this.#driver.open({
      session: id,
      resolveHandle: (ref) => refs.resolve(ref),
      onLog: (stream, line) =>
        this.#events.emit("session-log", { session: id, pid: worker?.pid, stream, line }),
    });
    const onEnd = (ended: Session, error: Error | undefined): void => {
      this.#sessions.delete(id);
      const event = { session: id, pid: ended.pid, durationMs: performance.now() - life.began };
      if (error !== undefined) this.#events.emit("session-failure", { ...event, error });
      else if (life.started) this.#events.emit("session-stop", event);
    };
    const session = new Session({ id, worker, refs, events: this.#events, onEnd });
    this.#sessions.set(id, session);
    return session;
  }

  async #close(options: CloseOptions): Promise<void> {
    // Not for their setup, which may never end: its calls fail when the session is closed.
    await Promise.allSettled(this.#starting);
    await Promise.all([...this.sessions.values()].map((session) => session.close(options)));
    await this.#driver.close();
  }

  #freeId(): string {
    do this.#count += 1;
    while (this.#sessions.has(`session-${this.#count}`));
    return `session-${this.#count}`;
  }
}
