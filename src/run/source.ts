import { setImmediate as nextRound } from "node:timers/promises";
import { OptionsError } from "../errors/options.js";
import { show } from "../options/parse.js";
import type { Chunk } from "../stage/contract.js";
import { DEFAULT_ROUTE, type Item, type ItemId } from "../stage/item.js";
import { isAborted, throwIfAborted, untilStopped } from "../stopping.js";

/** How many records of a synchronous input travel together; an asynchronous one gives them one by one, as they come. */
const CHUNK_SIZE = 100;

/** A pipe whose stages never wait for anything would keep timers, signals and other sessions waiting for longer than this. */
const LONGEST_STRETCH_MS = 10;

/** The input threw, or gave something that cannot be a record. */
export class InputFailure extends Error {
  constructor(position: number, cause: unknown) {
    super(`the input failed after ${position} records`, { cause });
  }
}

/** The envelope of a record. @throws what ends the input there. */
export type MakeItem = (record: unknown, position: number) => Item;

export interface SourceOptions {
  readonly input: Iterable<unknown> | AsyncIterable<unknown>;
  readonly makeItem: MakeItem;
  /** Aborted when no more records are wanted. */
  readonly stopped: AbortSignal;
  /** Aborted when the input is to be taken for ended. */
  readonly drained: AbortSignal;
  /** Called for each record that was taken. */
  readonly onTaken: () => void;
  /** Called for a record that an asynchronous input gives when it is not wanted any more. */
  readonly onLate?: ((record: unknown) => void) | undefined;
  /** To be awaited, when there is anything, before an asynchronous input is asked for more. */
  readonly room?: (() => Promise<void> | undefined) | undefined;
  /** Called with when that wait began, at its end. */
  readonly onRoom?: ((began: number) => void) | undefined;
  /** Called with how long the input was waited for, each time: for a chunk of a synchronous one, for each record of an asynchronous one. */
  readonly onWaited?: ((durationMs: number) => void) | undefined;
}

/** Reads the input lazily. What came before a failure is passed on first. */
export function source(options: SourceOptions): AsyncGenerator<Chunk> {
  return Symbol.asyncIterator in options.input
    ? fromAsync(options.input, options)
    : fromSync(options.input, options);
}

async function* fromSync(input: Iterable<unknown>, options: SourceOptions): AsyncGenerator<Chunk> {
  const iterator = input[Symbol.iterator]();
  let position = 0;
  let yielded = performance.now();
  let ended = false;
  try {
    while (!ended && !isAborted(options.stopped) && !isAborted(options.drained)) {
      const chunk: Item[] = [];
      let failure: InputFailure | undefined;
      const began = performance.now();
      try {
        while (chunk.length < CHUNK_SIZE) {
          ended = true; // Unless it gives a record: an iterator that has thrown is over too.
          const next = iterator.next();
          if (next.done) break;
          ended = false;
          chunk.push(options.makeItem(next.value, position));
          options.onTaken();
          position += 1;
        }
      } catch (error) {
        failure = new InputFailure(position, error);
      }
      options.onWaited?.(performance.now() - began);
      if (chunk.length > 0) yield chunk;
      if (failure) throw failure;
      if (performance.now() - yielded > LONGEST_STRETCH_MS) {
        await nextRound();
        yielded = performance.now();
      }
    }
  } finally {
    if (!ended) void leave(iterator);
  }
  throwIfAborted(options.stopped);
}

async function* fromAsync(input: AsyncIterable<unknown>, options: SourceOptions): AsyncGenerator<Chunk> {
  const iterator = input[Symbol.asyncIterator]();
  const ending = AbortSignal.any([options.stopped, options.drained]);
  let position = 0;
  let ended = false;
  try {
    while (!isAborted(options.drained)) {
      // Not asked once more: what it would give then is lost to the caller.
      throwIfAborted(options.stopped);
      let item: Item;
      let pulling: Promise<IteratorResult<unknown>> | undefined;
      try {
        const room = options.room?.();
        if (room !== undefined) await untilRoom(room, ending, options.onRoom);
        ended = true; // Unless it gives a record: an iterator that has thrown is over too.
        const began = performance.now();
        let next: IteratorResult<unknown>;
        try {
          pulling = Promise.resolve(iterator.next());
          next = await untilStopped(pulling, ending);
        } finally {
          options.onWaited?.(performance.now() - began);
        }
        pulling = undefined;
        if (next.done) return;
        ended = false;
        item = options.makeItem(next.value, position);
        options.onTaken();
      } catch (error) {
        if (!ending.aborted) throw new InputFailure(position, error);
        ended = false;
        void handBack(pulling, options.onLate);
        if (!options.stopped.aborted) return;
        throw options.stopped.reason;
      }
      position += 1;
      yield [item];
    }
    throwIfAborted(options.stopped);
  } finally {
    if (!ended) void leave(iterator);
  }
}

async function untilRoom(
  room: Promise<void>,
  ending: AbortSignal,
  onRoom: SourceOptions["onRoom"],
): Promise<void> {
  const began = performance.now();
  try {
    await untilStopped(room, ending);
  } finally {
    onRoom?.(began);
  }
}

/** What comes when nobody waits for it any more is handed to `onLate`. How the input ends then has no part in the run. */
async function handBack(
  pulling: Promise<IteratorResult<unknown>> | undefined,
  onLate: SourceOptions["onLate"],
): Promise<void> {
  try {
    const next = await pulling;
    if (next !== undefined && !next.done) onLate?.(next.value);
  } catch {
    // It was told to end, and not by the records that it has given.
  }
}

/**
 * Tells an input that no more is wanted. Not waited for: one that is stuck in `next` cannot come to its `return`. How it takes it has no part in
 * the run.
 */
async function leave(iterator: Iterator<unknown> | AsyncIterator<unknown>): Promise<void> {
  try {
    await iterator.return?.();
  } catch {
    // The run has its own end, and the records that it took are accounted for.
  }
}

/** Envelopes for records of an input, with the ids that `id` gives, else with their positions. */
export function newItems(id: ((record: unknown, position: number) => ItemId) | undefined): MakeItem {
  return (record, position) => {
    const given = id === undefined ? position : id(record, position);
    if (typeof given !== "string" && typeof given !== "number") {
      throw new OptionsError("pipe()", [
        `expected \`id\` to return a string or a number, got ${show(given)} for record ${position}`,
      ]);
    }
    return { id: given, payload: record, meta: {}, route: DEFAULT_ROUTE, input: record };
  };
}
