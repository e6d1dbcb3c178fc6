import fc from "fast-check";
import { expect, test } from "vitest";
import { Window } from "../../src/dispatch/window.js";
import { deferred } from "./deferred.js";

test("outcomes come in the order of putting in, whatever order the work ends in", async () => {
  const permutations = fc.integer({ min: 1, max: 8 }).chain((count) => {
    const positions = Array.from({ length: count }, (_, index) => index);
    return fc.shuffledSubarray(positions, { minLength: count, maxLength: count });
  });
  await fc.assert(
    fc.asyncProperty(permutations, async (completion) => {
      const window = new Window<number[], number>(completion.length);
      const works = completion.map(() => deferred<number>());
      for (const [index, work] of works.entries()) window.put([index], () => work.promise);
      for (const index of completion) works[index]?.resolve(index);
      const seen: unknown[] = [];
      for (let oldest = window.oldest; oldest !== undefined; oldest = window.oldest) {
        seen.push(await oldest);
        window.remove();
      }
      expect(seen).toEqual(completion.map((_, index) => ({ ok: true, value: index })));
    }),
  );
});

test("it is full at its limit, and not any more when one is removed", () => {
  const window = new Window<number[], void>(2);
  window.put([1], async () => {});
  expect(window.full).toBe(false);
  window.put([2], async () => {});
  expect(window.full).toBe(true);
  window.remove();
  expect(window.full).toBe(false);
});

test("`held` is every batch in it, in order, answered or not", async () => {
  const window = new Window<string[], void>(3);
  const slow = deferred();
  window.put(["a", "b"], async () => {});
  window.put(["c"], () => slow.promise);
  await window.oldest;
  expect(window.held).toEqual([["a", "b"], ["c"]]);
  window.remove();
  expect(window.held).toEqual([["c"]]);
});

test("work that fails is an outcome, and no unhandled rejection for those behind it", async () => {
  const window = new Window<string[], void>(2);
  const error = new Error("broken");
  window.put(["a"], () => Promise.reject(error));
  window.put(["b"], () => Promise.reject(new Error("never looked at")));
  await expect(window.oldest).resolves.toEqual({ ok: false, error });
});

/** Puts a batch in whose work never ends; gives back what tells that it is in trouble. */
function putStuck(window: Window<string[], void>, name: string): () => void {
  let inTrouble = (): void => {};
  window.put([name], (onTrouble) => {
    inTrouble = onTrouble;
    return new Promise(() => {});
  });
  return inTrouble;
}

test("a batch in trouble makes room for another, and keeps its place in the order", async () => {
  const window = new Window<string[], void>(1);
  const trouble = putStuck(window, "a");
  expect(window.full).toBe(true);
  trouble();
  expect(window.full).toBe(false);
  putStuck(window, "b");
  expect(window.full).toBe(true);
  expect(window.held).toEqual([["a"], ["b"]]);
});

test("who waits for room is told of the first batch that comes into trouble", async () => {
  const window = new Window<string[], void>(2);
  putStuck(window, "a");
  const trouble = putStuck(window, "b");
  const room = window.nextRoom();
  trouble();
  await expect(room).resolves.toEqual({ room: true });
});

test("at most eight batches are held besides those in flight, in trouble or not", () => {
  const window = new Window<string[], void>(3);
  let put = 0;
  for (; !window.full; put++) putStuck(window, `${put}`)();
  expect(put).toBe(3 + 8);
  window.remove();
  expect(window.full).toBe(false);
});
