import type { Clock } from "../../clock.js";
import type { Connection } from "./connection.js";
import { DELETE, PUT, SWAP } from "./scripts.js";
import { type EntryPlace, readStored, type Stored } from "./stored.js";

/** An entry, and how old it is. */
export interface Found extends Stored {
  /**
   * When it was written, on the clock of this process. Its age is that by the server's clock, and the time since the server was asked, the way there and back among it: it is taken to be
   * older than it is, never younger.
   */
  readonly bornAt: number;
}

/** How many keys the server is asked to look at in one step of a scan. */
const SCAN_COUNT = "1000";

/** The entries of one table on the server: each is a key of its own, so that the server itself takes those away whose time is over. */
export class RemoteEntries {
  readonly #connection: Connection;
  readonly #table: string;
  readonly #prefix: string;
  readonly #ttl: number | undefined;
  readonly #clock: Clock;

  /** @param ttl in milliseconds. */
  constructor(connection: Connection, table: string, ttl: number | undefined, clock: Clock) {
    this.#connection = connection;
    this.#table = table;
    this.#prefix = `slither:${encodeURIComponent(connection.store)}:${encodeURIComponent(table)}:`;
    this.#ttl = ttl;
    this.#clock = clock;
  }

  /** One trip for all of them. */
  async read(keys: readonly Buffer[]): Promise<(Found | undefined)[]> {
    if (keys.length === 0) return [];
    const askedAt = this.#clock.now();
    // The time is asked for after the values, so that none is younger than 0.
    const [values, now] = await Promise.all([
      this.#connection.send("read", ["MGET", ...keys.map((key) => this.#nameOf(key))]),
      this.#connection.send("read", ["TIME"]),
    ]);
    const nowMs = millisecondsOf(now as readonly [Buffer, Buffer]);
    return (values as (Buffer | null)[]).map((bytes, index) => {
      if (bytes === null) return undefined;
      const stored = readStored(this.placeOf(keys[index] as Buffer), bytes);
      // A server that took over from another may be behind it.
      return { ...stored, bornAt: askedAt - Math.max(0, nowMs - stored.writtenAt) };
    });
  }

  placeOf(key: Buffer): EntryPlace {
    return { store: this.#connection.store, table: this.#table, key };
  }

  /** Whether it is not expired. */
  isFresh({ bornAt }: { readonly bornAt: number }): boolean {
    return this.#ttl === undefined || this.#clock.now() - bornAt < this.#ttl;
  }

  async put(entries: readonly { key: Buffer; value: Buffer }[]): Promise<void> {
    const keys = entries.map(({ key }) => this.#nameOf(key));
    await this.#run(PUT, keys, [this.#keepMs, ...entries.map(({ value }) => value)]);
  }

  /** Sets a value where the server has these bytes; undefined: where it has nothing. Gives back whether it did. */
  async swap(key: Buffer, present: Buffer | undefined, value: Buffer): Promise<boolean> {
    const expected = present === undefined ? [] : [present];
    return (await this.#run(SWAP, [this.#nameOf(key)], [this.#keepMs, value, ...expected])) === 1;
  }

  async delete(key: Buffer): Promise<boolean> {
    return (await this.#run(DELETE, [this.#nameOf(key)], [String(Math.ceil(this.#ttl ?? 0))])) === 1;
  }

  /** The keys of the table, in parts; each once. */
  async *keys(): AsyncGenerator<Buffer[]> {
    // A star is the one character that means something in a pattern and is not written in another way.
    const pattern = `${this.#prefix.replaceAll("*", "\\*")}*`;
    // The server may give a key twice.
    const seen = new Set<string>();
    let cursor = "0";
    do {
      const command = ["SCAN", cursor, "MATCH", pattern, "COUNT", SCAN_COUNT];
      const reply = await this.#connection.send("read", command);
      const [next, names] = reply as [Buffer, Buffer[]];
      cursor = next.toString();
      const fresh = names.filter((name) => isNew(seen, name.toString("latin1")));
      if (fresh.length > 0) yield fresh.map((name) => name.subarray(this.#prefix.length));
    } while (cursor !== "0");
  }

  /** How long the server keeps an entry, for those who take expired ones; 0: for ever. */
  get #keepMs(): string {
    return this.#ttl === undefined ? "0" : String(Math.ceil(2 * this.#ttl));
  }

  #nameOf(key: Buffer): Buffer {
    return Buffer.concat([Buffer.from(this.#prefix), key]);
  }

  #run(script: string, keys: readonly Buffer[], values: readonly (string | Buffer)[]): Promise<unknown> {
    return this.#connection.send("write", ["EVAL", script, String(keys.length), ...keys, ...values]);
  }
}

function millisecondsOf([seconds, microseconds]: readonly [Buffer, Buffer]): number {
  return Number(seconds) * 1_000 + Number(microseconds) / 1_000;
}

function isNew(seen: Set<string>, name: string): boolean {
  return seen.size !== seen.add(name).size;
}
