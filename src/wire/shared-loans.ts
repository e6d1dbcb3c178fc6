import type { ArrayHolder, SharedArray } from "./shared-array.js";
import type { SharedBlock } from "./shared-block.js";
import type { SharedMemory } from "./shared-memory.js";

/** Where a block starts an array, so that its elements are aligned however a worker reads them. */
const ALIGNMENT = 64;

/** Where elements are: in a file that this process has open. */
export interface Lent {
  readonly descriptor: number;
  readonly offset: number;
}

/** What one request has lent to Python: a block with its large arrays, and arrays that are shared already. All of it until it has its outcome. */
export class Loans {
  readonly #memory: SharedMemory;
  readonly #arrays = new Set<SharedArray>();
  /** What was lent, which may be met again: in another place, or because the first way of encoding it did not do. */
  readonly #lent = new Map<ArrayBufferView, Lent>();
  #block: SharedBlock | undefined;
  #isFull = false;
  #end = 0;

  constructor(memory: SharedMemory) {
    this.#memory = memory;
  }

  /** Puts elements into the block of the request; undefined where they must be sent. */
  lend(data: ArrayBufferView): Lent | undefined {
    const known = this.#lent.get(data);
    if (known !== undefined || this.#isFull) return known;
    this.#block ??= this.#memory.borrow(data.byteLength);
    const offset = this.#end;
    if (!this.#block?.write(data, offset)) {
      this.#isFull = true;
      return undefined;
    }
    this.#end = Math.ceil((offset + data.byteLength) / ALIGNMENT) * ALIGNMENT;
    const lent = { descriptor: this.#block.descriptor, offset };
    this.#lent.set(data, lent);
    return lent;
  }

  retain(array: SharedArray): void {
    if (this.#arrays.has(array)) return;
    this.#arrays.add(array);
    array.retain();
  }

  /** The request goes to a process, which has its shared arrays from then on. */
  sentTo(holder: ArrayHolder & { hold(array: SharedArray): void }): void {
    for (const array of this.#arrays) holder.hold(array);
  }

  /** The request is over. Saying it twice is saying it once. */
  end(): void {
    this.#isFull = true;
    this.#lent.clear();
    if (this.#block !== undefined) this.#memory.giveBack(this.#block);
    this.#block = undefined;
    for (const array of this.#arrays) array.letGo();
    this.#arrays.clear();
  }
}

let lender: SharedMemory | undefined;
let loans: Loans | undefined;

/** Encodes a request with arrays of this memory; what the encoding has lent comes back with it. */
export function lending<Encoded extends object>(
  memory: SharedMemory | undefined,
  encode: () => Encoded,
): Encoded & { readonly loans?: Loans } {
  // A getter in a value may make a request of its own.
  const outerLender = lender;
  const outerLoans = loans;
  lender = memory;
  loans = undefined;
  try {
    const encoded = encode();
    return loans === undefined ? encoded : { ...encoded, loans };
  } catch (error) {
    (loans as Loans | undefined)?.end();
    throw error;
  } finally {
    lender = outerLender;
    loans = outerLoans;
  }
}

/** Lends elements for the request that is being encoded; undefined where they must be sent. */
export function lend(data: ArrayBufferView): Lent | undefined {
  if (lender === undefined || data.byteLength < lender.from) return undefined;
  loans ??= new Loans(lender);
  return loans.lend(data);
}

/** A shared array is part of what is being encoded. @throws SharedArrayError when it cannot be. */
export function use(array: SharedArray): void {
  array.check(lender);
  if (lender === undefined) return;
  loans ??= new Loans(lender);
  loans.retain(array);
}
