import { join } from "node:path";
import { inspect } from "node:util";
import {
  type DeadLetter,
  DeadLetterError,
  deadLetter,
  many,
  OptionsError,
  type PipeHaltedError,
  pipe,
  readLetters,
} from "slither-ts";
import { expect, test } from "vitest";
import { temporaryFolder } from "../helpers/temporary.js";
import { inlineSession } from "./inline-session.js";
import { upTo } from "./inputs.js";
import { consume, expectBalance, haltOf } from "./runs.js";

interface Order {
  readonly n: number;
}

/** Three stages, of which the second, in Python, rejects what `works` says it cannot do. */
async function ordering(works: (n: number) => boolean) {
  const check = (payloads: number[]): number[] =>
    payloads.map((n) => {
      if (!works(n)) throw new Error(`${n} is not supported`);
      return n * 10;
    });
  const session = await inlineSession({ check });
  const seen = { read: [] as number[], after: [] as number[] };
  const orders = pipe<Order>("orders", { id: ({ n }) => `o-${n}` })
    .node("read", ({ n }, { meta }) => {
      seen.read.push(n);
      meta.read = (Number(meta.read) || 0) + 1;
      return n + 100;
    })
    .python<number>("check", { module: "model", function: "check", batch: { size: 3 } })
    .node("after", (n, { meta }) => {
      seen.after.push(n);
      return [n, meta.read];
    })
    .onError("*", "reject");
  return { orders, session, seen };
}

const inputs = upTo(8).map((n) => ({ n }));

/** A file with what the broken pipe has rejected: the orders 2, 5 and 6, in the stage `check`. */
async function rejectedFile(): Promise<string> {
  const file = join(temporaryFolder(), "rejected.jsonl");
  const { orders, session } = await ordering((n) => ![102, 105, 106].includes(n));
  const { ledger } = await orders.run(inputs, { session, deadLetter: deadLetter(file) }).collect();
  expect(ledger.rejected).toBe(3);
  return file;
}

test("records that failed go in again where they failed, with the payload, id, notes and input that they had", async () => {
  const file = await rejectedFile();
  const { orders, session, seen } = await ordering(() => true);
  const run = orders.replay(file, { session });
  const { items, thrown } = await consume(run);
  expect(thrown).toBeUndefined();
  expect(items).toEqual(
    [2, 5, 6].map((n) => ({
      id: `o-${n}`,
      payload: [(n + 100) * 10, 1],
      meta: { read: 1 },
      route: "default",
      input: { n },
    })),
  );
  expect(seen.read).toEqual([]);
  const { ledger } = await run.done;
  expect(ledger.stages).toMatchObject({ read: { in: 0, out: 0 }, check: { in: 3, out: 3 } });
  expectBalance(ledger, { entered: { check: 3 } });
});

test("a record enters at the stage that was given its payload, where its letter names one", async () => {
  const file = join(temporaryFolder(), "fused.jsonl");
  const square = (numbers: number[]): number[] => numbers.map((n) => n * n);
  const oneOver = (numbers: number[]): number[] =>
    numbers.map((n) => {
      if (n === 0) throw new RangeError("division by zero");
      return 1 / n;
    });
  const squares = pipe<number>("squares")
    .node("shift", (n) => n - 2)
    .python<number>("square", { module: "model", function: "square" })
    .python<number>("invert", { module: "model", function: "invert" })
    .onError("*", "reject");
  const broken = await inlineSession({ square, invert: oneOver });
  await squares.run(upTo(5), { session: broken, deadLetter: deadLetter(file) }).collect();

  const session = await inlineSession({ square, invert: (numbers: number[]) => numbers });
  const { outputs, ledger } = await squares.replay(file, { session }).collect();

  expect(outputs.default.map(({ id, payload }) => [id, payload])).toEqual([[2, 0]]);
  expect(ledger.stages).toMatchObject({
    shift: { in: 0 },
    square: { in: 1, out: 1 },
    invert: { in: 1, out: 1 },
  });
  expectBalance(ledger, { entered: { square: 1 } });

  const other = pipe<number>("other").python("invert", { module: "model", function: "invert" });
  const { message } = await haltOf(other.replay(file, { session }));
  expect(message).toContain("expected record 2 to have failed in one of the stages invert, got square");
});

test('from "start", they go through every stage again, as they came in', async () => {
  const file = await rejectedFile();
  const { orders, session, seen } = await ordering(() => true);
  const run = orders.replay(file, { session, from: "start" });
  const { items } = await consume(run);
  expect(items.map(({ id, payload, meta }) => [id, payload, meta])).toEqual(
    [2, 5, 6].map((n) => [`o-${n}`, [(n + 100) * 10, 1], { read: 1 }]),
  );
  expect(seen.read).toEqual([2, 5, 6]);
  expectBalance((await run.done).ledger);
});

test("what fails again may be written to another file", async () => {
  const file = await rejectedFile();
  const again = join(temporaryFolder(), "again.jsonl");
  const { orders, session } = await ordering((n) => n !== 105);
  const first = await orders.replay(file, { session, deadLetter: deadLetter(again) }).collect();
  expect(first.outputs.default.map(({ id }) => id)).toEqual(["o-2", "o-6"]);
  const { orders: fixed, session: other } = await ordering(() => true);
  const second = await fixed.replay(again, { session: other }).collect();
  expect(second.outputs.default.map(({ id }) => id)).toEqual(["o-5"]);
  expectBalance(second.ledger, { entered: { check: 1 } });
});

test("a run does not write to the file that it reads", async () => {
  const file = await rejectedFile();
  const { orders, session } = await ordering(() => true);
  const replaying = (): unknown => orders.replay(file, { session, deadLetter: deadLetter(file) });
  expect(replaying).toThrow(OptionsError);
  expect(replaying).toThrow("expected `deadLetter` to be another file than the one that is read");
});

test("a record of a stage that the pipe does not have halts the run by both names; from the start it is welcome", async () => {
  const file = await rejectedFile();
  const other = pipe<Order>("other").node("only", ({ n }) => n);
  const error = await haltOf(other.replay(file));
  expect(error.cause).toBeInstanceOf(DeadLetterError);
  expect(error.message).toContain("expected record o-2 to have failed in one of the stages only, got check");
  expectBalance(error.ledger);
  const { outputs } = await other.replay(file, { from: "start" }).collect();
  expect(outputs.default.map(({ payload }) => payload)).toEqual([2, 5, 6]);
});

test("a value that could not be kept halts the run where it is needed, and not before", async () => {
  const file = join(temporaryFolder(), "rejected.jsonl");
  const made = pipe<number>("p")
    .node("make", (n) => () => n)
    .node("use", (make): number => {
      throw new Error(`${make()}`);
    })
    .onError("*", "reject");
  await made.run([7], { deadLetter: deadLetter(file) }).collect();
  const error = await haltOf(made.replay(file));
  expect(error.cause).toMatchObject({ code: "SLITHER_DEAD_LETTER", line: 1 });
  expect(error.message).toContain("expected `payload` to be a value that can be kept in a file");
  const { ledger } = await made.replay(file, { from: "start" }).collect();
  expect(ledger).toMatchObject({ in: 1, rejected: 1 });
});

test("an input that could not be kept halts no replay that does not look into it", async () => {
  class Order {
    constructor(readonly n: number) {}
  }
  const file = join(temporaryFolder(), "rejected.jsonl");
  const again = join(temporaryFolder(), "again.jsonl");
  const fails = new Set([1, 2, 3]);
  const orders = pipe<Order>("orders", { id: ({ n }) => n })
    .node("plain", ({ n }) => ({ n }))
    .node("use", ({ n }) => {
      if (fails.has(n)) throw new Error(`${n} fails`);
      return n * 10;
    })
    .onError("*", "reject");
  await orders.run([{ n: 1 }, new Order(2), new Order(3)], { deadLetter: deadLetter(file) }).collect();
  fails.delete(1);
  fails.delete(2);

  const { outputs } = await orders.replay(file, { deadLetter: deadLetter(again) }).collect();
  expect(outputs.default.map(({ id, payload }) => [id, payload])).toEqual([
    [1, 10],
    [2, 20],
  ]);
  const [first, second] = outputs.default.map(({ input }) => input as Order);
  expect(first).toEqual({ n: 1 });
  expect(() => second?.n).toThrow("expected `input` to be a value that can be kept in a file, got Order");
  expect(inspect(outputs.default[1])).toContain("DeadLetterError");

  // What fails again has an input that was not kept still.
  const letters: DeadLetter[] = [];
  for await (const letter of readLetters(again)) letters.push(letter);
  expect(letters.map(({ id, payload }) => [id, payload])).toEqual([[3, { n: 3 }]]);
  expect(() => letters[0]?.input).toThrow("got Order");
});

test("an option, a file and a file that is not there are refused by name", async () => {
  const plain = pipe<number>("p");
  expect(() => plain.replay(7 as never)).toThrow(OptionsError);
  expect(() => plain.replay("f", { from: "middle" as never })).toThrow(
    'expected `from` to be "failed" or "start"',
  );
  const file = join(temporaryFolder(), "none.jsonl");
  expect((await haltOf(plain.replay(file))).cause).toMatchObject({ code: "SLITHER_DEAD_LETTER", file });
  const python = plain.python("a", { module: "m", function: "f" });
  expect(() => python.replay(file)).toThrow("which stage a needs");
});

test("records of several stages enter each where they failed, in the order of the file", async () => {
  const file = join(temporaryFolder(), "rejected.jsonl");
  const stage = (bad: number) => (n: number) => {
    if (n % 3 === bad) throw new Error(`${n}`);
    return n;
  };
  const build = (bad: boolean) =>
    pipe<number>("p")
      .node("a", stage(bad ? 0 : -1))
      .node("b", stage(bad ? 1 : -1))
      .route("c", [["all", () => true]])
      .onError("*", "reject");
  await build(true)
    .run(upTo(9), { deadLetter: deadLetter(file) })
    .collect();
  const run = build(false).replay(file);
  const { items } = await consume(run);
  expect(items.map(({ id, route }) => [id, route])).toEqual([0, 3, 6, 1, 4, 7].map((id) => [id, "all"]));
  expectBalance((await run.done).ledger, { entered: { b: 3 } });
});

test("the books balance when a replay halts, wherever its records are then", async () => {
  const file = await rejectedFile();
  for (const bad of [102, 105, 106]) {
    const { orders, session } = await ordering((n) => n !== bad);
    const { items, thrown } = await consume(orders.onError("check", "halt").replay(file, { session }));
    const { ledger } = thrown as PipeHaltedError;
    expect(items).toHaveLength(ledger.out);
    expectBalance(ledger, { entered: { check: ledger.in } });
  }
});

test("a replay that is left has its records that were on their way to a later stage in the books", async () => {
  const file = await rejectedFile();
  const { orders, session } = await ordering(() => true);
  const run = orders.replay(file, { session });
  for await (const _ of run) break;
  const { ledger, status } = await run.done;
  expect({ status, out: ledger.out }).toEqual({ status: "stopped", out: 1 });
  expectBalance(ledger, { entered: { check: ledger.in } });
});

test("records that were made of one go in again as the ones that they were", async () => {
  const file = join(temporaryFolder(), "rejected.jsonl");
  const spread = (bad: number) =>
    pipe<number>("p")
      .node("spread", (n) => many([n, n + 1]))
      .node("check", (n) => {
        if (n === bad) throw new Error(`${n}`);
        return n;
      })
      .onError("*", "reject");
  await spread(11)
    .run([10], { deadLetter: deadLetter(file) })
    .collect();
  const { outputs, ledger } = await spread(-1).replay(file).collect();
  expect(outputs.default).toMatchObject([{ id: "0/1", payload: 11, input: 10 }]);
  expectBalance(ledger, { entered: { check: 1 } });
});

test("from the start: what became several of records with equal ids was taken for one record, and the others were lost", async () => {
  const file = join(temporaryFolder(), "rejected.jsonl");
  const made = pipe<number>("p", { id: () => "same" })
    .node("spread", (n) => many([n, n]))
    .node("use", (): number => {
      throw new Error("no");
    })
    .onError("*", "reject");
  await made.run([1, 2, 2], { deadLetter: deadLetter(file) }).collect();
  const { ledger } = await made
    .replay(file, { from: "start", deadLetter: deadLetter(`${file}.again`) })
    .collect();
  expect([ledger.in, ledger.rejected]).toEqual([3, 6]);
});
