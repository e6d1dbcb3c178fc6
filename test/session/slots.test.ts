import fc from "fast-check";
import { EngineFullError } from "slither-ts";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Slots } from "../../src/session/slots.js";
import { rejection } from "../helpers/rejection.js";

const LONG = { timeoutMs: 60_000 };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("slots", () => {
  test("are taken while there are any", () => {
    const slots = new Slots("maxSessions", 3);

    expect([slots.tryTake(2), slots.tryTake(2), slots.tryTake(1), slots.tryTake(1)]).toEqual([
      true,
      false,
      true,
      false,
    ]);
  });

  test("without a limit are never used up", () => {
    expect(new Slots("maxSessions", Number.POSITIVE_INFINITY).tryTake(1e9)).toBe(true);
  });

  test("are given to those that wait, in line; a small request does not pass a large one", async () => {
    const slots = new Slots("maxSessions", 3);
    slots.tryTake(3);
    const order: string[] = [];
    const large = slots.take(2, LONG).then(() => order.push("large"));
    const small = slots.take(1, LONG).then(() => order.push("small"));

    slots.give(1);
    expect(slots.tryTake(1)).toBe(false);
    slots.give(1);
    await large;
    slots.give(1);
    await small;

    expect(order).toEqual(["large", "small"]);
  });

  test("that were exceeded are missing until enough were given back", () => {
    const slots = new Slots("maxProcesses", 1);
    slots.tryTake(1);
    slots.exceed(1);

    slots.give(1);
    expect(slots.tryTake(1)).toBe(false);
    slots.give(1);

    expect(slots.tryTake(1)).toBe(true);
  });
});

describe("waiting", () => {
  test("ends with an error after its time, and takes nothing then", async () => {
    const slots = new Slots("maxProcesses", 1);
    slots.tryTake(1);
    const waiting = rejection(slots.take(1, { timeoutMs: 50 }), EngineFullError);

    vi.advanceTimersByTime(50);

    expect(await waiting).toMatchObject({ option: "maxProcesses", limit: 1, wanted: 1, waitedMs: 50 });
    slots.give(1);
    expect(slots.used).toBe(0);
  });

  test("that began earlier ends earlier, and is told as a whole", async () => {
    const slots = new Slots("maxProcesses", 1);
    slots.tryTake(1);
    const since = performance.now();
    vi.advanceTimersByTime(40);
    const waiting = rejection(slots.take(1, { timeoutMs: 50, since }), EngineFullError);

    vi.advanceTimersByTime(10);

    expect((await waiting).waitedMs).toBe(50);
  });

  test("for more than there ever are is refused at once", async () => {
    const error = await rejection(new Slots("maxSessions", 2).take(3, LONG), EngineFullError);

    expect(error).toMatchObject({ wanted: 3, waitedMs: 0 });
  });

  test("can be given up, and lets those behind move up", async () => {
    const slots = new Slots("maxSessions", 2);
    slots.tryTake(1);
    const controller = new AbortController();
    const large = rejection(slots.take(2, LONG, controller.signal), TypeError);
    const small = slots.take(1, LONG);

    controller.abort(new TypeError("enough"));

    await large;
    await small;
    expect(slots.used).toBe(2);
  });

  test("does not begin with a signal that was aborted before", async () => {
    const slots = new Slots("maxSessions", 1);
    slots.tryTake(1);

    await rejection(slots.take(1, LONG, AbortSignal.abort(new TypeError("enough"))), TypeError);
  });

  test("holds no timer when it is over", async () => {
    const slots = new Slots("maxSessions", 1);
    slots.tryTake(1);
    const waiting = slots.take(1, LONG);

    slots.give(1);
    await waiting;

    expect(vi.getTimerCount()).toBe(0);
  });
});

test("never more are taken than there are, and all requests that fit are served in their order", async () => {
  const step = fc.oneof(
    fc.record({ take: fc.integer({ min: 1, max: 3 }) }),
    fc.constant({ give: true as const }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const slots = new Slots("maxSessions", 3);
      const served: number[] = [];
      const held: number[] = [];
      let asked = 0;
      const settled = () => Promise.resolve().then(() => Promise.resolve());
      for (const each of steps) {
        if ("take" in each) {
          const number = asked++;
          void slots.take(each.take, LONG).then(() => {
            served.push(number);
            held.push(each.take);
          });
        } else {
          const count = held.shift();
          if (count !== undefined) slots.give(count);
        }
        await settled();
        expect(slots.used).toBeLessThanOrEqual(3);
      }
      while (held.length > 0) {
        slots.give(held.shift() as number);
        await settled();
      }
      expect(served).toEqual(Array.from({ length: asked }, (_, index) => index));
      expect(slots.used).toBe(0);
    }),
  );
});
