import { closeSync, constants, ftruncateSync, openSync, readSync } from "node:fs";
import type { BlockPlace } from "../wire/array-payload.js";
import type { BlockReader } from "../wire/extensions.js";
import type { ArrayHolder, SharedArray } from "../wire/shared-array.js";

/** What a worker has put into shared memory cannot be read: because it is dead, for all that is known. */
export class LostBlockError extends Error {}

/** The most that one system call reads. */
const MOST_READ = 2 ** 30;

/** What a worker and this process have of each other's shared memory. */
export class WorkerMemory implements ArrayHolder {
  readonly #pid: number;
  readonly #drop: (descriptors: readonly number[], keys: readonly number[]) => void;
  /** What the worker has mapped, or will have when it comes to a request that it was sent. */
  readonly #arrays = new Set<SharedArray>();
  /** The blocks of the answers that are being read: by the worker's descriptor this process's, where it has one. */
  readonly #blocks = new Map<number, number | undefined>();

  /** @param drop tells the worker to let go of blocks of its own, and of shared arrays. */
  constructor(pid: number, drop: (descriptors: readonly number[], keys: readonly number[]) => void) {
    this.#pid = pid;
    this.#drop = drop;
  }

  get arrays(): readonly SharedArray[] {
    return [...this.#arrays];
  }

  get holdsArrays(): boolean {
    return this.#arrays.size > 0;
  }

  hold(array: SharedArray): void {
    if (this.#arrays.has(array)) return;
    this.#arrays.add(array);
    array.heldBy(this);
  }

  forget(array: SharedArray): void {
    if (this.#arrays.delete(array)) this.#drop([], [array.key]);
  }

  /** The process is gone, and all that it had mapped. */
  end(): void {
    for (const array of this.#arrays) array.notHeldBy(this);
    this.#arrays.clear();
  }

  /** @throws LostBlockError; RangeError when there is no memory for the elements. */
  readonly read: BlockReader = (place) => {
    const { descriptor, bytes } = place;
    if (this.#blocks.size === 0) queueMicrotask(this.#letGoOfBlocks);
    if (!this.#blocks.has(descriptor)) this.#blocks.set(descriptor, undefined);
    const elements = Buffer.allocUnsafeSlow(bytes);
    try {
      this.#fill(elements, place);
    } catch (error) {
      throw new LostBlockError(`its shared memory could not be read: ${(error as Error).message}`);
    }
    return elements.buffer as ArrayBuffer;
  };

  #fill(elements: Buffer, { pid, descriptor, offset }: BlockPlace): void {
    if (pid !== this.#pid) throw new Error(`it named that of process ${pid}`);
    const file = this.#blocks.get(descriptor) ?? openSync(`/proc/${pid}/fd/${descriptor}`, constants.O_RDWR);
    this.#blocks.set(descriptor, file);
    let read = 0;
    while (read < elements.byteLength) {
      const length = Math.min(elements.byteLength - read, MOST_READ);
      const got = readSync(file, elements, read, length, offset + read);
      if (got === 0) throw new Error("it ended early");
      read += got;
    }
  }

  /** When the answer was read. The worker may be busy for long until it hears of it, so the memory is given back here. */
  readonly #letGoOfBlocks = (): void => {
    const blocks = [...this.#blocks];
    this.#blocks.clear();
    for (const [, file] of blocks) {
      if (file !== undefined) empty(file);
    }
    this.#drop(
      blocks.map(([descriptor]) => descriptor),
      [],
    );
  };
}

function empty(file: number): void {
  try {
    ftruncateSync(file);
  } catch {
    // It goes when the worker closes it.
  } finally {
    closeSync(file);
  }
}
