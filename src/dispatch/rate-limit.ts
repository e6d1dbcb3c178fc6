import { Queue } from "./strategies/queue.js";

export interface RateLimitOptions<Record> {
  /** How many records may be sent in any stretch of time of that length; for each key by itself, where there is one. */
  readonly limit: number;
  readonly intervalMs: number;
  readonly keyOf?: ((record: Record) => unknown) | undefined;
}

/** The permits of one key. */
export interface Permits {
  readonly key: unknown;
  /** Records that have a permit and are not yet to be sent. */
  unsent: number;
  /** Records that are to be sent, as soon as they may be. */
  departing: number;
  /** Records that were sent less than an interval ago. */
  recent: number;
  /** Who waits for a permit, in order. */
  readonly waiting: Queue<() => void>;
  isStuck: boolean;
}

/** Records that are sent together, or not yet: how many there are of each key. */
interface Departure {
  readonly counts: ReadonlyMap<Permits, number>;
  go(): void;
}

/**
 * A sliding window: a permit is taken before a record is sent, and comes back one interval after it was. So no stretch of that length ever sees more
 * than `limit` records, however late a batch is sent for which they wait; a bucket that fills up by itself would let through twice as many.
 *
 * What is sent again has no permit to begin with, and goes before those who have one: they may wait for this very batch to be completed.
 */
export class RateLimit<Record> {
  readonly #options: RateLimitOptions<Record>;
  readonly #byKey = new Map<unknown, Permits>();
  /** What was sent less than an interval ago, oldest first. */
  readonly #sent = new Queue<{ readonly at: number; readonly permits: Permits; readonly count: number }>();
  /** What is to be sent and may not be yet, in order. */
  #departures: Departure[] = [];
  /** Where a permit may be free for those who wait. */
  readonly #freed = new Set<Permits>();
  #waiting = 0;
  #stuck = 0;

  constructor(options: RateLimitOptions<Record>) {
    this.#options = options;
  }

  /** Whether a record that comes now would have to wait, whatever its key. */
  get isClosed(): boolean {
    return this.#options.keyOf === undefined && this.#waiting > 0;
  }

  /** Whether some wait for permits that others have who are not sent: these must not wait for company. */
  get isStuck(): boolean {
    return this.#stuck > 0;
  }

  /** How many wait for a permit. */
  get waiting(): number {
    return this.#waiting;
  }

  /** For how many keys something is kept. */
  get keys(): number {
    return this.#byKey.size;
  }

  /** When the next permit comes back; undefined while nobody waits for one, or none is on its way. */
  get dueAt(): number | undefined {
    const oldest = this.#sent.first;
    const isAwaited = this.#waiting > 0 || this.#departures.length > 0;
    return isAwaited && oldest !== undefined ? oldest.at + this.#options.intervalMs : undefined;
  }

  /** Gets a permit for a record: calls `go` as soon as it has one, which may be at once. @throws what the key function throws. */
  ask(record: Record, go: (permits: Permits) => void): void {
    const permits = this.#permitsOf(this.#options.keyOf?.(record));
    permits.waiting.push(() => go(permits));
    this.#waiting += 1;
    this.#pass(permits);
  }

  /** A record that has a permit is not going to be sent. It is not given on before `renew`. */
  giveBack(permits: Permits): void {
    permits.unsent -= 1;
    this.#freed.add(permits);
    this.#noteStuck(permits);
  }

  /** Records are sent that have these permits: now, or, where there is a promise, when it resolves. */
  send(permits: readonly Permits[], now: number): Promise<void> | undefined {
    for (const each of permits) {
      each.unsent -= 1;
      this.#noteStuck(each);
    }
    return this.#depart(permits, now);
  }

  /** Records are sent once more that had these permits before, and count once more: now, or when the promise resolves. */
  sendAgain(permits: readonly Permits[], now: number): Promise<void> | undefined {
    return this.#depart(
      permits.map(({ key }) => this.#permitsOf(key)),
      now,
    );
  }

  /** Gives permits that have come back to those who wait for them. */
  renew(now: number): void {
    for (let oldest = this.#sent.first; oldest !== undefined; oldest = this.#sent.first) {
      if (oldest.at + this.#options.intervalMs > now) break;
      this.#sent.shift();
      oldest.permits.recent -= oldest.count;
      this.#freed.add(oldest.permits);
    }
    this.#leave(now);
    for (const permits of this.#freed) {
      this.#freed.delete(permits);
      this.#pass(permits);
      const { unsent, departing, recent, waiting } = permits;
      if (unsent + departing + recent + waiting.length === 0) this.#byKey.delete(permits.key);
    }
  }

  #depart(permits: readonly Permits[], now: number): Promise<void> | undefined {
    const counts = new Map<Permits, number>();
    for (const each of permits) {
      each.departing += 1;
      counts.set(each, (counts.get(each) ?? 0) + 1);
    }
    let hasLeft = false;
    const departed = new Promise<void>((resolve) => {
      const go = (): void => {
        hasLeft = true;
        resolve();
      };
      this.#departures.push({ counts, go });
    });
    this.#leave(now);
    return hasLeft ? undefined : departed;
  }

  /** Nobody overtakes who waits for the same key. */
  #leave(now: number): void {
    if (this.#departures.length === 0) return;
    const awaited = new Set<Permits>();
    this.#departures = this.#departures.filter(({ counts, go }) => {
      const mayGo = [...counts].every(
        ([permits, count]) => !awaited.has(permits) && permits.recent + count <= this.#options.limit,
      );
      for (const [permits, count] of counts) {
        if (!mayGo) awaited.add(permits);
        else {
          permits.departing -= count;
          permits.recent += count;
          this.#sent.push({ at: now, permits, count });
        }
      }
      if (mayGo) go();
      return !mayGo;
    });
  }

  #pass(permits: Permits): void {
    while (permits.unsent + permits.departing + permits.recent < this.#options.limit) {
      const next = permits.waiting.shift();
      if (next === undefined) break;
      this.#waiting -= 1;
      permits.unsent += 1;
      next();
    }
    this.#noteStuck(permits);
  }

  #noteStuck(permits: Permits): void {
    const isStuck = permits.waiting.length > 0 && permits.unsent === this.#options.limit;
    if (isStuck === permits.isStuck) return;
    permits.isStuck = isStuck;
    this.#stuck += isStuck ? 1 : -1;
  }

  #permitsOf(key: unknown): Permits {
    let permits = this.#byKey.get(key);
    if (permits === undefined) {
      permits = { key, unsent: 0, departing: 0, recent: 0, waiting: new Queue(), isStuck: false };
      this.#byKey.set(key, permits);
    }
    return permits;
  }
}
