/** Takes chunks from upstream, one at a time and only when asked. */
export class Intake<Record> {
  readonly #upstream: AsyncIterator<readonly Record[]>;
  #taking: Promise<void> | undefined;
  #hasEnded = false;
  #failure: { error: unknown } | undefined;

  constructor(upstream: AsyncIterable<readonly Record[]>) {
    this.#upstream = upstream[Symbol.asyncIterator]();
  }

  /** Whether a chunk is on its way. */
  get isTaking(): boolean {
    return this.#taking !== undefined;
  }

  /** Whether nothing more will come. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** How the input ended early; what came before it counts. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure;
  }

  /** Asks for a chunk. `onTaken` is called when it is there, with nothing at the end. Not to be called while one is on its way, or after the end. */
  take(onTaken: (chunk: readonly Record[]) => void): void {
    this.#taking = this.#next().then((chunk) => {
      this.#taking = undefined;
      onTaken(chunk);
    });
  }

  /** Takes nothing more. What is on its way is waited for: it has left the stage before, and must be counted here. */
  async close(): Promise<void> {
    await this.#taking;
    if (!this.#hasEnded) await this.#upstream.return?.();
    this.#hasEnded = true;
  }

  async #next(): Promise<readonly Record[]> {
    try {
      const chunk = await this.#upstream.next();
      if (!chunk.done) return chunk.value;
    } catch (error) {
      this.#failure = { error };
    }
    this.#hasEnded = true;
    return [];
  }
}
