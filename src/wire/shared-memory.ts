import { SharedArrayError } from "../errors/shared-array.js";
import type { Dtype, NdArray } from "./ndarray.js";
import { SharedArray } from "./shared-array.js";
import { SharedBlock } from "./shared-block.js";

/** More requests than that at once send their arrays through the socket: each block is a descriptor. */
const MOST_LENT = 64;

/** A block whose request is over serves the next: new memory takes three times as long to fill. For so long, and up to so much. */
const SPARE_MS = 1_000;
const SPARE_BYTES = 256 * 2 ** 20;

/** A request takes the spare block only when it fills this share of it: the rest would lie idle for as long as the request takes. */
const LEAST_FILLED = 0.25;

/** The shared memory of one engine: blocks that requests borrow, and arrays that stay. */
export class SharedMemory {
  #from: number;
  #lent = 0;
  #spare: SharedBlock | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  #lastKey = 0;
  readonly #arrays = new Set<SharedArray>();

  /** @param from the size in bytes from which arrays travel in shared memory; left out: none does. */
  constructor(from = Number.POSITIVE_INFINITY) {
    this.#from = Math.ceil(from);
  }

  get from(): number {
    return this.#from;
  }

  /** A worker cannot get at the memory of this process: from now on everything travels through sockets. */
  turnOff(): void {
    this.#from = Number.POSITIVE_INFINITY;
  }

  /** A block for one request, whose first array has so many bytes; undefined where there is none to be had. */
  borrow(bytes: number): SharedBlock | undefined {
    if (this.#closed || this.#lent >= MOST_LENT) return undefined;
    const spare = this.#spare;
    const fits = spare !== undefined && bytes >= spare.bytes * LEAST_FILLED;
    const block = fits ? spare : SharedBlock.open();
    if (fits) this.#spare = undefined;
    if (block !== undefined) this.#lent += 1;
    return block;
  }

  /** The request is over: nobody reads its block any more. */
  giveBack(block: SharedBlock): void {
    this.#lent -= 1;
    const isSpare = !this.#closed && block.bytes <= SPARE_BYTES && block.bytes > (this.#spare?.bytes ?? 0);
    if (!isSpare) {
      block.close();
      return;
    }
    this.#dropSpare();
    this.#spare = block;
    this.#timer = setTimeout(() => this.#dropSpare(), SPARE_MS).unref();
  }

  /** @throws SharedArrayError when the engine was closed. */
  share<D extends Dtype>(array: NdArray<D>): SharedArray<D> {
    if (this.#closed) throw new SharedArrayError("the engine was closed, so it shares no array");
    const block = this.#from === Number.POSITIVE_INFINITY ? undefined : filled(array);
    const shared = new SharedArray<D>(this, ++this.#lastKey, array, block);
    this.#arrays.add(shared);
    return shared;
  }

  /** Of an array that is gone. */
  forget(array: SharedArray): void {
    this.#arrays.delete(array);
  }

  close(): void {
    this.#closed = true;
    for (const array of this.#arrays) array.release();
    this.#dropSpare();
  }

  #dropSpare(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#spare?.close();
    this.#spare = undefined;
  }
}

function filled({ data }: NdArray): SharedBlock | undefined {
  const block = SharedBlock.open();
  // A mapping of nothing is none.
  if (data.byteLength > 0 && block?.write(data, 0)) return block;
  block?.close();
  return undefined;
}
