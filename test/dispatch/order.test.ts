import { expect, test } from "vitest";
import { Entry } from "../../src/dispatch/entry.js";
import { type Order, type Ordering, orderOf } from "../../src/dispatch/order.js";
import { heldOf } from "../helpers/garbage.js";

type Numbered = Entry<number, string>;

/** An order that holds the records from 0 on, each of which takes ten bytes. */
function holding(ordering: Ordering, count: number): { order: Order<number, string>; entries: Numbered[] } {
  const order = orderOf<number, string>(ordering);
  const entries = Array.from({ length: count }, (_, record) => new Entry<number, string>(record, 10, 0));
  for (const entry of entries) order.add(entry);
  return { order, entries };
}

function settle(order: Order<number, string>, ...entries: Numbered[]): void {
  for (const entry of entries) order.settle(entry, { kind: "passed", record: entry.record });
}

function taken(order: Order<number, string>): number[] {
  return order.take().map(({ record }) => record);
}

const orderings: readonly Ordering[] = ["preserve", "as-completed"];

test("`preserve` gives out nothing before its turn, and then all that is done behind it", () => {
  const { order, entries } = holding("preserve", 4);
  const [first, second, third] = entries as [Numbered, Numbered, Numbered];
  settle(order, second, third);
  expect(taken(order)).toEqual([]);
  settle(order, first);
  expect(taken(order)).toEqual([0, 1, 2]);
});

test("`as-completed` gives out what is done in the order in which it was done", () => {
  const { order, entries } = holding("as-completed", 4);
  const [first, second, third] = entries as [Numbered, Numbered, Numbered];
  settle(order, third, second);
  expect(taken(order)).toEqual([2, 1]);
  settle(order, first);
  expect(taken(order)).toEqual([0]);
});

test.each(orderings)("an outcome is given out as it was settled, once (%s)", (ordering) => {
  const { order, entries } = holding(ordering, 1);
  const outcome = { kind: "done", record: 0, result: "zero", attempts: 2 } as const;
  order.settle(entries[0] as Numbered, outcome);
  expect(order.take()).toEqual([outcome]);
  expect(order.take()).toEqual([]);
});

test.each(orderings)("what is given out counts no longer, what is only done does (%s)", (ordering) => {
  const { order, entries } = holding(ordering, 3);
  settle(order, entries[0] as Numbered);
  expect([order.rows, order.bytes]).toEqual([3, 30]);
  order.take();
  expect([order.rows, order.bytes]).toEqual([2, 20]);
});

test.each(orderings)(
  "`held` are the records that were not given out, in the order of the input (%s)",
  (ordering) => {
    const { order, entries } = holding(ordering, 5);
    settle(order, entries[3] as Numbered, entries[0] as Numbered);
    expect(order.held).toEqual([0, 1, 2, 3, 4]);
    const gone = taken(order);
    expect(order.held).toEqual([0, 1, 2, 3, 4].filter((record) => !gone.includes(record)));
  },
);

test("under `preserve` a failure is reached only when everything before it was given out", () => {
  const { order, entries } = holding("preserve", 4);
  const error = new Error("broken");
  order.fail(entries.slice(1, 3), error);
  expect([order.isEnding, order.failure]).toEqual([true, undefined]);
  settle(order, entries[0] as Numbered, entries[3] as Numbered);
  expect(taken(order)).toEqual([0]);
  expect(order.failure).toEqual({ error });
  expect(order.held).toEqual([1, 2, 3]);
});

test("under `preserve` the failure that comes first in the input is the one, whichever was first", () => {
  const { order, entries } = holding("preserve", 3);
  order.fail(entries.slice(2), new Error("later in the input"));
  order.fail(entries.slice(0, 1), new Error("earlier in the input"));
  expect(order.failure?.error).toHaveProperty("message", "earlier in the input");
});

test("under `as-completed` the first failure is reached at once, and what was done before can still be taken", () => {
  const { order, entries } = holding("as-completed", 4);
  const error = new Error("broken");
  settle(order, entries[3] as Numbered);
  order.fail(entries.slice(1, 3), error);
  order.fail(entries.slice(0, 1), new Error("too late"));
  expect(order.failure).toEqual({ error });
  expect(taken(order)).toEqual([3]);
  expect(order.held).toEqual([0, 1, 2]);
});

test.each(orderings)("no failure is no failure (%s)", (ordering) => {
  const { order } = holding(ordering, 2);
  expect([order.isEnding, order.failure]).toEqual([false, undefined]);
});

test.each(orderings)(
  "what was given out is not kept, although the next is not done (%s)",
  async (ordering) => {
    const order = orderOf<object, string>(ordering);
    const records = Array.from({ length: 100 }, () => {
      const record = {};
      const entry = new Entry<object, string>(record, 10, 0);
      order.add(entry);
      order.settle(entry, { kind: "passed", record });
      return new WeakRef(record);
    });
    order.add(new Entry<object, string>({}, 10, 0));
    expect(order.take()).toHaveLength(100);
    expect(await heldOf(records, 0)).toBe(0);
    expect(order.rows).toBe(1);
  },
);

test("nothing is lost or doubled when the gap that was given out is closed, however often", () => {
  const { order, entries } = holding("preserve", 1);
  let last = entries[0] as Numbered;
  for (let record = 1; record <= 10_000; record++) {
    const next = new Entry<number, string>(record, 10, 0);
    order.add(next);
    settle(order, last);
    expect(taken(order)).toEqual([record - 1]);
    last = next;
  }
  expect([order.rows, order.held]).toEqual([1, [10_000]]);
});
