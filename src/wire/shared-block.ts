import { closeSync, constants, openSync, statfsSync, statSync, writeSync } from "node:fs";

const FOLDER = "/dev/shm";

/** Opens a file that has no name and can be given none (Linux's O_TMPFILE, which Node does not name). It goes with its last descriptor. */
const NAMELESS = 0o20000000 | constants.O_DIRECTORY | constants.O_RDWR | constants.O_EXCL;

/** Others need room there too, and crash where there is none: a block takes at most this share of what is free. */
const SHARE_OF_FREE = 0.5;

/** The most that one system call writes. */
const MOST_WRITTEN = 2 ** 30;

/** Memory that workers can read, by the descriptor that this process has of it. */
export class SharedBlock {
  readonly descriptor: number;
  #bytes = 0;

  private constructor(descriptor: number) {
    this.descriptor = descriptor;
  }

  /** Undefined where there is no shared memory, or workers could not get at it. */
  static open(): SharedBlock | undefined {
    if (!isReachable()) return undefined;
    try {
      return new SharedBlock(openSync(FOLDER, NAMELESS, 0o600));
    } catch {
      return undefined;
    }
  }

  /** What it takes of memory: as much as it has ever held. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Puts `data` there; false where there is no room for it. */
  write(data: ArrayBufferView, offset: number): boolean {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const end = offset + bytes.byteLength;
    try {
      if (end > this.#bytes && !hasRoom(end - this.#bytes)) return false;
      this.#bytes = Math.max(this.#bytes, end);
      // What has no room is told by a write, where touching a mapping would kill the process.
      for (let written = 0; written < bytes.byteLength; ) {
        const length = Math.min(bytes.byteLength - written, MOST_WRITTEN);
        written += writeSync(this.descriptor, bytes, written, length, offset + written);
      }
      return true;
    } catch {
      return false;
    }
  }

  close(): void {
    closeSync(this.descriptor);
  }
}

/** Whether processes of the same user can open what this one has open: not, for example, after `process.setuid`. */
function isReachable(): boolean {
  if (process.platform !== "linux") return false;
  return statSync("/proc/self/fd", { throwIfNoEntry: false })?.uid === process.geteuid?.();
}

function hasRoom(bytes: number): boolean {
  const { blocks, bavail, bsize } = statfsSync(FOLDER);
  // No blocks at all: it has no limit.
  return blocks === 0 || bytes <= bavail * bsize * SHARE_OF_FREE;
}
