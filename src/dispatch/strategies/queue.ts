/** What comes in first goes out first, each in constant time: `shift` of an array moves all that is behind. */
export class Queue<Entry> {
  #entries: (Entry | undefined)[] = [];
  /** Where the first entry is; what is before it has gone. */
  #head = 0;

  get length(): number {
    return this.#entries.length - this.#head;
  }

  get first(): Entry | undefined {
    return this.#entries[this.#head];
  }

  push(entry: Entry): void {
    this.#entries.push(entry);
  }

  shift(): Entry | undefined {
    const entry = this.first;
    if (this.length > 0) this.#drop(1);
    return entry;
  }

  /** The first so many, or all when there are fewer. */
  take(count: number): Entry[] {
    const taken = this.#entries.slice(this.#head, this.#head + count) as Entry[];
    this.#drop(taken.length);
    return taken;
  }

  #drop(count: number): void {
    // What has gone must not be kept alive from here.
    this.#entries.fill(undefined, this.#head, this.#head + count);
    this.#head += count;
    // Moved only when at least as many have gone as are moved.
    if (this.#head < this.length) return;
    this.#entries = this.#entries.slice(this.#head);
    this.#head = 0;
  }
}
