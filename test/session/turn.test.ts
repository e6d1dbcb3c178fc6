import { expect, test } from "vitest";
import { JobQueue } from "../../src/session/queue.js";
import { Release } from "../../src/session/release.js";
import { Turn } from "../../src/session/turn.js";
import { rejection } from "../helpers/rejection.js";

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

test("a turn has the worker for itself: what comes after it waits until it is done", async () => {
  const queue = new JobQueue();
  const order: string[] = [];
  const { promise, resolve } = deferred();

  const first = Turn.take(queue, async () => {
    await promise;
    order.push("first");
  });
  const second = Turn.take(queue, async () => order.push("second"));
  resolve();

  await Promise.all([first, second]);
  expect(order).toEqual(["first", "second"]);
});

test("a turn gives back the result of its work, and fails with its error; the next goes on", async () => {
  const queue = new JobQueue();

  const failing = rejection(
    Turn.take(queue, async () => {
      throw new TypeError("no");
    }),
    TypeError,
  );
  const next = Turn.take(queue, async () => 7);

  await failing;
  expect(await next).toBe(7);
  expect(queue.idle).toBe(true);
});

test("a turn whose worker is gone does not hold up those after it", async () => {
  const queue = new JobQueue();
  const { promise, resolve } = deferred();
  const stuck = Turn.take(queue, () => promise);

  queue.workerGone(new Error("died"), true);

  expect(await Turn.take(queue, async () => 7)).toBe(7);
  resolve();
  await stuck;
});

test("a release waits for its turn, and takes no time of its own", async () => {
  const queue = new JobQueue();
  const order: string[] = [];
  const { promise, resolve } = deferred();
  const turn = Turn.take(queue, async () => {
    await promise;
    order.push("turn");
  });
  queue.add(new Release(queue, () => order.push("release")));
  const next = Turn.take(queue, async () => order.push("next"));

  resolve();

  await Promise.all([turn, next]);
  expect(order).toEqual(["turn", "release", "next"]);
});
