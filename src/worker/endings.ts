import type { Ending } from "./ending.js";

/** How many ends are remembered of processes that nobody asks for: those that died before they had connected, and what they had started. */
const REMEMBERED = 4096;

/**
 * How the processes of a forkserver end, as it tells. The end may be told before anybody asks for it, and the system gives a process id again: an end
 * is that of a process only if it was told after the process was asked for.
 */
export class Endings {
  readonly #claims = new Map<number, ((ending: Ending | undefined) => void)[]>();
  readonly #unclaimed = new Map<number, { readonly order: number; readonly ending: Ending }>();
  #told = 0;
  #over = false;

  /** The moment to name in `of` for a process that is asked for now. */
  get now(): number {
    return this.#told;
  }

  /** Resolves with the end of a process that was asked for at `since`; with undefined when there is nobody any more to tell. */
  of(pid: number, since: number): Promise<Ending | undefined> {
    const early = this.#unclaimed.get(pid);
    if (early !== undefined && early.order >= since) {
      this.#unclaimed.delete(pid);
      return Promise.resolve(early.ending);
    }
    if (this.#over) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const claims = this.#claims.get(pid);
      if (claims === undefined) this.#claims.set(pid, [resolve]);
      else claims.push(resolve);
    });
  }

  tell(pid: number, ending: Ending): void {
    const order = this.#told++;
    const claims = this.#claims.get(pid);
    if (claims === undefined) {
      // In the order in which they were told, so that the oldest is forgotten first.
      this.#unclaimed.delete(pid);
      this.#unclaimed.set(pid, { order, ending });
      const [oldest] = this.#unclaimed.keys();
      if (this.#unclaimed.size > REMEMBERED) this.#unclaimed.delete(oldest as number);
      return;
    }
    claims.shift()?.(ending);
    if (claims.length === 0) this.#claims.delete(pid);
  }

  /** There is nobody any more to tell. */
  close(): void {
    this.#over = true;
    for (const claims of this.#claims.values()) for (const claim of claims) claim(undefined);
    this.#claims.clear();
  }
}
