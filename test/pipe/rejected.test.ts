import { pipe, type Rejection, type Run, RunConsumedError } from "slither-ts";
import { expect, test } from "vitest";
import { deferred, quiet } from "../dispatch/deferred.js";
import { upTo } from "./inputs.js";
import { consume, expectBalance } from "./runs.js";

/** Rejects every second record of so many, or all of them. */
function rejecting(count: number, which: (n: number) => boolean = (n) => n % 2 === 1): Run<number> {
  return pipe<number>("p")
    .node("check", (n) => {
      if (which(n)) throw new Error(`${n}`);
      return n;
    })
    .onError("check", "reject")
    .run(upTo(count));
}

const all = (): boolean => true;

async function idsOf(rejected: AsyncIterable<Rejection>): Promise<unknown[]> {
  const ids: unknown[] = [];
  for await (const { id } of rejected) ids.push(id);
  return ids;
}

test("the rejected can be iterated beside the run, and both come to their end", async () => {
  const run = rejecting(500);
  const [ids, { items, thrown }] = await Promise.all([idsOf(run.rejected), consume(run)]);
  expect(ids).toEqual(upTo(500).filter((n) => n % 2 === 1));
  expect({ count: items.length, thrown }).toEqual({ count: 250, thrown: undefined });
  const { rejected, ledger } = await run.done;
  expect(rejected).toEqual([]);
  expectBalance(ledger);
});

test("a rejection can be read as soon as it is there, while the run goes on", async () => {
  const gate = deferred();
  const run = pipe<number>("p")
    .node("check", async (n) => {
      if (n === 0) throw new Error("zero");
      await gate.promise;
      return n;
    })
    .onError("check", "reject")
    .run([0, 1]);
  const rejected = run.rejected[Symbol.asyncIterator]();
  const consuming = consume(run);
  expect((await rejected.next()).value).toMatchObject({ id: 0, reason: "zero" });
  gate.resolve();
  expect((await consuming).items).toHaveLength(1);
  expect((await rejected.next()).done).toBe(true);
});

test("more can be rejected than a run keeps, when somebody reads them", async () => {
  const run = rejecting(12_000, all);
  const [ids, { thrown }] = await Promise.all([idsOf(run.rejected), consume(run)]);
  expect({ count: ids.length, thrown }).toEqual({ count: 12_000, thrown: undefined });
});

test("a reader that does not read holds the run back, until it does", async () => {
  const run = rejecting(5_000, all);
  const rejected = run.rejected[Symbol.asyncIterator]();
  let ended = false;
  const consuming = consume(run).then(() => {
    ended = true;
  });
  for (const _ of upTo(50)) await quiet();
  expect(ended).toBe(false);
  let count = 0;
  while (!(await rejected.next()).done) count += 1;
  await consuming;
  expect(count).toBe(5_000);
});

test("a reader that leaves in the middle leaves the rest to the run, which goes on", async () => {
  const run = rejecting(3_000, all);
  const reading = (async () => {
    let count = 0;
    for await (const _ of run.rejected) if (++count === 10) break;
  })();
  const [, { thrown }] = await Promise.all([reading, consume(run)]);
  expect(thrown).toBeUndefined();
  const { rejected, ledger } = await run.done;
  expect(rejected.map(({ id }) => id)).toEqual(upTo(3_000).slice(10));
  expectBalance(ledger);
});

test("what a slow reader is still given when the run ends is not in the run as well", async () => {
  const run = rejecting(50);
  const rejected = run.rejected[Symbol.asyncIterator]();
  const first = rejected.next();
  await consume(run);
  expect((await run.done).rejected).toEqual([]);
  expect((await first).value).toMatchObject({ id: 1 });
  const rest = await idsOf({ [Symbol.asyncIterator]: () => rejected });
  expect(rest).toEqual(upTo(50).filter((n) => n % 2 === 1 && n > 1));
});

test("after the end of a run, what it has kept can be read, once", async () => {
  const run = rejecting(10);
  await consume(run);
  expect(await idsOf(run.rejected)).toEqual([1, 3, 5, 7, 9]);
  expect(await idsOf(run.rejected)).toEqual([]);
});

test("two at once cannot iterate them", async () => {
  const run = rejecting(4);
  const first = run.rejected[Symbol.asyncIterator]();
  expect(() => run.rejected[Symbol.asyncIterator]()).toThrow(RunConsumedError);
  await first.return?.();
  await consume(run);
  expect(await idsOf(run.rejected)).toEqual([1, 3]);
});

test("a run that is left ends the iteration of its rejected", async () => {
  const run = rejecting(1_000);
  const reading = idsOf(run.rejected);
  for await (const { id } of run) if (id === 50) break;
  const ids = await reading;
  const { ledger, status } = await run.done;
  expect({ status, count: ids.length }).toEqual({ status: "stopped", count: ledger.rejected });
  expectBalance(ledger);
});
