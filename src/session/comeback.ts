import { SessionRolledBackError } from "../errors/session.js";
import { show } from "../options/parse.js";
import type { Emitter } from "../telemetry/emitter.js";
import type { EngineEvents } from "../telemetry/events.js";
import { bringBack, DiedInSetup, NothingLeft, type Origin } from "./recovery.js";

/** How often within so many milliseconds a session is brought back to die again although it was asked for nothing. */
const MOST_RECOVERIES = 3;
const RECOVERIES_WITHIN_MS = 10_000;

/** What a session needs to come back, and to tell of it. */
interface Returning extends Origin {
  readonly pid: number | undefined;
  readonly events: Emitter<EngineEvents>;
}

/** How a session came back. */
interface Return {
  readonly from: "checkpoint" | "setup";
  /** Why it was gone. */
  readonly reason: Error;
  readonly durationMs: number;
}

/** Brings a session back whenever its worker has died, and tells what that has cost. */
export class Comeback {
  readonly #session: Returning;
  readonly #isWanted: () => boolean;
  /** When it was brought back, since its worker was last sent something. */
  #recoveries: number[] = [];
  /** How the worker that was to take over ended. */
  #diedAgain: Error | undefined;
  /** Why it could not go back to a checkpoint that there was. */
  #notRestored: Error | undefined;
  #rolledBack: SessionRolledBackError | undefined;

  /** @param isWanted whether the session may still be brought back once more. */
  constructor(session: Returning, isWanted: () => boolean) {
    this.#session = session;
    this.#isWanted = isWanted;
  }

  /** Whether it dies again and again although it is asked for nothing. */
  get isHopeless(): boolean {
    const since = performance.now() - RECOVERIES_WITHIN_MS;
    return this.#recoveries.filter((time) => time > since).length >= MOST_RECOVERIES;
  }

  /** The worker is sent something: that may be at fault from now on, and is asked for a few times only. */
  asked(): void {
    this.#recoveries = [];
  }

  attached(): void {
    this.#diedAgain = undefined;
  }

  /** The worker that was to take over has died, too. */
  diedAgain(reason: Error): void {
    this.#diedAgain = reason;
  }

  /** Its checkpoint lives, but there can be no copy of it. */
  notRestored(error: Error): void {
    this.#notRestored = error;
  }

  /** What the next call is told of state that was lost; once. */
  takeRolledBack(): SessionRolledBackError | undefined {
    const rolledBack = this.#rolledBack;
    this.#rolledBack = undefined;
    return rolledBack;
  }

  /**
   * Gives the session a living worker in the place of one that has died; gives back how that went, to be told when the session is ready.
   *
   * @throws why the session is lost.
   */
  async bringBack(reason: Error): Promise<Return> {
    const began = performance.now();
    this.#notRestored = undefined;
    try {
      const from = await this.#untilItLives();
      return { from, reason, durationMs: performance.now() - began };
    } catch (error) {
      throw this.#inFull(error instanceof NothingLeft ? reason : asError(error));
    }
  }

  /** What the return to an earlier state has lost is told by an event, and by the next call. */
  tell({ from, reason, durationMs }: Return): void {
    const { id, pid, keeper, conduct, events } = this.#session;
    const { calls, count } = keeper.lostBy(from);
    keeper.wentBack(from);
    if (count > 0 && conduct.recovery === "report")
      this.#rolledBack = new SessionRolledBackError(id, { calls, count, from }, reason);
    const lost = { lostCalls: calls, lostCount: count, error: this.#inFull(reason) };
    events.emit("session-recovery", { session: id, pid, durationMs, from, ...lost });
  }

  /** Once more where the worker that was to take over died, too. */
  async #untilItLives(): Promise<"checkpoint" | "setup"> {
    for (;;) {
      this.#recoveries.push(performance.now());
      try {
        const from = await bringBack(this.#session);
        if (this.#diedAgain === undefined) return from;
        if (!this.#isWanted()) throw this.#diedAgain;
      } catch (error) {
        if (!(error instanceof DiedInSetup)) throw error;
        if (!this.#isWanted()) throw error.cause;
      }
    }
  }

  /** What has made a session be lost, or set up again: also what kept it from its checkpoint, of which nobody would hear else. */
  #inFull(error: Error): Error {
    const cause = this.#notRestored;
    if (cause === undefined) return error;
    const message = `${error.message}; and its checkpoint could not be copied: ${cause.message}`;
    return new AggregateError([error, cause], message, { cause });
  }
}

/** `setup` may throw anything, also nothing. */
function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(`its setup threw ${show(thrown)}`, { cause: thrown });
}
