import type { KeyPart } from "../store.js";
import { joinedWrites, type Writable, type Write } from "./write.js";

/** A write that was done while the store is being loaded: it is done again to what was loaded. */
export interface DoneWrite {
  readonly write: Write;
  readonly writtenAt: number;
  /** Which of all writes it was, counted from 0. */
  readonly turn: number;
  /** Whether the key was taken out before: then it comes after all that were there. */
  readonly isAnew: boolean;
}

/** The writes since a load began: for each key what they come to. However long a load takes, and however often a key is written, it takes no more than that. */
export class Meanwhile {
  readonly #tables = new Map<Writable, Map<KeyPart, DoneWrite>>();
  #turn = 0;

  add(write: Write, writtenAt: number): void {
    const { table, found } = write;
    const writes = this.#tables.get(table) ?? new Map<KeyPart, DoneWrite>();
    this.#tables.set(table, writes);
    const turn = this.#turn++;
    const before = writes.get(found);
    if (before === undefined) {
      writes.set(found, { write, writtenAt, turn, isAnew: false });
      return;
    }
    const isCleared = clears(before.write);
    if (isCleared) writes.delete(found);
    const both = joinedWrites(before.write, write);
    writes.set(found, { write: both, writtenAt, turn, isAnew: before.isAnew || isCleared });
  }

  /** Those of a table, in the order in which their keys were first set. */
  of(table: Writable): readonly DoneWrite[] {
    return [...(this.#tables.get(table)?.values() ?? [])];
  }
}

/** Whether nothing is there after it, whatever there was before. */
function clears({ isGone, steps }: Write): boolean {
  return isGone && (steps === undefined || steps[0]?.kind === "set");
}
