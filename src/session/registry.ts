import { OptionsError } from "../errors/options.js";
import { SessionClosedError } from "../errors/session.js";
import type { Session } from "./session.js";
import { Slots } from "./slots.js";

/** Which sessions an engine has, and what room there is for more. */
export class Registry {
  /** Where checkpoints take their room from. */
  readonly processes: Slots;
  readonly #sessionSlots: Slots;
  /** Under an id that was set aside stands a symbol of that opening: a later one of the same id has another. */
  readonly #sessions = new Map<string, Session | symbol>();
  /** Everything that is being started: closing waits for it. */
  readonly #starting = new Set<Promise<unknown>>();
  /** Aborted when no more sessions are opened. */
  readonly #refusing = new AbortController();
  /** Why no more sessions are opened: "the engine is draining". */
  #refusal: string | undefined;

  constructor(limits: { maxSessions: number; maxProcesses: number }) {
    this.#sessionSlots = new Slots("maxSessions", limits.maxSessions);
    this.processes = new Slots("maxProcesses", limits.maxProcesses);
  }

  /** The sessions that are open, by id. */
  get open(): ReadonlyMap<string, Session> {
    const open = [...this.#sessions].filter(
      (entry): entry is [string, Session] => typeof entry[1] !== "symbol",
    );
    return new Map(open);
  }

  /**
   * Sets an id aside: the one that is wanted, or the first that is free of `${base}-1`, `${base}-2`, …
   *
   * @throws OptionsError for one that is taken; SessionClosedError when no more sessions are opened.
   */
  reserve(where: string, wanted: string | undefined, base: string): string {
    const id = wanted ?? this.#freeId(base);
    if (this.#refusal !== undefined)
      throw new SessionClosedError(id, `${this.#refusal}, so it opens no more sessions`);
    if (this.#sessions.has(id)) {
      throw new OptionsError(where, [
        `expected \`id\` to be new in this engine, got ${JSON.stringify(id)}, which is open`,
      ]);
    }
    this.#sessions.set(id, Symbol("opening"));
    return id;
  }

  /**
   * Does what starts sessions of these ids, in the same tick in which they were set aside; when that fails, the ids are free again, and so is the room
   * that was taken.
   */
  async starting<Result>(ids: readonly string[], start: (room: Room) => Promise<Result>): Promise<Result> {
    const reservations = ids.map((id) => [id, this.#sessions.get(id)] as const);
    const refused = (): Error => this.#refused(ids[0] ?? "");
    const room = new Room(this.#sessionSlots, this.processes, { signal: this.#refusing.signal, refused });
    const started = start(room);
    this.#starting.add(started);
    try {
      return await started;
    } catch (error) {
      // A session that was there and has ended has freed its id itself: it may be somebody else's by now.
      for (const [id, own] of reservations) if (this.#sessions.get(id) === own) this.#sessions.delete(id);
      room.giveBack();
      throw error;
    } finally {
      this.#starting.delete(started);
    }
  }

  /** This session is open. @throws SessionClosedError when no more sessions are opened since. */
  add(session: Session): void {
    if (this.#refusal !== undefined) throw this.#refused(session.id);
    this.#sessions.set(session.id, session);
  }

  /** A session is gone, and its process. */
  remove(id: string): void {
    this.#sessions.delete(id);
    this.#sessionSlots.give(1);
    this.processes.give(1);
  }

  /** From now on nothing is opened; `why` is said to who asks, for example "the engine was closed". */
  refuse(why: string): void {
    this.#refusal = why;
    this.#refusing.abort();
  }

  /** Resolves when nothing is being started any more. */
  async quiet(): Promise<void> {
    await Promise.allSettled(this.#starting);
  }

  #refused(id: string): SessionClosedError {
    return new SessionClosedError(id, `${this.#refusal} meanwhile`);
  }

  #freeId(base: string): string {
    let count = 1;
    while (this.#sessions.has(`${base}-${count}`)) count += 1;
    return `${base}-${count}`;
  }
}

/** The end of opening sessions, for those that wait for room. */
interface Refusing {
  readonly signal: AbortSignal;
  /** What they fail with then. */
  refused(): Error;
}

/** The room that sessions which are being started have taken. */
export class Room {
  readonly #sessions: Slots;
  readonly #processes: Slots;
  readonly #refusing: Refusing;
  #taken: (() => void)[] = [];

  constructor(sessions: Slots, processes: Slots, refusing: Refusing) {
    this.#sessions = sessions;
    this.#processes = processes;
    this.#refusing = refusing;
  }

  /** Takes room at once, or says false. */
  tryTake(count: number): boolean {
    for (const slots of [this.#sessions, this.#processes]) {
      if (!slots.tryTake(count)) {
        this.giveBack();
        return false;
      }
      this.#taken.push(() => slots.give(count));
    }
    return true;
  }

  /** @throws EngineFullError; what `signal` is aborted with; SessionClosedError when the engine opens no more sessions. */
  async take(count: number, timeoutMs: number, signal?: AbortSignal): Promise<void> {
    const refusing = this.#refusing.signal;
    const abort = AbortSignal.any(signal === undefined ? [refusing] : [signal, refusing]);
    const wait = { timeoutMs, since: performance.now() };
    try {
      for (const slots of [this.#sessions, this.#processes]) {
        await slots.take(count, wait, abort);
        this.#taken.push(() => slots.give(count));
      }
    } catch (error) {
      throw refusing.aborted && error === refusing.reason ? this.#refusing.refused() : error;
    }
  }

  /** From now on the sessions themselves give their room back, when they end. */
  handOver(): void {
    this.#taken = [];
  }

  giveBack(): void {
    for (const give of this.#taken) give();
    this.#taken = [];
  }
}
