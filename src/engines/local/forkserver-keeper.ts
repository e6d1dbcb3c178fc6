import type { Forkserver } from "../../worker/forkserver.js";
import { IdleForks } from "./idle-forks.js";
import { describeForkserverDeath, warnOfForkserverDeath } from "./warnings.js";

/** So many deaths within that time are no accident any more: what is imported kills the process. */
const DEATHS = 3;
const DEATHS_WITHIN_MS = 10_000;

/** A forkserver with the forks that wait for sessions. */
export interface Warm {
  readonly forkserver: Forkserver;
  readonly idle: IdleForks;
}

/** Has one forkserver at a time, and starts another when one is needed after its death. */
export class ForkserverKeeper {
  readonly #start: () => Promise<Forkserver>;
  readonly #minIdle: number;
  readonly #deaths: number[] = [];
  #lastDeath = "";
  #current: Promise<Warm> | undefined;
  #closed = false;

  constructor(start: () => Promise<Forkserver>, minIdle: number) {
    this.#start = start;
    this.#minIdle = minIdle;
  }

  /** The forkserver. Rejects with what `start` rejects with, and with an Error when it has died too often, or is closed. */
  get current(): Promise<Warm> {
    // One that was closed is dead for ever: who tries again until it is alive would never stop.
    if (this.#closed) return Promise.reject(new Error("the forkserver was closed"));
    this.#current ??= this.#begin();
    return this.#current;
  }

  /** Ends the forkserver and the idle forks. Resolves when they are gone. */
  async close(): Promise<void> {
    this.#closed = true;
    const warm = await this.#current?.catch(() => undefined);
    // At the same time: of a forkserver that is silent, each would wait for itself.
    await Promise.all([warm?.idle.close(), warm?.forkserver.close()]);
  }

  async #begin(): Promise<Warm> {
    const recently = performance.now() - DEATHS_WITHIN_MS;
    while (this.#deaths[0] !== undefined && this.#deaths[0] < recently) this.#deaths.shift();
    try {
      if (this.#deaths.length >= DEATHS) {
        const seconds = DEATHS_WITHIN_MS / 1000;
        throw new Error(
          `the forkserver died ${DEATHS} times within ${seconds} s; at last, ${this.#lastDeath}`,
        );
      }
      const forkserver = await this.#start();
      const idle = new IdleForks(forkserver, this.#minIdle);
      void forkserver.ended.then((death) => {
        if (this.#closed) return;
        this.#current = undefined;
        this.#lastDeath = describeForkserverDeath(death);
        this.#deaths.push(performance.now());
        warnOfForkserverDeath(death);
      });
      if (forkserver.unsafe === undefined) idle.fill();
      return { forkserver, idle };
    } catch (error) {
      // Whoever comes next may find it better.
      this.#current = undefined;
      throw error;
    }
  }
}
