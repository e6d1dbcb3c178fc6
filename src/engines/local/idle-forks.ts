import type { Fork } from "../../worker/fork.js";
import type { Forkserver } from "../../worker/forkserver.js";

/** After so many forks in a row that failed or died while they were idle, no more are made until a session was opened. */
const FAILURES = 3;

/** Forks of one forkserver that have connected already and wait for a session. */
export class IdleForks {
  readonly #forkserver: Forkserver;
  readonly #wanted: number;
  readonly #ready = new Set<Fork>();
  /** Those that are being made, oldest first. */
  readonly #coming = new Set<Promise<Fork | undefined>>();
  #failures = 0;
  #closed = false;

  constructor(forkserver: Forkserver, wanted: number) {
    this.#forkserver = forkserver;
    this.#wanted = wanted;
  }

  /** A fork that is there, or will be before one that is asked for now; undefined when there is none, or it does not come. */
  async take(): Promise<Fork | undefined> {
    const [ready] = this.#ready;
    if (ready !== undefined) {
      this.#ready.delete(ready);
      return ready;
    }
    const [coming] = this.#coming;
    if (coming === undefined) return undefined;
    this.#coming.delete(coming);
    return coming;
  }

  /** A session was opened: forks work. */
  refill(): void {
    this.#failures = 0;
    this.fill();
  }

  /** Makes as many as are missing. */
  fill(): void {
    while (this.#ready.size + this.#coming.size < this.#wanted && this.#mayFork) this.#add();
  }

  /** Ends those that are there or coming. Resolves when they are gone. */
  async close(): Promise<void> {
    this.#closed = true;
    const all = [...this.#ready, ...this.#coming];
    this.#ready.clear();
    await Promise.all(all.map(async (fork) => (await fork)?.discard()));
  }

  get #mayFork(): boolean {
    return !this.#closed && !this.#forkserver.dead && this.#failures < FAILURES;
  }

  #add(): void {
    const coming = this.#forkserver.fork({ idle: true }).catch(() => {
      this.#failures += 1;
      return undefined;
    });
    this.#coming.add(coming);
    void coming.then((fork) => {
      // Somebody may have taken it meanwhile.
      if (this.#coming.delete(coming) && fork !== undefined) this.#keep(fork);
    });
  }

  #keep(fork: Fork): void {
    this.#ready.add(fork);
    void fork.gone.then(() => {
      if (!this.#ready.delete(fork)) return;
      this.#failures += 1;
      void fork.discard();
      this.fill();
    });
  }
}
