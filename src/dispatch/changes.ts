/** What one loop waits for, whatever of several things it is: a change that comes while the loop does not wait is not missed. */
export class Changes {
  #happened = false;
  #tell: (() => void) | undefined;

  note(): void {
    this.#happened = true;
    this.#tell?.();
  }

  /** Resolves at the first change since it last did. For one who waits at a time. */
  async next(): Promise<void> {
    if (!this.#happened) {
      await new Promise<void>((resolve) => {
        this.#tell = resolve;
      });
    }
    this.#tell = undefined;
    this.#happened = false;
  }
}
