/** How many names are kept; of what came before only the number is. */
const KEPT_CALLS = 1_000;

/** The calls that changed a session's state since a certain moment: what would be lost by going back to it. */
export class CallLog {
  #calls: string[] = [];
  #count = 0;

  /** The names, oldest first; the last 1,000 where there were more. */
  get calls(): readonly string[] {
    return [...this.#calls];
  }

  get count(): number {
    return this.#count;
  }

  add(target: string): void {
    this.#count += 1;
    this.#calls.push(target);
    if (this.#calls.length > KEPT_CALLS) this.#calls.shift();
  }

  clear(): void {
    this.#calls = [];
    this.#count = 0;
  }

  /** These calls, and then those of `later`. */
  followedBy(later: CallLog): CallLog {
    const all = new CallLog();
    all.#calls = [...this.#calls, ...later.#calls].slice(-KEPT_CALLS);
    all.#count = this.#count + later.#count;
    return all;
  }

  copy(): CallLog {
    return this.followedBy(new CallLog());
  }
}
