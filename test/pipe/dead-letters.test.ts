import { existsSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as nextRound } from "node:timers/promises";
import {
  type DeadLetter,
  type DeadLetterSink,
  deadLetter,
  many,
  type PipeHaltedError,
  pipe,
  readLetters,
  reject,
} from "slither-ts";
import { expect, test } from "vitest";
import { deferred } from "../dispatch/deferred.js";
import { temporaryFolder } from "../helpers/temporary.js";
import { inlineSession } from "./inline-session.js";
import { asyncNumbers, upTo } from "./inputs.js";
import { consume, expectBalance, haltOf } from "./runs.js";

const check = pipe<number>("p")
  .node("check", (n) => {
    if (n % 2 === 1) throw new RangeError(`${n} is odd`);
    return n;
  })
  .onError("check", "reject");

async function lettersIn(file: string): Promise<DeadLetter[]> {
  const letters: DeadLetter[] = [];
  for await (const letter of readLetters(file)) letters.push(letter);
  return letters;
}

/** A sink that fails from its n-th write on; nobody is told before `given` resolves. */
function failing(
  failure: unknown,
  { after = 0, closes = true } = {},
): DeadLetterSink & { written: DeadLetter[] } {
  let writes = 0;
  const written: DeadLetter[] = [];
  return {
    written,
    write: async (letters) => {
      if (writes++ >= after) throw failure;
      written.push(...letters);
    },
    close: async () => {
      if (!closes) throw failure;
    },
  };
}

test("what a run rejects is in the file when the run is done, in order, and not in the run", async () => {
  const file = join(temporaryFolder(), "rejected.jsonl");
  const run = check.run(upTo(250), { deadLetter: deadLetter(file) });
  const { rejected, ledger } = await run.collect();
  expect(rejected).toEqual([]);
  expect(ledger).toMatchObject({ out: 125, rejected: 125 });
  const letters = await lettersIn(file);
  expect(letters.map(({ id }) => id)).toEqual(upTo(250).filter((n) => n % 2 === 1));
  expect(letters[0]).toMatchObject({
    run: run.id,
    pipe: "p",
    stage: "check",
    errorClass: "RangeError",
    message: "1 is odd",
    attempts: 1,
    input: 1,
    payload: 1,
    meta: {},
  });
});

test("a run that rejects nothing makes no file", async () => {
  const file = join(temporaryFolder(), "rejected.jsonl");
  await check.run([2, 4], { deadLetter: deadLetter(file) }).collect();
  expect(existsSync(file)).toBe(false);
});

test("more than 10,000 can be rejected when they are written", async () => {
  const sink = failing(undefined, { after: Number.POSITIVE_INFINITY });
  const { status, ledger } = await check.run(upTo(24_000), { deadLetter: sink }).collect();
  expect({ status, rejected: ledger.rejected, written: sink.written.length }).toEqual({
    status: "completed",
    rejected: 12_000,
    written: 12_000,
  });
  expectBalance(ledger);
});

test("what is rejected before a run halts, or is left, is in the file", async () => {
  const file = join(temporaryFolder(), "rejected.jsonl");
  const halting = check.node("strict", (n) => {
    if (n === 6) throw new Error("six");
    return n;
  });
  const error = await haltOf(halting.run(upTo(20), { deadLetter: deadLetter(file) }));
  expect(error).toMatchObject({ stage: "strict", rejected: [] });
  const before = await lettersIn(file);
  expect(before).toHaveLength(error.ledger.rejected);
  const run = check.run(upTo(20), { deadLetter: deadLetter(file) });
  for await (const { id } of run) if (id === 4) break;
  expect(await lettersIn(file)).toHaveLength(before.length + (await run.done).ledger.rejected);
});

test("a sink that fails halts the run with its error, and the run keeps what could not be written", async () => {
  const full = new Error("the disk is full");
  const sink = failing(full, { after: 1 });
  const { items, thrown } = await consume(check.run(upTo(5_000), { deadLetter: sink }));
  expect(thrown).toMatchObject({ status: "halted", stage: undefined, cause: full });
  expect((thrown as Error).message).toContain("the disk is full");
  const { rejected, ledger } = thrown as PipeHaltedError;
  expect(items).toHaveLength(ledger.out);
  expect(sink.written.length).toBeGreaterThan(0);
  expect([...sink.written, ...rejected].map(({ id }) => id)).toEqual(
    upTo(2 * ledger.rejected).filter((n) => n % 2 === 1),
  );
  expectBalance(ledger);
});

test("a sink that fails at the very end halts the run all the same", async () => {
  const full = new Error("the disk is full");
  for (const sink of [failing(full), failing(full, { after: 9, closes: false })]) {
    const { items, thrown } = await consume(check.run(upTo(10), { deadLetter: sink }));
    expect(items).toHaveLength(5);
    expect(thrown).toMatchObject({ status: "halted", cause: full });
  }
});

test("a file that cannot be opened halts the run by its name", async () => {
  const file = join(temporaryFolder(), "no-such-folder", "rejected.jsonl");
  const error = await haltOf(check.run(upTo(4), { deadLetter: deadLetter(file) }));
  expect(error.cause).toMatchObject({ code: "SLITHER_DEAD_LETTER", file });
  expect(error.rejected.map(({ id }) => id)).toEqual([1, 3]);
});

test("a run whose sink has failed ends although its input is stuck", async () => {
  const full = new Error("the disk is full");
  const session = await inlineSession({ odd: (payloads: number[]) => payloads.map(() => null).slice(1) });
  const watched = asyncNumbers({ stuckAt: 2 });
  const run = pipe<number>("p")
    .python<number>("odd", { module: "model", function: "odd", batch: { size: 1 } })
    .onError("odd", "reject")
    .run(watched.input, { session, deadLetter: failing(full) });
  const error = await haltOf(run);
  expect(error.cause).toBe(full);
  expect(watched.returned).toBe(1);
  expectBalance(error.ledger);
});

test("a sink that is slow holds the run back: no more than a thousand wait for it", async () => {
  const gate = deferred();
  let handed = 0;
  let given = 0;
  async function* input(): AsyncGenerator<number> {
    for (const n of upTo(5_000)) {
      given += 1;
      yield n * 2 + 1;
    }
  }
  const sink: DeadLetterSink = {
    write: async (letters) => {
      handed += letters.length;
      if (handed >= 1_000) await gate.promise;
    },
    close: async () => {},
  };
  const collecting = check.run(input(), { deadLetter: sink }).collect();
  while (handed < 1_000) await new Promise((resolve) => setImmediate(resolve));
  expect(given).toBeLessThan(2_500);
  gate.resolve();
  expect((await collecting).ledger.rejected).toBe(5_000);
});

test("whoever iterates the rejected has them beside the sink, once each, also when the sink fails", async () => {
  const file = join(temporaryFolder(), "rejected.jsonl");
  for (const sink of [deadLetter(file), failing(new Error("full"))]) {
    const run = check.run(upTo(10), { deadLetter: sink });
    const ids: unknown[] = [];
    const reading = (async () => {
      for await (const { id } of run.rejected) ids.push(id);
    })();
    await Promise.all([reading, consume(run)]);
    expect([...ids, ...(await run.done).rejected.map(({ id }) => id)]).toEqual([1, 3, 5, 7, 9]);
  }
  expect(await lettersIn(file)).toHaveLength(5);
});

test("a sink that is none is refused by name", () => {
  expect(() => check.run([1], { deadLetter: { write: async () => {} } as never })).toThrow(
    "expected `deadLetter` to be deadLetter(file), or a sink with `write` and `close`",
  );
});

test("a run that is aborted does not wait for a sink that never answers, and keeps what it has not taken", async () => {
  const answer = deferred();
  const sink: DeadLetterSink = { write: () => answer.promise, close: async () => {} };
  const aborting = new AbortController();
  const run = check.run(asyncNumbers({ stuckAt: 4 }).input, { deadLetter: sink, signal: aborting.signal });
  run.on("stage-start", () => setImmediate(() => aborting.abort(new Error("enough"))));
  const error = await haltOf(run);
  expect(error.status).toBe("aborted");
  expect(error.rejected.length).toBe(error.ledger.rejected);
  expectBalance(error.ledger);

  // What it says in the end is not kept a second time.
  answer.reject(new Error("too late"));
  await nextRound();
  const kept: unknown[] = [];
  for await (const { id } of run.rejected) kept.push(id);
  expect(kept).toEqual(error.rejected.map(({ id }) => id));
});

test.each(["write", "close"])(
  "a run that is aborted when it waits for %s of its sink only is aborted, and ends",
  async (stuck) => {
    const reason = new Error("enough");
    const aborting = new AbortController();
    const reached = deferred();
    const wait = (): Promise<void> => {
      reached.resolve();
      return new Promise(() => {});
    };
    const sink: DeadLetterSink = { write: async () => {}, close: async () => {}, [stuck]: wait };
    const run = check.run(upTo(4), { deadLetter: sink, signal: aborting.signal });
    const halting = haltOf(run);
    await reached.promise;
    await nextRound();
    aborting.abort(reason);
    const error = await halting;
    expect(error).toMatchObject({ status: "aborted", cause: reason });
    expect(error.rejected.map(({ id }) => id)).toEqual(stuck === "write" ? [1, 3] : []);
  },
);

test("a run that is left when it waits for its sink only ends", async () => {
  const reached = deferred();
  const sink: DeadLetterSink = {
    write: () => {
      reached.resolve();
      return new Promise(() => {});
    },
    close: async () => {},
  };
  const run = check.run([1], { deadLetter: sink });
  const iterator = run[Symbol.asyncIterator]();
  const next = iterator.next();
  const halt = { status: "halted", cause: { code: "SLITHER_DEAD_LETTER" } };
  const halting = expect(next).rejects.toMatchObject(halt);
  await reached.promise;
  await nextRound();
  await iterator.return(undefined);
  await halting;
  expect((await run.done).rejected.map(({ id }) => id)).toEqual([0]);
});

/** Rejects a whole chunk at once, before anybody can read of it. */
const refusing = pipe<number>("p").node("check", (n) => (n % 2 === 1 ? reject(`${n} is odd`) : n));

test("what a reader has not read when it leaves is not in the run, where the sink has it", async () => {
  const file = join(temporaryFolder(), "rejected.jsonl");
  const run = refusing.run(upTo(40), { deadLetter: deadLetter(file) });
  const reading = (async () => {
    for await (const { id } of run.rejected) if (id === 3) break;
  })();
  const { rejected } = await run.collect();
  await reading;
  expect(rejected).toEqual([]);
  expect(await lettersIn(file)).toHaveLength(20);
});

test("what a reader has not read when it leaves is in the run, where the sink could not take it", async () => {
  const run = refusing.run(upTo(40), { deadLetter: failing(new Error("full")) });
  const ids: unknown[] = [];
  const reading = (async () => {
    for await (const { id } of run.rejected) {
      ids.push(id);
      if (id === 3) break;
    }
  })();
  await Promise.all([reading, consume(run)]);
  const { rejected } = await run.done;
  expect([...ids, ...rejected.map(({ id }) => id)]).toEqual(upTo(40).filter((n) => n % 2 === 1));
});

test("records that were made of one are run from the start as that one, and once", async () => {
  const file = join(temporaryFolder(), "rejected.jsonl");
  const letters = pipe<string>("letters", { id: (word) => `word-${word}` })
    .node("split", (word) => many([...word]))
    .node("check", (letter) => (letter === "a" ? reject("an a") : letter));
  await letters.run(["abc", "aaa", "bcd"], { deadLetter: deadLetter(file) }).collect();
  const again = await letters.replay(file, { from: "start" }).collect();
  expect(again.ledger).toMatchObject({ in: 2, expanded: 4, out: 2, rejected: 4 });
  expect(again.outputs.default.map(({ id }) => id)).toEqual(["word-abc/1", "word-abc/2"]);
  const failedOnly = await letters.replay(file).collect();
  expect(failedOnly.ledger).toMatchObject({ in: 4, rejected: 4 });
  expect(failedOnly.rejected.map(({ origin }) => origin)).toEqual([
    "word-abc",
    "word-aaa",
    "word-aaa",
    "word-aaa",
  ]);
});
