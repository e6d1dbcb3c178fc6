import type { TableKey } from "../store.js";
import { grouped, NO_VALUES, requireValues, type Values, withoutFirst } from "./bag-values.js";
import type { TableCore } from "./table-core.js";
import type { Write } from "./write.js";

/** What is present at a key, seen by whoever writes. */
type Present = (key: TableKey) => Values;

/** The writes of a bag, from the values that are present. Each also says what it makes of others: they may be others when it is done again to what was loaded. */
export class BagWrites {
  readonly #table: TableCore;
  readonly #present: Present;

  constructor(table: TableCore, present: Present) {
    this.#table = table;
    this.#present = present;
  }

  adding(entries: Iterable<readonly [TableKey, unknown]>): Write[] {
    return Array.from(grouped(entries), ({ key, added }) =>
      this.#made(key, (present) => [...present, ...added]),
    );
  }

  setting(key: TableKey, values: unknown): Write {
    const copy = requireValues(values);
    return this.#made(key, () => copy);
  }

  removing(key: TableKey, value: readonly [value?: unknown]): Write {
    return this.#made(key, (present) => (value.length === 0 ? NO_VALUES : withoutFirst(present, value[0])));
  }

  #made(key: TableKey, again: (present: Values) => Values): Write {
    const values = again(this.#present(key));
    return values.length === 0 ? this.#table.deleting(key, again) : this.#table.putting(key, values, again);
  }
}
