import { AcknowledgeError, type Item } from "slither-ts";
import { expect, test } from "vitest";
import { Receipts } from "../../src/run/receipts.js";
import { newItems } from "../../src/run/source.js";
import { childOf } from "../../src/stage/item.js";
import { deferred, quiet } from "../dispatch/deferred.js";
import { upTo } from "../pipe/inputs.js";

/** What the source was told, such as `ack 3`. */
type Log = string[];

interface Desk {
  readonly receipts: Receipts;
  readonly log: Log;
  /** Takes a delivery; `answer` is what its `ack` and `nack` do. */
  take(record: number, answer?: () => void | PromiseLike<void>): Item;
}

function desk(id?: (record: unknown) => number): Desk {
  const receipts = new Receipts();
  const make = receipts.making(newItems(id));
  const log: Log = [];
  return {
    receipts,
    log,
    take: (record, answer = () => {}) =>
      make(
        {
          record,
          ack: () => {
            log.push(`ack ${record}`);
            return answer();
          },
          nack: (reason: unknown) => {
            log.push(`nack ${record} ${reason}`);
            return answer();
          },
        },
        record,
      ),
  };
}

test("a record is acknowledged when it is closed, and no sooner", () => {
  const { receipts, log, take } = desk();
  const item = take(0);
  receipts.shown(item);
  expect(log).toEqual([]);
  receipts.closed(item);
  expect(log).toEqual(["ack 0"]);
});

test("the item has the record of the delivery as payload and input", () => {
  expect(desk().take(7)).toEqual({ id: 7, payload: 7, input: 7, meta: {}, route: "default" });
});

test("a record that is closed twice is acknowledged once", () => {
  const { receipts, log, take } = desk();
  const item = take(0);
  receipts.closed(item);
  receipts.closed(item);
  receipts.leftOut(item);
  expect(log).toEqual(["ack 0"]);
});

test("a record of which several were made is acknowledged with the last of them, whatever each came to", () => {
  const { receipts, log, take } = desk();
  const item = take(0);
  const children = upTo(3).map((index) => childOf(item, index, index));
  receipts.divided(item, children);
  receipts.closed(children[2] as Item);
  receipts.leftOut(children[0] as Item);
  expect(log).toEqual([]);
  receipts.closed(children[1] as Item);
  expect(log).toEqual(["ack 0"]);
});

test("what is made of one that was made is waited for, too", () => {
  const { receipts, log, take } = desk();
  const item = take(0);
  const [first, second] = upTo(2).map((index) => childOf(item, index, index)) as [Item, Item];
  receipts.divided(item, [first, second]);
  const grandchildren = upTo(2).map((index) => childOf(first, index, index));
  receipts.divided(first, grandchildren);
  receipts.closed(second);
  receipts.closed(grandchildren[0] as Item);
  expect(log).toEqual([]);
  receipts.closed(grandchildren[1] as Item);
  expect(log).toEqual(["ack 0"]);
});

test("at the end, what is open is given back with the reason, once for each delivery", async () => {
  const { receipts, log, take } = desk();
  const [zero, , two] = upTo(3).map((record) => take(record)) as [Item, Item, Item];
  receipts.divided(
    zero,
    upTo(2).map((index) => childOf(zero, index, index)),
  );
  receipts.closed(two);
  await receipts.end("over");
  expect(log.sort()).toEqual(["ack 2", "nack 0 over", "nack 1 over"]);
  expect(receipts.summary).toEqual({ acknowledged: 1, returned: 2, mayComeTwice: [] });
});

test("after the end nothing of a delivery is told any more", async () => {
  const { receipts, log, take } = desk();
  const item = take(0);
  await receipts.end(undefined);
  receipts.closed(item);
  expect(log).toEqual(["nack 0 undefined"]);
});

test("may come twice: what was given back and shown, also by one of those that were made of it", async () => {
  const { receipts, take } = desk();
  const [shown, divided] = [take(0), take(1), take(2)];
  receipts.shown(shown);
  const children = upTo(2).map((index) => childOf(divided, index, index));
  receipts.divided(divided, children);
  receipts.closed(children[0] as Item);
  await receipts.end(undefined);
  expect(receipts.summary.mayComeTwice.toSorted()).toEqual([0, 1]);
});

test("what was only left out of a record does not come twice by that", async () => {
  const { receipts, take } = desk();
  const item = take(0);
  const children = upTo(2).map((index) => childOf(item, index, index));
  receipts.divided(item, children);
  receipts.leftOut(children[0] as Item);
  await receipts.end(undefined);
  expect(receipts.summary).toEqual({ acknowledged: 0, returned: 1, mayComeTwice: [] });
});

test.each([
  [
    "throws",
    () => {
      throw new Error("gone");
    },
  ],
  ["rejects", () => Promise.reject(new Error("gone"))],
])("an ack that %s aborts, may come twice, and is what the end throws", async (_, answer) => {
  const { receipts, take } = desk();
  receipts.closed(take(4, answer));
  await quiet();
  expect(receipts.failed.reason).toBeInstanceOf(AcknowledgeError);
  expect(receipts.failed.reason).toMatchObject({
    id: 4,
    call: "ack",
    message: "expected ack() of record 4 not to fail, got gone",
    cause: new Error("gone"),
  });
  await expect(receipts.end(undefined)).rejects.toBe(receipts.failed.reason);
  expect(receipts.summary).toEqual({ acknowledged: 1, returned: 0, mayComeTwice: [4] });
});

test("a nack that fails is what the end throws, after all others were told", async () => {
  const { receipts, log, take } = desk();
  take(0, () => Promise.reject(new Error("gone")));
  take(1);
  await expect(receipts.end("over")).rejects.toMatchObject({ call: "nack", id: 0 });
  expect(log).toEqual(["nack 0 over", "nack 1 over"]);
  expect(receipts.summary.mayComeTwice).toEqual([]);
});

test("an ack may fail with anything, also with what cannot become text", async () => {
  const { receipts, take } = desk();
  receipts.closed(take(0, () => Promise.reject(Object.create(null))));
  await expect(receipts.end(undefined)).rejects.toBeInstanceOf(AcknowledgeError);
});

test("the end waits for what ack and nack give back, also for what is only like a promise", async () => {
  const { receipts, take } = desk();
  const answered = deferred();
  // biome-ignore lint/suspicious/noThenProperty: clients of brokers have promises of their own.
  take(0, () => ({ then: (...listeners) => answered.promise.then(...listeners) }));
  let hasEnded = false;
  const ended = receipts.end(undefined).then(() => {
    hasEnded = true;
  });
  await quiet();
  expect(hasEnded).toBe(false);
  answered.resolve();
  await ended;
});

test("the end waits no longer than until it is too late; an ack without an answer may come twice", async () => {
  const { receipts, take } = desk();
  receipts.closed(take(0, () => new Promise(() => {})));
  take(1, () => new Promise(() => {}));
  await receipts.end(undefined, AbortSignal.abort());
  expect(receipts.summary).toEqual({ acknowledged: 1, returned: 1, mayComeTwice: [0] });
});

test("there is room until 1,000 calls have no answer, and again when one of those has", async () => {
  const { receipts, take } = desk();
  const answers = upTo(1_000).map(() => deferred());
  for (const [record, { promise }] of answers.entries()) {
    expect(receipts.room()).toBeUndefined();
    receipts.closed(take(record, () => promise));
  }
  const room = receipts.room();
  expect(room).toBeInstanceOf(Promise);
  answers[500]?.resolve();
  await room;
  expect(receipts.room()).toBeUndefined();
});

test("of more than 1,000 calls without an answer, so many must have one that less than 1,000 are left", async () => {
  const { receipts, take } = desk();
  const answers = upTo(1_002).map(() => deferred());
  for (const [record, { promise }] of answers.entries()) receipts.closed(take(record, () => promise));
  let hasRoom = false;
  const room = receipts.room()?.then(() => {
    hasRoom = true;
  });
  for (const { resolve } of answers.slice(0, 2)) resolve();
  await quiet();
  expect(hasRoom).toBe(false);
  answers[2]?.resolve();
  await room;
  expect(hasRoom).toBe(true);
});

test("what came too late is given back, and counted as that", async () => {
  const { receipts } = desk();
  const given: unknown[] = [];
  receipts.refused({
    record: 1,
    ack: () => given.push("ack"),
    nack: (reason: unknown) => given.push(reason),
  });
  await receipts.end("over");
  expect(given).toEqual([undefined]);
  expect(receipts.summary).toEqual({ acknowledged: 0, returned: 1, mayComeTwice: [] });
});

test("a delivery whose record gets no id is given back with the reason", async () => {
  const noId = new Error("no id");
  const { receipts, log, take } = desk(() => {
    throw noId;
  });
  expect(() => take(3)).toThrow(noId);
  await receipts.end(undefined);
  expect(log).toEqual([`nack 3 ${noId}`]);
});
