import { PoisonedRecordError } from "../errors/poison.js";

/** The records that have killed or hung a process, and what must therefore not be tried again. */
export class PoisonMemory<Record> {
  readonly #fingerprint: (record: Record) => string | undefined;
  readonly #known = new Map<string, unknown>();

  /** @param fingerprint the same for records that are equal; undefined for one that cannot have any. */
  constructor(fingerprint: (record: Record) => string | undefined) {
    this.#fingerprint = fingerprint;
  }

  /** Nearly every run has no such record, and must not pay for those that have. */
  get isEmpty(): boolean {
    return this.#known.size === 0;
  }

  remember(record: Record, error: unknown): void {
    const fingerprint = this.#fingerprint(record);
    if (fingerprint !== undefined && !this.#known.has(fingerprint)) this.#known.set(fingerprint, error);
  }

  /** Why a record is not to be tried; undefined when nothing is known against it. */
  against(record: Record): PoisonedRecordError | undefined {
    if (this.isEmpty) return undefined;
    const fingerprint = this.#fingerprint(record);
    const cause = fingerprint === undefined ? undefined : this.#known.get(fingerprint);
    return cause === undefined ? undefined : new PoisonedRecordError(cause);
  }
}
