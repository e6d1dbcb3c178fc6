import { setImmediate as nextRound } from "node:timers/promises";
import type { Driver } from "../engine.js";
import { ForkRefusedError } from "../errors/session.js";
import type { Emitter } from "../telemetry/emitter.js";
import type { EngineEvents } from "../telemetry/events.js";
import type { Conduct } from "./conduct.js";
import { copySession } from "./copier.js";
import type { ParsedForkOptions } from "./fork-options.js";
import type { Lane } from "./lane.js";
import { Lifecycle } from "./lifecycle.js";
import type { Registry, Room } from "./registry.js";
import { ReplicaMaker } from "./replica-maker.js";
import type { Replicas } from "./replicas.js";
import { Session, type SessionHost, type Setup } from "./session.js";

/** How one session began. */
interface Birth {
  readonly began: number;
  readonly forkOf: string | undefined;
  /** Whether its start was told: what never started does not stop either. */
  told: boolean;
}

/** Makes sessions: new ones, forks, and the replicas of a run. */
export class Maker implements SessionHost {
  readonly #driver: Driver;
  readonly #registry: Registry;
  readonly #events: Emitter<EngineEvents>;
  readonly #replicas: ReplicaMaker;

  constructor(driver: Driver, registry: Registry, events: Emitter<EngineEvents>) {
    this.#driver = driver;
    this.#registry = registry;
    this.#events = events;
    this.#replicas = new ReplicaMaker(registry.processes, events);
  }

  /** A new session under an id that was set aside. */
  async open(
    id: string,
    conduct: Conduct,
    setup: Setup | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Session> {
    const birth: Birth = { began: performance.now(), forkOf: undefined, told: false };
    return this.#registry.starting([id], async (room) => {
      await room.take(1, conduct.queueTimeout, signal);
      const session = this.#session(id, conduct, setup, birth);
      const { lifecycle } = session;
      try {
        lifecycle.attach(await this.#driver.open(lifecycle.openRequest()));
      } catch (error) {
        this.#failed(session, birth, error);
        throw error;
      }
      return this.#complete(session, birth, room);
    });
  }

  async fork(original: Session, options: ParsedForkOptions): Promise<Session[]> {
    this.#requireForks(original);
    const { id, count = 1, reseed, queueTimeout } = options;
    const where = "session.fork()";
    const ids = Array.from({ length: count }, () => this.#registry.reserve(where, id, `${original.id}/fork`));
    const { lifecycle } = original;
    const began = performance.now();
    const births: Birth[] = ids.map(() => ({ began, forkOf: original.id, told: false }));
    return this.#registry.starting(ids, async (room) => {
      // Where there is room, it takes its place in line at once.
      if (!room.tryTake(count)) await room.take(count, queueTimeout);
      const forks = births.map((birth, index) =>
        this.#session(ids[index] as string, lifecycle.conduct, original.setup, birth),
      );
      const requests = forks.map((fork) => ({
        ...fork.lifecycle.openRequest(),
        purpose: "live" as const,
        reseed,
      }));
      await copySession(lifecycle, requests, (workers) => {
        for (const [index, fork] of forks.entries()) {
          fork.lifecycle.lane.refs.copyFrom(lifecycle.lane.refs, fork);
          fork.lifecycle.keeper.copyFrom(lifecycle.keeper);
          fork.lifecycle.attach(workers[index] as (typeof workers)[number]);
        }
      });
      room.handOver();
      try {
        // One may have died while the others were made.
        const gone = forks.map((fork) => fork.lifecycle.closed()).find((error) => error !== undefined);
        if (gone !== undefined)
          throw new ForkRefusedError(original.id, "a copy died while others were made", gone);
        for (const [index, fork] of forks.entries()) this.#started(fork, births[index] as Birth);
        return forks;
      } catch (error) {
        for (const [index, fork] of forks.entries()) {
          const birth = births[index] as Birth;
          if (!birth.told) this.#failed(fork, birth, error);
        }
        await Promise.all(forks.map((fork) => fork.close({ timeout: 1 })));
        throw error;
      }
    });
  }

  async replicas(original: Session, count: number, signal: AbortSignal): Promise<Replicas> {
    this.#requireForks(original);
    return this.#replicas.make(original, count, signal);
  }

  /** Ends the replicas of all runs. */
  async closeReplicas(timeoutMs: number): Promise<void> {
    await this.#replicas.close(timeoutMs);
  }

  /** Who asks for a copy where there are none must not wait for room first. */
  #requireForks({ id }: Session): void {
    const { noForks } = this.#driver;
    if (noForks !== undefined) throw new ForkRefusedError(id, noForks);
  }

  /** `setup`, for a session that has its first worker. */
  async #complete(session: Session, birth: Birth, room: Room): Promise<Session> {
    const { lifecycle } = session;
    room.handOver();
    try {
      this.#registry.add(session);
      // A setup that waits for something else than its calls must not keep a session that is closed from being so.
      await Promise.race([session.setup?.(session), lifecycle.ended.then(() => nextRound())]);
      // It may be gone without `setup` having failed.
      const gone = lifecycle.closed();
      if (gone !== undefined) throw gone;
      lifecycle.keeper.begin();
      this.#started(session, birth);
      return session;
    } catch (error) {
      this.#failed(session, birth, error);
      await session.close({ timeout: 1 });
      throw error;
    }
  }

  #session(id: string, conduct: Conduct, setup: Setup | undefined, birth: Birth): Session {
    const lifecycle: Lifecycle = new Lifecycle({
      id,
      conduct,
      events: this.#events,
      noForks: this.#driver.noForks,
      processes: this.#registry.processes,
      open: (request) => this.#driver.open(request),
      setup: setup && ((lane) => this.#setUpAgain(lifecycle, setup, lane)),
      onEnd: (error) => {
        this.#registry.remove(id);
        const event = { session: id, pid: lifecycle.pid, durationMs: performance.now() - birth.began };
        if (error !== undefined) this.#events.emit("session-failure", { ...event, error });
        else if (birth.told) this.#events.emit("session-stop", event);
      },
    });
    return new Session({ lifecycle, host: this, setup });
  }

  async #setUpAgain(lifecycle: Lifecycle, setup: Setup, lane: Lane): Promise<void> {
    const session = new Session({ lifecycle, host: this, setup, lane });
    await setup(session);
    session.join();
  }

  #started(session: Session, birth: Birth): void {
    this.#registry.add(session);
    birth.told = true;
    const { id, pid } = session;
    const durationMs = performance.now() - birth.began;
    this.#events.emit("session-start", { session: id, pid, durationMs, forkOf: birth.forkOf });
    session.lifecycle.opened();
  }

  #failed(session: Session, birth: Birth, error: unknown): void {
    // One that was lost has told so itself.
    if (session.state === "lost") return;
    const durationMs = performance.now() - birth.began;
    this.#events.emit("session-failure", { session: session.id, pid: session.pid, durationMs, error });
  }
}
