import { OptionsError } from "slither-ts";
import { describe, expect, test } from "vitest";
import { InputFailure, newItems, type SourceOptions, source } from "../../src/run/source.js";
import type { Chunk } from "../../src/stage/contract.js";
import { drained } from "../dispatch/chunks.js";
import { hops, quiet } from "../dispatch/deferred.js";
import { asyncNumbers, numbers, upTo } from "../pipe/inputs.js";

interface Reading {
  readonly chunks: AsyncGenerator<Chunk>;
  readonly stopping: AbortController;
  readonly draining: AbortController;
  taken: number;
}

function reading(
  input: SourceOptions["input"],
  id?: Parameters<typeof newItems>[0],
  stopping = new AbortController(),
  more: Partial<SourceOptions> = {},
): Reading {
  const onTaken = (): void => {
    state.taken += 1;
  };
  const draining = new AbortController();
  const chunks = source({
    input,
    makeItem: newItems(id),
    stopped: stopping.signal,
    drained: draining.signal,
    onTaken,
    ...more,
  });
  const state = { chunks, stopping, draining, taken: 0 };
  return state;
}

function payloads(chunks: readonly Chunk[]): unknown[] {
  return chunks.flat().map(({ payload }) => payload);
}

/** Both kinds of input have to keep the same promises. */
const kinds = [
  ["a synchronous", numbers],
  ["an asynchronous", asyncNumbers],
] as const;

test.each(kinds)("records of %s input come in order, each with its position as id", async (_, make) => {
  const { values } = await drained(reading(make({ count: 230 }).input).chunks);
  expect(payloads(values)).toEqual(upTo(230));
  expect(values.flat().map(({ id }) => id)).toEqual(upTo(230));
});

test.each(kinds)(
  "each record of %s input is an item of its own, with the record as input",
  async (_, make) => {
    const { values } = await drained(reading(make({ count: 2 }).input).chunks);
    expect(values.flat()).toEqual([
      { id: 0, payload: 0, meta: {}, route: "default", input: 0 },
      { id: 1, payload: 1, meta: {}, route: "default", input: 1 },
    ]);
    const [first, second] = values.flat();
    expect(first?.meta).not.toBe(second?.meta);
  },
);

test.each(kinds)("nothing of %s input is taken before the first pull", async (_, make) => {
  const watched = make();
  const { chunks } = reading(watched.input);
  await quiet();
  expect(watched.given).toBe(0);
  await chunks.next();
  expect(watched.given).toBeGreaterThan(0);
});

test("a synchronous input is taken in chunks of 100", async () => {
  const watched = numbers();
  const { chunks } = reading(watched.input);
  await chunks.next();
  expect(watched.given).toBe(100);
});

test("an asynchronous input is passed on record by record, as it comes", async () => {
  const watched = asyncNumbers({ stuckAt: 2 });
  const { chunks } = reading(watched.input);
  expect((await chunks.next()).value).toHaveLength(1);
  expect((await chunks.next()).value).toHaveLength(1);
});

test.each(kinds)("records of %s input are counted as they are taken", async (_, make) => {
  const read = reading(make({ count: 130 }).input);
  await drained(read.chunks);
  expect(read.taken).toBe(130);
});

test.each(kinds)("what came before %s input threw is passed on first", async (_, make) => {
  const failure = new Error("disk full");
  const { values, thrown } = await drained(reading(make({ failAt: 120, failure }).input).chunks);
  expect(payloads(values)).toEqual(upTo(120));
  expect(thrown).toBeInstanceOf(InputFailure);
  expect(thrown).toMatchObject({ message: "the input failed after 120 records", cause: failure });
});

test.each(kinds)("%s input that threw is not told to end", async (_, make) => {
  const watched = make({ failAt: 3, failure: new Error("disk full") });
  await drained(reading(watched.input).chunks);
  expect(watched.returned).toBe(0);
});

test.each(kinds)("%s input that is left is told to end, once", async (_, make) => {
  const watched = make();
  const { chunks } = reading(watched.input);
  await chunks.next();
  await chunks.return(undefined);
  expect(watched.returned).toBe(1);
});

test.each(kinds)("%s input that has ended is not told to end", async (_, make) => {
  const watched = make({ count: 3 });
  await drained(reading(watched.input).chunks);
  expect(watched.returned).toBe(0);
});

test.each(kinds)("a stop between two chunks of %s input ends it with the reason", async (_, make) => {
  const watched = make();
  const { chunks, stopping } = reading(watched.input);
  await chunks.next();
  const { given } = watched;
  const reason = new Error("enough");
  stopping.abort(reason);
  await expect(chunks.next()).rejects.toBe(reason);
  expect(watched).toMatchObject({ given, returned: 1 });
});

test("a stop while an asynchronous input is stuck ends the waiting, and tells the input", async () => {
  const watched = asyncNumbers({ stuckAt: 0 });
  const { chunks, stopping } = reading(watched.input);
  const next = chunks.next();
  await quiet();
  const reason = new Error("enough");
  stopping.abort(reason);
  await expect(next).rejects.toBe(reason);
  expect(watched.returned).toBe(1);
});

test.each(kinds)("a drain between two chunks of %s input ends it without an error", async (_, make) => {
  const watched = make();
  const { chunks, draining } = reading(watched.input);
  await chunks.next();
  const { given } = watched;
  draining.abort();
  expect(await chunks.next()).toEqual({ done: true, value: undefined });
  expect(watched).toMatchObject({ given, returned: 1 });
});

test.each(kinds)("of %s input that was drained before the start nothing is taken", async (_, make) => {
  const watched = make();
  const { chunks, draining } = reading(watched.input);
  draining.abort();
  expect(await chunks.next()).toEqual({ done: true, value: undefined });
  expect(watched.given).toBe(0);
});

test("a drain while an asynchronous input is stuck ends the waiting without an error, and tells the input", async () => {
  const watched = asyncNumbers({ stuckAt: 1 });
  const { chunks, draining } = reading(watched.input);
  await chunks.next();
  const next = chunks.next();
  await quiet();
  draining.abort();
  expect(await next).toEqual({ done: true, value: undefined });
  expect(watched.returned).toBe(1);
});

test.each(kinds)("a stop of %s input that is drained ends it with the reason", async (_, make) => {
  const { chunks, draining, stopping } = reading(make().input);
  await chunks.next();
  const reason = new Error("enough");
  draining.abort();
  stopping.abort(reason);
  await expect(chunks.next()).rejects.toBe(reason);
});

test("a drain after a synchronous input threw does not hide that", async () => {
  const failure = new Error("disk full");
  const { chunks, draining } = reading(numbers({ failAt: 1, failure }).input);
  await chunks.next();
  draining.abort();
  await expect(chunks.next()).rejects.toMatchObject({ cause: failure });
});

test("an asynchronous input whose end never comes is not waited for", async () => {
  const input: AsyncIterable<number> = {
    [Symbol.asyncIterator]: () => ({
      next: async () => ({ done: false, value: 1 }),
      return: () => new Promise(() => {}),
    }),
  };
  const { chunks } = reading(input);
  await chunks.next();
  await expect(chunks.return(undefined)).resolves.toEqual({ done: true, value: undefined });
});

test.each(kinds)("the `id` function of %s input gets record and position", async (_, make) => {
  const id = (record: unknown, position: number): string => `${position}:${record}`;
  const { values } = await drained(reading(make({ count: 2 }).input, id).chunks);
  expect(values.flat().map((each) => each.id)).toEqual(["0:0", "1:1"]);
});

test.each(kinds)("an `id` that is no string and no number is refused, with the position", async (_, make) => {
  const id = (record: unknown): string => (record === 1 ? (undefined as unknown as string) : "r");
  const { values, thrown } = await drained(reading(make({ count: 3 }).input, id).chunks);
  expect(payloads(values)).toEqual([0]);
  const { cause } = thrown as Error;
  expect(cause).toBeInstanceOf(OptionsError);
  expect((cause as Error).message).toBe(
    "pipe(): expected `id` to return a string or a number, got `undefined` for record 1",
  );
});

test.each(kinds)("%s input is told to end when it is the `id` function that fails", async (_, make) => {
  const watched = make();
  const id = (record: unknown): number => {
    if (record === 1) throw new Error("no key");
    return 0;
  };
  const { thrown } = await drained(reading(watched.input, id).chunks);
  expect(thrown).toMatchObject({ cause: new Error("no key") });
  expect(watched.returned).toBe(1);
});

test.each([
  [
    "a synchronous",
    (): Iterable<number> => ({
      [Symbol.iterator]: () => ({
        next: () => ({ done: false, value: 1 }),
        return: () => {
          throw new Error("cannot close");
        },
      }),
    }),
  ],
  [
    "an asynchronous",
    (): AsyncIterable<number> => ({
      [Symbol.asyncIterator]: () => ({
        next: async () => ({ done: false, value: 1 }),
        return: async () => {
          throw new Error("cannot close");
        },
      }),
    }),
  ],
])("that %s input fails while it is told to end does not reach its reader", async (_, make) => {
  const { chunks } = reading(make());
  await chunks.next();
  await expect(chunks.return(undefined)).resolves.toEqual({ done: true, value: undefined });
});

test("an asynchronous iterator may give its results without promises, as `for await` allows", async () => {
  const input = {
    [Symbol.asyncIterator]: () => [7, 8][Symbol.iterator](),
  } as unknown as AsyncIterable<number>;
  const { values } = await drained(reading(input).chunks);
  expect(payloads(values)).toEqual([7, 8]);
});

test("an object that is iterable both ways is read asynchronously", async () => {
  const both = { ...numbers({ count: 1 }).input, ...asyncNumbers({ count: 2 }).input };
  const { values } = await drained(reading(both).chunks);
  expect(payloads(values)).toEqual([0, 1]);
});

describe("the wait for an input ends, and counts,", () => {
  const never = {
    [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }),
  };

  test.each([
    ["when the run is drained", ({ draining }: Reading) => draining.abort()],
    ["when nothing more is wanted", ({ stopping }: Reading) => stopping.abort(new Error("left"))],
  ])("%s", async (_, end) => {
    const waits: number[] = [];
    const read = reading(never, undefined, undefined, { onWaited: (durationMs) => waits.push(durationMs) });
    const next = read.chunks.next();
    await hops(5);
    end(read);
    await next.catch(() => {});
    expect(waits).toEqual([expect.any(Number)]);
  });

  test("when it fails", async () => {
    const waits: number[] = [];
    const { input } = asyncNumbers({ failAt: 0, failure: new Error("disk full") });
    const read = reading(input, undefined, undefined, { onWaited: (durationMs) => waits.push(durationMs) });
    await drained(read.chunks);
    expect(waits).toEqual([expect.any(Number)]);
  });
});

test("how long it had to be waited until more may be asked for is told", async () => {
  const waits: number[] = [];
  const { input } = asyncNumbers({ count: 1 });
  let room: Promise<void> | undefined = hops(3);
  const options = {
    room: () => {
      const first = room;
      room = undefined;
      return first;
    },
    onRoom: (began: number) => waits.push(began),
  };
  const began = performance.now();
  await drained(reading(input, undefined, undefined, options).chunks);
  expect(waits).toEqual([expect.any(Number)]);
  expect(waits[0]).toBeGreaterThanOrEqual(began);
});
