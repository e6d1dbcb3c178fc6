import { isDeepStrictEqual } from "node:util";
import type { Clock } from "../../clock.js";
import { OptionsError } from "../../errors/options.js";
import type { Aged, AllowExpired, RemoteTable, TableKey } from "../../store.js";
import { requireAllowExpired } from "../allow-expired.js";
import { asPromise, Exclusive } from "../exclusive.js";
import { packKey } from "../kept/key.js";
import { packValue } from "../kept/pack.js";
import { canonical } from "../keys.js";
import { keepTime } from "../table-time.js";
import type { Connection } from "./connection.js";
import { CopiedEntries, nameOf } from "./copied-entries.js";
import type { Copy } from "./copies.js";
import { RemoteEntries } from "./entries.js";
import type { RemoteTableRules } from "./options.js";
import { readKey, readValue } from "./stored.js";
import { Turns } from "./turns.js";

/** The server takes at most 1,048,576 words in one command. */
const MOST_ENTRIES = 500_000;

/** A table on a server. */
export class RedisTable<Key extends TableKey, Value> implements RemoteTable<Key, Value> {
  readonly #entries: RemoteEntries;
  readonly #ttl: number;
  readonly #clock: Clock;
  readonly #copied: CopiedEntries;
  readonly #turns = new Turns();
  /** Held by the function of an update. */
  readonly #exclusive = new Exclusive();

  constructor(connection: Connection, name: string, { ttl, cache }: RemoteTableRules, clock: Clock) {
    this.#entries = new RemoteEntries(connection, name, ttl, clock);
    this.#clock = clock;
    this.#ttl = ttl ?? Number.POSITIVE_INFINITY;
    this.#copied = new CopiedEntries(this.#entries, cache, clock);
    keepTime(this, { now: () => clock.now(), ttlMs: this.#ttl });
  }

  get(key: Key): Promise<Value | undefined>;
  get(key: Key, options: AllowExpired): Promise<Aged<Value> | undefined>;
  async get(key: Key, options?: AllowExpired): Promise<Value | Aged<Value> | undefined> {
    const [given] = await this.#read("get()", [key], options);
    return given;
  }

  getMany(keys: readonly Key[]): Promise<(Value | undefined)[]>;
  getMany(keys: readonly Key[], options: AllowExpired): Promise<(Aged<Value> | undefined)[]>;
  async getMany(keys: readonly Key[], options?: AllowExpired): Promise<(Value | Aged<Value> | undefined)[]> {
    return this.#read("getMany()", keys, options);
  }

  async #read(
    call: string,
    keys: readonly Key[],
    options: AllowExpired | undefined,
  ): Promise<(Value | Aged<Value> | undefined)[]> {
    if (options !== undefined) requireAllowExpired(call, options);
    const bytes = keys.map(bytesOf);
    const copies = await this.#copied.read(bytes);
    return copies.map((copy, index) => {
      const key = bytes[index] as Buffer;
      return options === undefined ? this.#fresh(key, copy) : this.#aged(key, copy);
    });
  }

  async has(key: Key): Promise<boolean> {
    const [copy] = (await this.#copied.read([bytesOf(key)])) as [Copy];
    return copy.value !== undefined && this.#entries.isFresh(copy);
  }

  async size(): Promise<number> {
    let size = 0;
    for await (const keys of this.#entries.keys()) {
      if (this.#ttl === Number.POSITIVE_INFINITY) size += keys.length;
      else size += (await this.#entries.read(keys)).filter((entry) => this.#isThere(entry)).length;
    }
    return size;
  }

  async *scan(): AsyncIterableIterator<[Key, Value]> {
    for await (const keys of this.#entries.keys()) {
      for (const [index, entry] of (await this.#entries.read(keys)).entries()) {
        if (!this.#isThere(entry)) continue;
        const place = this.#entries.placeOf(keys[index] as Buffer);
        yield [readKey(place) as Key, readValue(place, entry.value) as Value];
      }
    }
  }

  put(key: Key, value: Value): Promise<void> {
    return this.putMany([[key, value]]);
  }

  putMany(entries: Iterable<readonly [Key, Value]>): Promise<void> {
    return asPromise(this.#exclusive, () => this.#putMany(entries));
  }

  async #putMany(entries: Iterable<readonly [Key, Value]>): Promise<void> {
    const packed = Array.from(entries, ([key, value]) => ({ key: bytesOf(key), value: packValue(value) }));
    if (packed.length > MOST_ENTRIES) throw tooMany(packed.length);
    if (packed.length === 0) return;
    // Of several values for one key the last counts, here as on the server.
    const last = new Map(packed.map(({ key, value }) => [nameOf(key), value]));
    await this.#copied.write(last, async () => {
      await this.#entries.put(packed);
      return true;
    });
  }

  update(key: Key, change: (present: Value | undefined) => Value): Promise<Value> {
    return asPromise(this.#exclusive, () => {
      const bytes = bytesOf(key);
      // Updates of this process take turns: they would only undo each other's work.
      return this.#turns.take(nameOf(bytes), () => this.#update(bytes, change));
    });
  }

  async #update(bytes: Buffer, change: (present: Value | undefined) => Value): Promise<Value> {
    for (;;) {
      const { present, value } = await this.#present(bytes);
      const changed = this.#exclusive.run("update()", "return the new value", () => change(value));
      if (await this.#swap(bytes, present, changed)) return changed;
    }
  }

  compareAndSet(key: Key, expected: Value | undefined, value: Value): Promise<boolean> {
    return asPromise(this.#exclusive, async () => {
      const bytes = bytesOf(key);
      for (;;) {
        const found = await this.#present(bytes);
        if (!isDeepStrictEqual(found.value, expected)) return false;
        // Where it was written meanwhile, it is compared anew.
        if (await this.#swap(bytes, found.present, value)) return true;
      }
    });
  }

  delete(key: Key): Promise<boolean> {
    return asPromise(this.#exclusive, () => {
      const bytes = bytesOf(key);
      return this.#copied.write(new Map([[nameOf(bytes), undefined]]), () => this.#entries.delete(bytes));
    });
  }

  /** What the server has: its bytes, and the value where it is not expired. */
  async #present(key: Buffer): Promise<{ present: Buffer | undefined; value: Value | undefined }> {
    const [found] = await this.#entries.read([key]);
    if (found === undefined) return { present: undefined, value: undefined };
    return {
      present: found.bytes,
      value: this.#isThere(found) ? (readValue(this.#entries.placeOf(key), found.value) as Value) : undefined,
    };
  }

  async #swap(key: Buffer, present: Buffer | undefined, value: Value): Promise<boolean> {
    const packed = packValue(value);
    return this.#copied.write(new Map([[nameOf(key), packed]]), () =>
      this.#entries.swap(key, present, packed),
    );
  }

  #isThere<Each extends { readonly bornAt: number }>(entry: Each | undefined): entry is Each {
    return entry !== undefined && this.#entries.isFresh(entry);
  }

  /** @throws StoreError for bytes that are no value. */
  #fresh(key: Buffer, copy: Copy): Value | undefined {
    const { value } = copy;
    if (value === undefined || !this.#entries.isFresh(copy)) return undefined;
    return readValue(this.#entries.placeOf(key), value) as Value;
  }

  /** @throws StoreError for bytes that are no value. */
  #aged(key: Buffer, { value, bornAt }: Copy): Aged<Value> | undefined {
    const ageMs = this.#clock.now() - bornAt;
    // A copy may outlive what the server has taken away.
    if (value === undefined || ageMs >= 2 * this.#ttl) return undefined;
    const read = readValue(this.#entries.placeOf(key), value) as Value;
    return { value: read, ageMs, isExpired: ageMs >= this.#ttl };
  }
}

/** @throws OptionsError for what is no key. */
function bytesOf(key: TableKey): Buffer {
  canonical(key);
  return packKey(key);
}

function tooMany(count: number): OptionsError {
  return new OptionsError("table", [
    `expected at most ${MOST_ENTRIES} entries at once, got ${count}; put them in parts`,
  ]);
}
