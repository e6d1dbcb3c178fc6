import { LONGEST_TIMER_MS } from "../options/fields.js";

/** A run that uses a session. */
export interface Use {
  /** Lets it take no more records. */
  drain(): void;
  readonly done: Promise<unknown>;
}

/** Who uses a session, and since when nobody does. */
export class Usage {
  readonly #uses = new Set<Use>();
  readonly #limitMs: number | undefined;
  readonly #onLimit: () => void;
  #timer: NodeJS.Timeout | undefined;
  #draining = false;

  /** @param onLimit called when nobody has used the session for `limitMs`. */
  constructor(limitMs: number | undefined, onLimit: () => void) {
    this.#limitMs = limitMs;
    this.#onLimit = onLimit;
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** A run uses the session from now on; gives back what ends that. */
  begin(run: Use): () => void {
    if (this.#draining) run.drain();
    this.busy();
    this.#uses.add(run);
    return () => {
      this.#uses.delete(run);
    };
  }

  /** Lets runs take no more records; resolves when they have ended. */
  async drain(): Promise<void> {
    this.#draining = true;
    const uses = [...this.#uses];
    for (const use of uses) use.drain();
    await Promise.all(uses.map((use) => use.done));
  }

  /** The session has nothing to do. */
  idle(): void {
    this.busy();
    if (this.#limitMs === undefined || this.#uses.size > 0) return;
    this.#timer = setTimeout(this.#onLimit, Math.min(this.#limitMs, LONGEST_TIMER_MS)).unref();
  }

  /** The session has something to do, or is gone. */
  busy(): void {
    clearTimeout(this.#timer);
  }
}
