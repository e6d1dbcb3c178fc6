import { StoreError } from "../errors/store.js";
import type { KeyPart, TableChange, TableKey, WatchOptions } from "../store.js";
import { canonical } from "./keys.js";

/** So many changes may wait for a watcher. */
const MOST_WAITING = 10_000;

type Change = TableChange<TableKey, unknown>;

/** Who watches a table. */
export class Watchers {
  readonly #store: string;
  readonly #table: string;
  readonly #watchers = new Set<Watcher>();
  #isClosed = false;

  constructor(store: string, table: string) {
    this.#store = store;
    this.#table = table;
  }

  /** Whether there is nobody: then a change need not be made up. */
  get isEmpty(): boolean {
    return this.#watchers.size === 0;
  }

  watch({ key, signal }: WatchOptions<TableKey>): AsyncIterableIterator<Change> {
    const found = key === undefined ? undefined : canonical(key);
    const watcher = new Watcher(found, signal, {
      leave: () => this.#watchers.delete(watcher),
      behind: () =>
        new StoreError(
          this.#store,
          "behind",
          `expected the watcher of table ${this.#table} to be behind by at most ${MOST_WAITING.toLocaleString("en")} changes, got one more; read the table and watch it anew`,
        ),
    });
    if (this.#isClosed || signal?.aborted === true) watcher.end();
    else this.#watchers.add(watcher);
    return watcher;
  }

  tell(change: Change, found: KeyPart | undefined): void {
    for (const watcher of this.#watchers) watcher.tell(change, found);
  }

  /** Ends all, when they have seen what waits for them. */
  close(): void {
    this.#isClosed = true;
    for (const watcher of this.#watchers) watcher.finish();
  }
}

interface Surroundings {
  leave(): void;
  behind(): StoreError;
}

/** As a Map compares. */
function isSame(a: KeyPart, b: KeyPart): boolean {
  return a === b || (Number.isNaN(a) && Number.isNaN(b));
}

/** One watcher: what waits for it, or, the other way round, its calls that wait. */
class Watcher implements AsyncIterableIterator<Change> {
  readonly #found: KeyPart | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #surroundings: Surroundings;
  #changes: Change[] = [];
  #read = 0;
  #waiting: ((result: IteratorResult<Change>) => void)[] = [];
  #isEnded = false;
  #error: StoreError | undefined;
  readonly #onAbort = (): void => this.end();

  constructor(found: KeyPart | undefined, signal: AbortSignal | undefined, surroundings: Surroundings) {
    this.#found = found;
    this.#signal = signal;
    this.#surroundings = surroundings;
    signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  tell(change: Change, found: KeyPart | undefined): void {
    if (this.#found !== undefined && found !== undefined && !isSame(this.#found, found)) return;
    const resolve = this.#waiting.shift();
    if (resolve !== undefined) {
      resolve({ done: false, value: change });
      return;
    }
    this.#changes.push(change);
    if (this.#changes.length - this.#read <= MOST_WAITING) return;
    this.end();
    this.#error = this.#surroundings.behind();
  }

  async next(): Promise<IteratorResult<Change>> {
    if (this.#read < this.#changes.length) return { done: false, value: this.#take() };
    const error = this.#error;
    this.#error = undefined;
    if (error !== undefined) throw error;
    if (this.#isEnded) return { done: true, value: undefined };
    return await new Promise((resolve) => this.#waiting.push(resolve));
  }

  #take(): Change {
    const change = this.#changes[this.#read] as Change;
    this.#read += 1;
    // What was read goes now and then, not each time: that would move the rest.
    if (this.#read === this.#changes.length || this.#read === MOST_WAITING) {
      this.#changes = this.#changes.slice(this.#read);
      this.#read = 0;
    }
    return change;
  }

  async return(): Promise<IteratorResult<Change>> {
    this.end();
    return { done: true, value: undefined };
  }

  /** Ends it now. */
  end(): void {
    this.#changes = [];
    this.#read = 0;
    this.finish();
  }

  /** Ends it after what waits. */
  finish(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#surroundings.leave();
    this.#signal?.removeEventListener("abort", this.#onAbort);
    for (const resolve of this.#waiting) resolve({ done: true, value: undefined });
    this.#waiting = [];
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
