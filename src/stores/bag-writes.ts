import type { TableKey } from "../store.js";
import { type BagStep, stepped } from "./bag-steps.js";
import { grouped, NO_VALUES, requireValues, type Values } from "./bag-values.js";
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
    return Array.from(grouped(entries), ({ key, added }) => this.#made(key, { kind: "add", values: added }));
  }

  setting(key: TableKey, values: unknown): Write {
    return this.#made(key, { kind: "set", values: requireValues(values) });
  }

  removing(key: TableKey, value: readonly [value?: unknown]): Write {
    return this.#made(
      key,
      value.length === 0 ? { kind: "set", values: NO_VALUES } : { kind: "remove", value: value[0], times: 1 },
    );
  }

  #made(key: TableKey, step: BagStep): Write {
    return bagWrite(this.#table, key, this.#present(key), [step]);
  }
}

/** What steps make of the values that are present. */
export function bagWrite(table: TableCore, key: TableKey, present: Values, steps: readonly BagStep[]): Write {
  const values = stepped(present, steps);
  return values.length === 0 ? table.deleting(key, steps) : table.putting(key, values, steps);
}
