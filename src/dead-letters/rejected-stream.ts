import type { Rejection } from "../stage/item.js";

/** With so many unread, a stream that is iterated has no room. */
export const UNREAD_ROOM = 1_000;

type Next = IteratorResult<Rejection, void>;

const DONE: Next = { done: true, value: undefined };

/**
 * The rejections of a run, as they come. They wait in `kept` until someone iterates, and each is taken out of there when it is given: what a consumer
 * that leaves did not take is there still, for the next.
 *
 * One iterates at a time. While someone does, the run is to wait where there is no `room()`.
 */
export class RejectedStream implements AsyncIterable<Rejection> {
  readonly #kept: Rejection[];
  readonly #inUse: () => Error;
  /** Who waits for the next rejection; there is one such list for each iterator, and it tells which iterator is the present one. */
  #waiting: ((next: Next) => void)[] | undefined;
  #room: { readonly promise: Promise<void>; readonly open: () => void } | undefined;
  #hasEnded = false;

  /**
   * @param kept the rejections that nobody has taken. It may be added to from outside while nobody iterates.
   * @param inUse makes what is thrown at someone who iterates while another does.
   */
  constructor(kept: Rejection[], inUse: () => Error) {
    this.#kept = kept;
    this.#inUse = inUse;
  }

  /** Whether someone iterates: from the first call of `[Symbol.asyncIterator]()` until that iterator is left or has come to the end. */
  get isIterated(): boolean {
    return this.#waiting !== undefined;
  }

  /** Gives a rejection to whoever iterates; keeps it until then. */
  push(rejection: Rejection): void {
    const waiting = this.#waiting?.shift();
    if (waiting === undefined) this.#kept.push(rejection);
    else waiting({ done: false, value: rejection });
  }

  /** Undefined when there is room; else resolves when there is, also because nobody iterates any more or the run has ended. */
  room(): Promise<void> | undefined {
    if (this.#hasRoom()) return undefined;
    if (this.#room === undefined) {
      let open = (): void => {};
      const promise = new Promise<void>((resolve) => {
        open = resolve;
      });
      this.#room = { promise, open };
    }
    return this.#room.promise;
  }

  /** The run is over: whoever iterates is given what is left, and comes to the end. */
  end(): void {
    this.#hasEnded = true;
    if (this.#waiting !== undefined && this.#waiting.length > 0) this.#leave(this.#waiting);
    this.#openRoom();
  }

  /**
   * The rejections, those that came before first. Comes to its end when the run has.
   *
   * @throws what `inUse` makes, when someone else iterates.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<Rejection, void, undefined> {
    if (this.#waiting !== undefined) throw this.#inUse();
    const waiting: ((next: Next) => void)[] = [];
    this.#waiting = waiting;
    return {
      next: async () => this.#next(waiting),
      return: async () => {
        this.#leave(waiting);
        return DONE;
      },
      throw: async (error: unknown) => {
        this.#leave(waiting);
        throw error;
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  #next(waiting: ((next: Next) => void)[]): Next | Promise<Next> {
    if (this.#waiting !== waiting) return DONE;
    const rejection = this.#kept.shift();
    if (rejection !== undefined) {
      this.#openRoom();
      return { done: false, value: rejection };
    }
    if (!this.#hasEnded) return new Promise((resolve) => waiting.push(resolve));
    this.#leave(waiting);
    return DONE;
  }

  /** An iterator is over, which may not be the present one. */
  #leave(waiting: ((next: Next) => void)[]): void {
    if (this.#waiting !== waiting) return;
    this.#waiting = undefined;
    for (const resolve of waiting.splice(0)) resolve(DONE);
    this.#openRoom();
  }

  #hasRoom(): boolean {
    return this.#waiting === undefined || this.#hasEnded || this.#kept.length < UNREAD_ROOM;
  }

  #openRoom(): void {
    if (!this.#hasRoom()) return;
    this.#room?.open();
    this.#room = undefined;
  }
}
