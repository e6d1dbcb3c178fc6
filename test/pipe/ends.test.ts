import { PythonError, pipe, type Run, reject, retry } from "slither-ts";
import { expect, test } from "vitest";
import { deferred, quiet } from "../dispatch/deferred.js";
import { batchReply } from "../helpers/batch-reply.js";
import { Waits } from "../stage/waits.js";
import { upTo } from "./inputs.js";
import { expectBalance } from "./runs.js";
import { type SentRequest, scriptedEngine } from "./scripted-engine.js";

const raised = { type: "ValueError", module: "builtins", message: "not yet", traceback: "" };
const payloadsOf = ({ request }: SentRequest): number[] =>
  (request as unknown as { payloads: number[] }).payloads;

function answer(sent: SentRequest): void {
  sent.reply.resolve(batchReply(payloadsOf(sent)));
}

type Trouble = "a retry waits" | "a probe searches" | "a batch is in flight" | "nobody reads the rejected";

const TROUBLES: readonly Trouble[] = [
  "a retry waits",
  "a probe searches",
  "a batch is in flight",
  "nobody reads the rejected",
];

const STRANDED = Array.from({ length: 2_000 }, (_, index) => index + 10);

/**
 * A run of which the records 0 and 1 are through, and which is in trouble with what comes then: the records 2 and 3, or, where it is the reader, many
 * that are rejected. The stage behind holds the record 1 back until `later` is settled.
 */
async function inTrouble(trouble: Trouble) {
  const clock = new Waits();
  const [broken, later, reached] = [deferred<never>(), deferred(), deferred()];
  const held: SentRequest[] = [];
  let first: SentRequest | undefined;
  const { engine } = scriptedEngine({
    forks: true,
    onSent: (sent, worker) => {
      if (payloadsOf(sent)[0] === 0) {
        first = sent;
        if (trouble === "nobody reads the rejected") answer(first);
        return;
      }
      held.push(sent);
      if (held.length > 1) {
        reached.resolve();
        return;
      }
      // Both are with the worker: what comes of the second is not held up by the stage behind.
      answer(first as SentRequest);
      if (trouble === "a retry waits") sent.reply.reject(new PythonError(sent.site, raised));
      else if (trouble === "a probe searches") worker.die("SIGKILL");
      else reached.resolve();
    },
  });
  const records = trouble === "nobody reads the rejected" ? STRANDED : [2, 3];
  let failure: Error | undefined;
  broken.promise.catch((error) => {
    failure = error;
  });
  async function* input(): AsyncGenerator<number> {
    yield* [0, 1];
    for (const n of records) {
      if (failure) throw failure;
      yield n;
    }
    await broken.promise;
  }
  const controller = new AbortController();
  const run = pipe<number>("p")
    .node("check", (n) => (n >= 10 ? reject("too large") : n))
    .python<number>("predict", { module: "model", function: "predict", batch: { size: 2 } })
    .node("after", async (n) => {
      if (n === 1) await later.promise;
      return n;
    })
    .onError("predict", trouble === "a retry waits" ? retry({ on: ["ValueError"] }) : "reject")
    .run(input(), { session: await engine.session(), clock, signal: controller.signal });
  const reader = run.rejected[Symbol.asyncIterator]();
  if (trouble !== "nobody reads the rejected") await reader.return?.();
  const items = run[Symbol.asyncIterator]();
  const seen: unknown[] = [];
  const consuming = (async (): Promise<unknown> => {
    try {
      for (let next = await items.next(); !next.done; next = await items.next()) seen.push(next.value.id);
      return undefined;
    } catch (error) {
      return error;
    }
  })();
  /** What ends the trouble. */
  const solve = async (): Promise<void> => {
    if (trouble === "nobody reads the rejected") {
      await reader.return?.();
      return;
    }
    if (trouble === "a retry waits") {
      clock.end();
      await reached.promise;
    }
    answer(held.at(-1) as SentRequest);
  };
  if (trouble === "a retry waits") await clock.count(1);
  else if (trouble !== "nobody reads the rejected") await reached.promise;
  for (const _ of upTo(20)) await quiet();
  return { run: run as Run<number>, items, seen, consuming, controller, broken, later, solve };
}

async function expectEnd(run: Run<number>, status: string, seen: readonly unknown[]): Promise<void> {
  const { ledger, status: got } = await run.done;
  expect(got).toBe(status);
  expect(ledger.out).toBe(seen.length);
  expectBalance(ledger);
}

test.each(TROUBLES)("while %s, a later stage that fails ends the run at once", async (trouble) => {
  const { run, seen, consuming, later } = await inTrouble(trouble);
  later.reject(new Error("later"));
  expect(await consuming).toMatchObject({ status: "halted", stage: "after", cause: { message: "later" } });
  expect(seen).toEqual([0]);
  await expectEnd(run, "halted", seen);
});

test.each(TROUBLES)("while %s, an abort ends the run at once", async (trouble) => {
  const { run, seen, consuming, controller, later } = await inTrouble(trouble);
  later.resolve();
  for (const _ of upTo(20)) await quiet();
  const reason = new Error("enough");
  controller.abort(reason);
  expect(await consuming).toMatchObject({ status: "aborted", cause: reason });
  expect(seen).toEqual([0, 1]);
  await expectEnd(run, "aborted", seen);
});

test.each(TROUBLES)("while %s, leaving the loop ends the run at once", async (trouble) => {
  const { run, items, seen, consuming, later } = await inTrouble(trouble);
  later.resolve();
  for (const _ of upTo(20)) await quiet();
  await items.return(undefined);
  expect(await consuming).toBeUndefined();
  expect(seen).toEqual([0, 1]);
  await expectEnd(run, "stopped", seen);
});

test.each(TROUBLES)("while %s, an input that throws ends the run when that is over", async (trouble) => {
  const { run, seen, consuming, broken, later, solve } = await inTrouble(trouble);
  later.resolve();
  broken.reject(new Error("the input"));
  await quiet();
  await solve();
  expect(await consuming).toMatchObject({
    status: "halted",
    stage: undefined,
    cause: { message: "the input" },
  });
  expect(seen).toEqual(trouble === "nobody reads the rejected" ? [0, 1] : [0, 1, 2, 3]);
  await expectEnd(run, "halted", seen);
});

test.each(TROUBLES)("while %s, a drain ends the run when that is over", async (trouble) => {
  const { run, seen, consuming, later, solve } = await inTrouble(trouble);
  later.resolve();
  run.drain();
  await quiet();
  await solve();
  expect(await consuming).toBeUndefined();
  expect(seen).toEqual(trouble === "nobody reads the rejected" ? [0, 1] : [0, 1, 2, 3]);
  await expectEnd(run, "stopped", seen);
});

test("a function that never decides does not hold up an abort", async () => {
  const asked = deferred();
  const { engine } = scriptedEngine({
    onSent: (sent) => sent.reply.reject(new PythonError(sent.site, raised)),
  });
  const controller = new AbortController();
  const run = pipe<number>("p")
    .python<number>("predict", { module: "model", function: "predict", batch: { size: 2 } })
    .onError("predict", () => {
      asked.resolve();
      return new Promise<"reject">(() => {});
    })
    .run(upTo(4), { session: await engine.session(), signal: controller.signal });
  const collecting = run.collect().catch((error: unknown) => error);
  await asked.promise;
  controller.abort(new Error("enough"));
  expect(await collecting).toMatchObject({ status: "aborted", ledger: { in: 4, unfinished: 4 } });
});
