import { SharedArrayError } from "../errors/shared-array.js";
import type { Dtype, NdArray } from "./ndarray.js";
import type { SharedBlock } from "./shared-block.js";

/** What must hear of the end of an array: a process that has mapped it. */
export interface ArrayHolder {
  /** The array is gone: its place is free as soon as Python holds it no longer. */
  forget(array: SharedArray): void;
}

/** What an array needs of the shared memory that it is in. */
interface Home {
  forget(array: SharedArray): void;
}

/**
 * An array that was put into shared memory once, by `engine.share()`. It can be given to every session of that engine, any number of times: Python
 * gets a read-only numpy array on the same memory, without a copy. It stays until `release()`, the end of a `using` scope, or the end of the engine.
 */
export class SharedArray<D extends Dtype = Dtype> implements Disposable, AsyncDisposable {
  readonly dtype: D;
  /** Length of each axis; empty for a scalar array. */
  readonly shape: readonly number[];
  /** What its elements take. */
  readonly bytes: number;
  /** @internal Its number in its engine. */
  readonly key: number;
  readonly #home: Home;
  #block: SharedBlock | undefined;
  /** Where there is no shared memory; sent with each request. */
  #elements: Uint8Array | undefined;
  #uses = 0;
  #released = false;
  readonly #holders = new Set<ArrayHolder>();

  /** @internal Made by `engine.share()`. */
  constructor(home: Home, key: number, array: NdArray<D>, block: SharedBlock | undefined) {
    const { dtype, shape, data } = array;
    this.#home = home;
    this.key = key;
    this.dtype = dtype;
    this.shape = Object.freeze([...shape]);
    this.bytes = data.byteLength;
    this.#block = block;
    if (block === undefined)
      this.#elements = Uint8Array.from(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }

  /** Whether it cannot be used any more. */
  get released(): boolean {
    return this.#released;
  }

  /** @internal Where its elements are: a descriptor of this process, or here. */
  get place(): { readonly descriptor: number } | { readonly elements: Uint8Array } {
    return this.#block === undefined
      ? { elements: this.#elements as Uint8Array }
      : { descriptor: this.#block.descriptor };
  }

  /** @internal @throws SharedArrayError when it was released, or does not belong to `home`; undefined: to whichever. */
  check(home: Home | undefined): void {
    const what = `the shared array of ${this.dtype}, shape (${this.shape.join(", ")}),`;
    if (this.#released) throw new SharedArrayError(`${what} was released and cannot be used any more`);
    if (home !== undefined && home !== this.#home)
      throw new SharedArrayError(
        `${what} belongs to another engine; share the array with the engine of this session, too`,
      );
  }

  /** Lets the memory go. Calls that were made before are not affected; later uses are refused. */
  release(): void {
    this.#released = true;
    this.#freeUnused();
  }

  [Symbol.dispose](): void {
    this.release();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.release();
  }

  /** @internal A request that names it is under way. */
  retain(): void {
    this.#uses += 1;
  }

  /** @internal */
  letGo(): void {
    this.#uses -= 1;
    this.#freeUnused();
  }

  /** @internal `holder` has it, or will have it, until it is told to forget it. */
  heldBy(holder: ArrayHolder): void {
    if (this.#isGone) holder.forget(this);
    else this.#holders.add(holder);
  }

  /** @internal */
  notHeldBy(holder: ArrayHolder): void {
    this.#holders.delete(holder);
  }

  get #isGone(): boolean {
    return this.#released && this.#uses === 0;
  }

  #freeUnused(): void {
    if (!this.#isGone || (this.#block ?? this.#elements) === undefined) return;
    for (const holder of this.#holders) holder.forget(this);
    this.#holders.clear();
    this.#block?.close();
    this.#block = undefined;
    this.#elements = undefined;
    this.#home.forget(this);
  }
}
