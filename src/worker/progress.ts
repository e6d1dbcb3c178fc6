import { closeSync, openSync, readSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { Progress } from "../wire/progress.js";

/** A process writes to a page of its own, so that none can reach what others have written. */
const PAGE_BYTES = 4_096;

/** Call, step, row and whether it is known (all u32), and when the step began (f64): see "Progress" in protocol/PROTOCOL.md. */
const NOTE_BYTES = 24;
const NOTHING = Buffer.alloc(NOTE_BYTES);

/** A file that workers note their progress in, so that it is known of one that has died, or answers nothing. */
export class ProgressBoard {
  readonly path: string;
  readonly #descriptor: number;
  readonly #free: number[] = [];
  #pages = 0;
  #closed = false;

  /** @param folder that only this user can enter. */
  constructor(folder: string) {
    this.path = join(folder, "progress");
    this.#descriptor = openSync(this.path, "wx+", 0o600);
  }

  /** A page for one process, until it is given back. */
  take(): ProgressPage {
    const page = this.#free.at(-1) ?? this.#pages;
    const offset = page * PAGE_BYTES;
    // All of it: a process that maps more than the file has dies when it writes there.
    writeSync(this.#descriptor, Buffer.alloc(PAGE_BYTES), 0, PAGE_BYTES, offset);
    // Not before: it may be that there was no room to write.
    if (this.#free.pop() === undefined) this.#pages += 1;
    let isGiven = false;
    return {
      path: this.path,
      offset,
      read: (call) => this.#read(call, offset),
      giveBack: () => {
        if (!isGiven) this.#free.push(page);
        isGiven = true;
      },
    };
  }

  close(): void {
    if (!this.#closed) closeSync(this.#descriptor);
    this.#closed = true;
  }

  #read(call: number, offset: number): Progress | undefined {
    if (this.#closed) return undefined;
    const note = Buffer.from(NOTHING);
    readSync(this.#descriptor, note, 0, NOTE_BYTES, offset);
    if (note.readUInt32LE(0) !== call) return undefined;
    return {
      step: note.readUInt32LE(4),
      row: note.readUInt32LE(12) === 1 ? note.readUInt32LE(8) : undefined,
      since: note.readDoubleLE(16),
    };
  }
}

/** The page of one process. */
export interface ProgressPage {
  readonly path: string;
  readonly offset: number;
  /** How far the process has come with a call; undefined when it has noted nothing of it. */
  read(call: number): Progress | undefined;
  giveBack(): void;
}
