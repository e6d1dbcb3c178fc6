import type { KeyPart, TableKey } from "../store.js";
import { type BagStep, joined } from "./bag-steps.js";
import type { Entry } from "./entry.js";

/** A table, for the store that writes to it. */
export interface Writable {
  readonly name: string;
  readonly rows: { peek(found: KeyPart): Entry | undefined };
  /** @throws OptionsError while the function of an update runs. */
  requireNoUpdate(): void;
  /** Tells what has expired, and lets go what is too old for everybody. */
  tidy(now: number): void;
  /** Does a write; gives back what had to go for it. */
  apply(write: Write, writtenAt: number): Write[];
}

/** What is to become of a key. */
export interface Write {
  readonly table: Writable;
  readonly key: TableKey;
  readonly found: KeyPart;
  readonly value: unknown;
  /** Whether the key is to be gone; then there is no value. */
  readonly isGone: boolean;
  readonly bytes: number;
  /** Of a bag: what it makes of other values than those that it found. */
  readonly steps?: readonly BagStep[] | undefined;
}

/** What two writes to one key come to, the one after the other. */
export function joinedWrites(before: Write, after: Write): Write {
  if (before.steps === undefined || after.steps === undefined) return after;
  return { ...after, steps: joined(before.steps, after.steps) };
}
