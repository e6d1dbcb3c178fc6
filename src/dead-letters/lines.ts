import { type FileHandle, open } from "node:fs/promises";
import { problemWithFile } from "./problem.js";

/** A line of a file. */
export interface Line {
  readonly bytes: Buffer;
  /** False for the last one of a file that does not end in a line's end. */
  readonly isEnded: boolean;
}

const CHUNK_BYTES = 2 ** 16;
const LINE_END = 0x0a;

/**
 * The lines of a file; a last one that is empty is none. No more than one of them is in memory. Not `node:readline`: it takes other characters
 * for the end of a line, too.
 *
 * @throws DeadLetterError when the file cannot be read.
 */
export async function* linesOf(file: string): AsyncGenerator<Line, void, undefined> {
  const handle = await attempt(file, () => open(file));
  try {
    let parts: Buffer[] = [];
    for (let chunk = await nextChunk(handle, file); chunk.byteLength > 0; ) {
      let start = 0;
      for (let end = chunk.indexOf(LINE_END); end >= 0; end = chunk.indexOf(LINE_END, start)) {
        yield { bytes: Buffer.concat([...parts, chunk.subarray(start, end)]), isEnded: true };
        parts = [];
        start = end + 1;
      }
      if (start < chunk.byteLength) parts.push(chunk.subarray(start));
      chunk = await nextChunk(handle, file);
    }
    if (parts.length > 0) yield { bytes: Buffer.concat(parts), isEnded: false };
  } finally {
    await handle.close();
  }
}

async function nextChunk(handle: FileHandle, file: string): Promise<Buffer> {
  const { buffer, bytesRead } = await attempt(file, () => handle.read(Buffer.alloc(CHUNK_BYTES)));
  return buffer.subarray(0, bytesRead);
}

async function attempt<Result>(file: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw problemWithFile(file, "be read", error);
  }
}
