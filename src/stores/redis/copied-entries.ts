import type { Clock } from "../../clock.js";
import { Copies, type Copy } from "./copies.js";
import type { RemoteEntries } from "./entries.js";
import type { RemoteTableRules } from "./options.js";

/** Reads entries from the copies of this process, where it has any, and else from the server; lets writes go through the copies. */
export class CopiedEntries {
  readonly #entries: RemoteEntries;
  readonly #clock: Clock;
  readonly #copies: Copies | undefined;

  constructor(entries: RemoteEntries, cache: RemoteTableRules["cache"], clock: Clock) {
    this.#entries = entries;
    this.#clock = clock;
    this.#copies = cache && new Copies(cache, clock);
  }

  /** Those of which there is no copy in one trip. */
  async read(keys: readonly Buffer[]): Promise<Copy[]> {
    const copies = keys.map((key) => this.#copies?.get(nameOf(key)));
    const missing = keys.filter((_, index) => copies[index] === undefined);
    const read = (await this.#readFrom(missing)).values();
    return copies.map((copy) => copy ?? (read.next().value as Copy));
  }

  /**
   * Does a write of these values, by the names of their keys; undefined: what is there then is not known.
   *
   * @param action gives back whether they were written.
   */
  async write(
    values: ReadonlyMap<string, Buffer | undefined>,
    action: () => Promise<boolean>,
  ): Promise<boolean> {
    for (const name of values.keys()) this.#copies?.beginWrite(name);
    let isDone = false;
    try {
      isDone = await action();
      return isDone;
    } finally {
      for (const [name, value] of values) this.#copies?.endWrite(name, isDone ? value : undefined);
    }
  }

  async #readFrom(keys: readonly Buffer[]): Promise<Copy[]> {
    const tickets = keys.map((key) => this.#copies?.beginRead(nameOf(key)));
    const readAt = this.#clock.now();
    let read: Copy[] = [];
    try {
      const found = await this.#entries.read(keys);
      read = found.map((entry) => ({ value: entry?.value, bornAt: entry?.bornAt ?? readAt, readAt }));
      return read;
    } finally {
      for (const [index, ticket] of tickets.entries()) {
        if (ticket !== undefined) this.#copies?.endRead(nameOf(keys[index] as Buffer), ticket, read[index]);
      }
    }
  }
}

/** What a key is found by in a Map. */
export function nameOf(key: Buffer): string {
  return key.toString("latin1");
}
