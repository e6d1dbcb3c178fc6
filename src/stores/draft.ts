import { OptionsError } from "../errors/options.js";
import type { KeyPart, TableKey } from "../store.js";
import { Exclusive } from "./exclusive.js";
import { canonical } from "./keys.js";
import type { TableCore } from "./table-core.js";
import { joinedWrites, type Write } from "./write.js";

/** What a transaction makes of one table: the writes that it has asked for, one for each key. */
export class Draft {
  readonly table: TableCore;
  readonly #exclusive = new Exclusive();
  readonly #writes = new Map<KeyPart, Write>();
  #isEnded = false;

  constructor(table: TableCore) {
    this.table = table;
  }

  get writes(): readonly Write[] {
    return [...this.#writes.values()];
  }

  /** From now on it refuses everything. */
  end(): void {
    this.#isEnded = true;
  }

  read(key: TableKey): unknown {
    const write = this.#written(key);
    return write === undefined ? this.table.fresh(canonical(key))?.value : write.value;
  }

  has(key: TableKey): boolean {
    const write = this.#written(key);
    return write === undefined ? this.table.fresh(canonical(key)) !== undefined : !write.isGone;
  }

  write(writes: readonly Write[]): void {
    this.#requireRunning();
    this.#exclusive.check();
    for (const write of writes) {
      const before = this.#writes.get(write.found);
      this.#writes.set(write.found, before === undefined ? write : joinedWrites(before, write));
    }
  }

  /** Calls the function of an update. */
  changed<Result>(change: () => Result): Result {
    return this.#exclusive.run("update()", "return the new value", change);
  }

  #written(key: TableKey): Write | undefined {
    this.#requireRunning();
    return this.#writes.get(canonical(key));
  }

  #requireRunning(): void {
    if (!this.#isEnded) return;
    const problem = "expected its tables to be used while its function runs, got a use after that";
    throw new OptionsError("transaction()", [problem]);
  }
}
