import { type FileHandle, open } from "node:fs/promises";
import { resolve } from "node:path";
import { DeadLetterError } from "./error.js";
import { fileArgument } from "./file-argument.js";
import type { DeadLetter } from "./letter.js";
import { lineOf } from "./line.js";
import { problemWithFile } from "./problem.js";
import type { DeadLetterSink } from "./sink.js";

/**
 * A file that rejected records are appended to, one line of JSON for each. It is made at the first write, in a folder that must exist. Several runs,
 * also of several processes, may append to one file at once: their lines do not mix.
 *
 * `write` and `close` reject with a DeadLetterError when the file cannot be opened or written; some of the letters may then be in it.
 *
 * @param file a relative path is one from the present working directory, also when that changes.
 * @throws OptionsError when `file` is no path.
 */
export function deadLetter(file: string): DeadLetterSink {
  return new FileSink(resolve(fileArgument("deadLetter()", file)));
}

/** What is written at once is whole lines, of about this many characters. */
const PIECE_CHARACTERS = 2 ** 23;

class FileSink implements DeadLetterSink {
  readonly file: string;
  #handle: FileHandle | undefined;
  /** Whether the file may end in the middle of a line. */
  #isTorn = false;
  /** What was asked for before: one thing at a time, in order. */
  #before: Promise<unknown> = Promise.resolve();

  constructor(file: string) {
    this.file = file;
  }

  async write(letters: readonly DeadLetter[]): Promise<void> {
    // At once, before anything is waited for: what the caller does to the records afterwards is not to be seen.
    const pieces = piecesOf(letters);
    if (pieces.length > 0) await this.#inTurn("be written", () => this.#append(pieces));
  }

  async close(): Promise<void> {
    await this.#inTurn("be closed", () => this.#close());
  }

  #inTurn(what: string, work: () => Promise<void>): Promise<void> {
    const done = this.#before.then(work).catch((error: unknown) => {
      throw error instanceof DeadLetterError ? error : problemWithFile(this.file, what, error);
    });
    this.#before = done.catch(() => {});
    return done;
  }

  async #append(pieces: readonly string[]): Promise<void> {
    this.#handle ??= await this.#open();
    for (const piece of pieces) {
      const bytes = Buffer.from(this.#isTorn ? `\n${piece}` : piece);
      this.#isTorn = true;
      // A piece is one system call, which appends whole, unless the disk is full: then what follows is the error that says so.
      for (let written = 0; written < bytes.byteLength; )
        written += (await this.#handle.write(bytes, written)).bytesWritten;
      this.#isTorn = false;
    }
  }

  async #open(): Promise<FileHandle> {
    const handle = await open(this.file, "a+");
    try {
      this.#isTorn = await endsInsideLine(handle);
      return handle;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  async #close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    try {
      await handle?.sync();
    } catch (error) {
      // A pipe or a terminal has nothing to make safe.
      if ((error as NodeJS.ErrnoException).code !== "EINVAL") throw error;
    } finally {
      await handle?.close();
    }
  }
}

function piecesOf(letters: readonly DeadLetter[]): string[] {
  const pieces: string[] = [];
  for (const letter of letters) {
    const line = `${lineOf(letter)}\n`;
    const last = pieces.at(-1);
    if (last !== undefined && last.length + line.length <= PIECE_CHARACTERS)
      pieces[pieces.length - 1] = last + line;
    else pieces.push(line);
  }
  return pieces;
}

/** Whether the last line was left without its end, by a crash or an editor: what is appended must not be glued to it. */
async function endsInsideLine(handle: FileHandle): Promise<boolean> {
  const stat = await handle.stat();
  if (!stat.isFile() || stat.size === 0) return false;
  const last = Buffer.alloc(1);
  await handle.read(last, 0, 1, stat.size - 1);
  return last.toString("latin1") !== "\n";
}
