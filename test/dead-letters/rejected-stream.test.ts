import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RejectedStream, UNREAD_ROOM } from "../../src/dead-letters/rejected-stream.js";
import type { Rejection } from "../../src/stage/item.js";
import { rejectionOf } from "./letters.js";

const IN_USE = new Error("in use");

function open(...kept: Rejection[]): { stream: RejectedStream; kept: Rejection[] } {
  return { stream: new RejectedStream(kept, () => IN_USE), kept };
}

const numbered = (id: number): Rejection => rejectionOf(undefined, { id });
const ids = (rejections: Iterable<Rejection>) => Array.from(rejections, ({ id }) => id);

/** Whether a promise is settled by what has happened so far. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  void promise.then(() => {
    settled = true;
  });
  await new Promise(setImmediate);
  return settled;
}

test("rejections go to whoever iterates, as they come, until the run is over", async () => {
  const { stream, kept } = open();
  const given: unknown[] = [];
  const consuming = (async () => {
    for await (const { id } of stream) given.push(id);
  })();
  stream.push(numbered(1));
  await new Promise(setImmediate);
  expect(given).toEqual([1]);
  stream.push(numbered(2));
  stream.push(numbered(3));
  stream.end();
  await consuming;
  expect(given).toEqual([1, 2, 3]);
  expect(kept).toEqual([]);
});

test("those that were kept come first, each is taken out when it is given, and then come the new ones", async () => {
  const { stream, kept } = open(numbered(1));
  stream.push(numbered(2));
  expect(ids(kept)).toEqual([1, 2]);
  const iterator = stream[Symbol.asyncIterator]();
  stream.push(numbered(3));
  for (const id of [1, 2, 3]) expect((await iterator.next()).value).toMatchObject({ id });
  expect(kept).toEqual([]);
});

test("a run that has ended gives those that it kept", async () => {
  const { stream } = open(numbered(1), numbered(2));
  stream.end();
  const given: unknown[] = [];
  for await (const { id } of stream) given.push(id);
  expect(given).toEqual([1, 2]);
  for await (const _ of stream) expect.unreachable();
});

test("what a consumer that leaves did not take is there for the next", async () => {
  const { stream, kept } = open(numbered(1), numbered(2), numbered(3));
  for await (const _ of stream) break;
  expect(ids(kept)).toEqual([2, 3]);
  for await (const { id } of stream) {
    expect(id).toBe(2);
    break;
  }
});

test("a consumer that leaves while it waits is let go", async () => {
  const { stream, kept } = open();
  const iterator = stream[Symbol.asyncIterator]();
  const waiting = [iterator.next(), iterator.next()];
  await iterator.return?.();
  expect(await Promise.all(waiting)).toEqual([
    { done: true, value: undefined },
    { done: true, value: undefined },
  ]);
  stream.push(numbered(1));
  expect(ids(kept)).toEqual([1]);
});

test("a second consumer is refused while the first one iterates, and not after it left", async () => {
  const { stream } = open(numbered(1));
  const iterator = stream[Symbol.asyncIterator]();
  expect(() => stream[Symbol.asyncIterator]()).toThrow(IN_USE);
  await iterator.return?.();
  expect((await stream[Symbol.asyncIterator]().next()).value).toMatchObject({ id: 1 });
  // The first is over, and takes nothing from the second.
  await iterator.return?.();
  expect(stream.isIterated).toBe(true);
  expect(await iterator.next()).toEqual({ done: true, value: undefined });
});

test("it says whether someone iterates", async () => {
  const { stream } = open(numbered(1), numbered(2));
  expect(stream.isIterated).toBe(false);
  const thrower = stream[Symbol.asyncIterator]();
  expect(stream.isIterated).toBe(true);
  await thrower.next();
  expect(stream.isIterated).toBe(true);
  await expect(thrower.throw?.(IN_USE)).rejects.toBe(IN_USE);
  expect(stream.isIterated).toBe(false);
  stream.end();
  for await (const _ of stream) expect(stream.isIterated).toBe(true);
  expect(stream.isIterated).toBe(false);
});

describe("when so many are unread that there is no room", () => {
  function full(): {
    stream: RejectedStream;
    iterator: AsyncIterableIterator<Rejection>;
    room: Promise<void>;
  } {
    const { stream } = open();
    const iterator = stream[Symbol.asyncIterator]();
    for (let id = 0; id < UNREAD_ROOM; id++) {
      expect(stream.room()).toBeUndefined();
      stream.push(numbered(id));
    }
    return { stream, iterator, room: stream.room() as Promise<void> };
  }

  test("the run waits, until one is read", async () => {
    const { stream, iterator, room } = full();
    expect(await isSettled(room)).toBe(false);
    await iterator.next();
    await room;
    expect(stream.room()).toBeUndefined();
    stream.push(numbered(-1));
    expect(stream.room()).toBeInstanceOf(Promise);
  });

  test("it waits for all that are too many", async () => {
    const { stream, iterator, room } = full();
    stream.push(numbered(-1));
    await iterator.next();
    expect(await isSettled(room)).toBe(false);
    await iterator.next();
    await room;
  });

  test("it goes on when the consumer leaves", async () => {
    const { stream, iterator, room } = full();
    await iterator.return?.();
    await room;
    expect(stream.room()).toBeUndefined();
  });

  test("it goes on when it has ended, and the consumer is given the rest", async () => {
    const { stream, iterator, room } = full();
    stream.end();
    await room;
    let given = 0;
    for await (const _ of iterator) given += 1;
    expect(given).toBe(UNREAD_ROOM);
  });
});

test("there is room for any number while nobody iterates", () => {
  const { stream } = open(...Array.from({ length: 2 * UNREAD_ROOM }, (_, id) => numbered(id)));
  expect(stream.room()).toBeUndefined();
  stream[Symbol.asyncIterator]();
  expect(stream.room()).toBeInstanceOf(Promise);
});

const step = fc.oneof(
  { weight: 6, arbitrary: fc.constant("push" as const) },
  { weight: 6, arbitrary: fc.constant("next" as const) },
  { weight: 2, arbitrary: fc.constant("flood" as const) },
  { weight: 2, arbitrary: fc.constant("iterate" as const) },
  {
    weight: 1,
    arbitrary: fc.constantFrom("return" as const, "throw" as const, "wait" as const, "end" as const),
  },
);

test("in whatever order things happen, each rejection is given once, in order, or is kept", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.nat({ max: 3 }), async (steps, atFirst) => {
      let pushed = 0;
      const make = (): Rejection => numbered(pushed++);
      const { stream, kept } = open(...Array.from({ length: atFirst }, make));
      let iterator: AsyncIterableIterator<Rejection> | undefined;
      const pulls: Promise<IteratorResult<Rejection, void>>[] = [];
      const rooms: Promise<void>[] = [];
      let hasEnded = false;
      for (const each of steps) {
        if (each === "push") stream.push(make());
        if (each === "flood") for (let count = 0; count < UNREAD_ROOM / 2; count++) stream.push(make());
        if (each === "next" && iterator) pulls.push(iterator.next());
        if (each === "wait") await new Promise(setImmediate);
        if (each === "end") {
          hasEnded = true;
          stream.end();
        }
        if (each === "return") await iterator?.return?.();
        if (each === "throw") await iterator?.throw?.(IN_USE).catch(() => {});
        if (each === "iterate" && !stream.isIterated) iterator = stream[Symbol.asyncIterator]();
        const room = stream.room();
        expect(room !== undefined).toBe(stream.isIterated && !hasEnded && kept.length >= UNREAD_ROOM);
        if (room !== undefined) rooms.push(room);
      }
      stream.end();
      await iterator?.return?.();
      await Promise.all(rooms);
      const given = (await Promise.all(pulls)).flatMap(({ value }) => (value === undefined ? [] : [value]));
      expect([...ids(given), ...ids(kept)]).toEqual(Array.from({ length: pushed }, (_, id) => id));
    }),
    { numRuns: 300 },
  );
});
