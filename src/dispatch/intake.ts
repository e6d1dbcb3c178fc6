import type { BatchStrategy } from "./strategy.js";

/** Pulls chunks from upstream, as they are needed, and cuts them into batches. */
export class Intake<Record> {
  readonly #upstream: AsyncIterator<readonly Record[]>;
  readonly #strategy: BatchStrategy<Record>;
  #ready: Record[][] = [];
  #pull: Promise<void> | undefined;
  #ended = false;
  #failure: { error: unknown } | undefined;

  constructor(upstream: AsyncIterable<readonly Record[]>, strategy: BatchStrategy<Record>) {
    this.#upstream = upstream[Symbol.asyncIterator]();
    this.#strategy = strategy;
  }

  /** How the input ended early; what came before it is still given out. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure;
  }

  /** Records that were taken and are in no batch that was given out, in order. */
  get held(): Record[] {
    return [...this.#ready.flat(), ...this.#strategy.held];
  }

  /** The next batch; undefined when there will be no more. Never rejects: see `failure`. */
  async next(): Promise<Record[] | undefined> {
    while (this.#ready.length === 0 && !this.#ended) await this.#pullOnce();
    return this.#ready.shift();
  }

  /** Puts back a batch that nobody will send any more, so that it is counted. */
  putBack(batch: Record[]): void {
    this.#ready.unshift(batch);
  }

  /** Takes nothing more. A pull that is under way is waited for: what it brings has left the stage before and must be counted here. */
  async close(): Promise<void> {
    await this.#pull;
    if (!this.#ended) await this.#upstream.return?.();
    this.#ended = true;
  }

  async #pullOnce(): Promise<void> {
    this.#pull ??= this.#takeChunk().finally(() => {
      this.#pull = undefined;
    });
    await this.#pull;
  }

  async #takeChunk(): Promise<void> {
    let chunk: IteratorResult<readonly Record[]>;
    try {
      chunk = await this.#upstream.next();
    } catch (error) {
      this.#failure = { error };
      this.#finish();
      return;
    }
    if (chunk.done) {
      this.#finish();
      return;
    }
    for (const record of chunk.value) {
      const batch = this.#strategy.add(record);
      if (batch !== undefined) this.#ready.push(batch);
    }
  }

  #finish(): void {
    this.#ended = true;
    const rest = this.#strategy.flush();
    if (rest !== undefined) this.#ready.push(rest);
  }
}
