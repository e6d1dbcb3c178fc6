import { LedgerError, type PipePlan, pipe, routeTo, SlitherError, TooManyRejectedError } from "slither-ts";
import { expect, test, vi } from "vitest";
import { END } from "../../src/plan/topology.js";
import { RunAccounts } from "../../src/run/accounts.js";
import { KEPT_REJECTIONS } from "../../src/run/ledger.js";
import { Rejections } from "../../src/run/rejections.js";
import { failure, rejection } from "../../src/stage/contract.js";
import { PassingItem } from "../../src/stage/passing-item.js";
import { upTo } from "../pipe/inputs.js";
import { expectBalance } from "../pipe/runs.js";
import { alone, item } from "../stage/context.js";

const NO_BOUND = Number.POSITIVE_INFINITY;
const bad = item(1);
const failed = rejection(bad, failure(alone("clean"), new Error("bad"), 1, bad.payload));

const PLAN = pipe<number>("p")
  .node("clean", (n) => n)
  .node("predict", (n) => n)
  .onError("predict", routeTo("high")).plan;

function emptyBooks(plan: PipePlan = PLAN): RunAccounts {
  return new RunAccounts(plan, new Rejections({ run: "run-1", pipe: "p" }, undefined));
}

function items(count: number): ReturnType<typeof item>[] {
  return upTo(count).map((n) => item(n));
}

/**
 * The books of a run of two stages and two outputs that add up: 10 in, one of them straight to the second stage, and 2 more made of them; 7 out, one
 * of them early, 2 rejected, 1 filtered, 2 unfinished.
 */
function balancedBooks(): RunAccounts {
  const accounts = emptyBooks();
  const [clean, predict] = accounts.stages;
  const joining = PassingItem.to(item("late"), 1);
  accounts.taken = 10;
  for (const each of [...items(9), joining]) accounts.given(each);
  clean?.entered(9);
  clean?.rejected(failed, NO_BOUND);
  clean?.filtered(bad, "empty");
  clean?.expanded(bad, items(3));
  clean?.left(9, 8);
  clean?.sent("high", true);
  predict?.entered(9);
  predict?.rejected(failed, NO_BOUND);
  predict?.unfinished([item(1)]);
  predict?.left(7, 6);
  predict?.sent("high", true);
  for (const route of ["high", "high", "default", "default", "default", "default", "default"])
    accounts.delivered(route);
  accounts.undelivered([item(1)]);
  return accounts;
}

test("books that add up have no differences, and say so", () => {
  const accounts = balancedBooks();
  expect(accounts.differences()).toEqual([]);
  expectBalance(accounts.ledger(), { entered: { predict: 1 } });
});

test("the ledger sums up the run, its outputs and its stages", () => {
  expect(balancedBooks().ledger()).toEqual({
    in: 10,
    expanded: 2,
    out: 7,
    rejected: 2,
    filtered: 1,
    unfinished: 2,
    balanced: true,
    routes: { high: 2, default: 5 },
    stages: {
      clean: {
        in: 9,
        expanded: 2,
        out: 9,
        leftEarly: 1,
        rejected: 1,
        filtered: 1,
        unfinished: 0,
        reasons: { empty: 1 },
      },
      predict: {
        in: 9,
        expanded: 0,
        out: 7,
        leftEarly: 1,
        rejected: 1,
        filtered: 0,
        unfinished: 1,
        reasons: {},
      },
    },
    edges: [
      { from: undefined, to: "clean", output: "default", records: 9 },
      { from: undefined, to: "predict", output: "default", records: 1 },
      { from: "clean", to: "predict", output: "default", records: 8 },
      { from: "clean", to: undefined, output: "high", records: 1 },
      { from: "predict", to: undefined, output: "default", records: 6 },
      { from: "predict", to: undefined, output: "high", records: 1 },
    ],
  });
});

type Doctoring = readonly [what: string, doctor: (accounts: RunAccounts) => void, differences: string[]];

/** Writes another number into the books of the second stage. */
function add(count: "in" | "unfinished", by: number): (accounts: RunAccounts) => void {
  return (accounts) => {
    const counts = accounts.stages[1]?.counts;
    if (counts !== undefined) counts[count] += by;
  };
}

test.each<Doctoring>([
  [
    "a record that was taken and given to no stage",
    (accounts) => {
      accounts.taken += 1;
    },
    ["the input gave 11 records, sent on 10"],
  ],
  [
    "a record that the input gave and that reached no stage",
    (accounts) => {
      accounts.taken += 1;
      accounts.given(item("lost"));
    },
    ["clean was given 10 records, took or left over 9"],
  ],
  [
    "a record that was lost between two stages",
    add("in", -1),
    ["predict was given 9 records, took or left over 8", "predict took or made 8 records, accounted for 9"],
  ],
  [
    "a record that a stage took and forgot",
    add("unfinished", -1),
    ["predict took or made 9 records, accounted for 8"],
  ],
  [
    "a record that a stage passed on twice",
    (accounts) => accounts.stages[0]?.left(1, 1),
    ["clean took or made 11 records, accounted for 12", "predict was given 10 records, took or left over 9"],
  ],
  [
    "a record that was passed on and sent nowhere",
    (accounts) => accounts.stages[0]?.left(1, 0),
    ["clean took or made 11 records, accounted for 12", "clean passed on 10 records, sent on 9"],
  ],
  [
    "a record that was made and not passed on",
    (accounts) => accounts.stages[0]?.expanded(bad, items(2)),
    ["clean took or made 12 records, accounted for 11"],
  ],
  [
    "a record that left early and came to no output",
    (accounts) => accounts.stages[0]?.sent("high", true),
    ["clean passed on 9 records, sent on 10", "output high was given 3 records, delivered or left over 2"],
  ],
  [
    "a record that went to another output than the one that it was sent to",
    (accounts) => {
      accounts.stages[0]?.left(1, 0);
      accounts.stages[0]?.expanded(bad, items(2));
      accounts.stages[0]?.sent("high", true);
      accounts.delivered("default");
    },
    [
      "output high was given 3 records, delivered or left over 2",
      "output default was given 6 records, delivered or left over 7",
    ],
  ],
  [
    "a record that was delivered twice",
    (accounts) => accounts.delivered("high"),
    ["output high was given 2 records, delivered or left over 3"],
  ],
  [
    "a record that was delivered to an output that nothing was sent to",
    (accounts) => accounts.delivered("odd"),
    ["output odd was given 0 records, delivered or left over 1"],
  ],
  [
    "a record that the consumer was given, and that is left over too",
    (accounts) => accounts.undelivered([item(1)]),
    ["output default was given 6 records, delivered or left over 7"],
  ],
])("the books show %s", (_, doctor, differences) => {
  const accounts = balancedBooks();
  doctor(accounts);
  expect(accounts.differences()).toEqual(differences);
  expect(accounts.ledger().balanced).toBe(false);
});

test("in a pipe without stages, what was taken is what must be delivered", () => {
  const accounts = emptyBooks(pipe("empty").plan);
  accounts.taken = 2;
  for (const each of items(2)) accounts.given(each);
  accounts.delivered("default");
  expect(accounts.differences()).toEqual(["output default was given 2 records, delivered or left over 1"]);
});

test("a run whose books do not add up throws, although every record came out", async () => {
  const delivered = vi.spyOn(RunAccounts.prototype, "delivered");
  delivered.mockImplementationOnce(() => {});
  const run = pipe<number>("plain")
    .node("same", (n) => n)
    .run([1, 2]);
  const error = await run.collect().catch((thrown: unknown) => thrown);
  delivered.mockRestore();
  expect(error).toBeInstanceOf(LedgerError);
  expect(error).toMatchObject({
    code: "SLITHER_LEDGER",
    message:
      "expected the ledger to balance, got output default was given 2 records, delivered or left over 1",
    differences: ["output default was given 2 records, delivered or left over 1"],
    ledger: { in: 2, out: 1, balanced: false },
  });
  expect((await run.done).ledger.balanced).toBe(false);
});

test("the ledger shows the books as they stand, and does not change afterwards", () => {
  const accounts = balancedBooks();
  const ledger = accounts.ledger();
  accounts.delivered("high");
  accounts.stages[0]?.entered(1);
  accounts.stages[0]?.filtered(bad, "empty");
  expect(ledger).toMatchObject({
    out: 7,
    routes: { high: 2 },
    stages: { clean: { in: 9, reasons: { empty: 1 } } },
  });
});

test("an output may have a name that every object has", () => {
  const accounts = emptyBooks(pipe("empty").plan);
  for (const route of ["toString", "__proto__", "toString"]) accounts.delivered(route);
  expect(Object.entries(accounts.ledger().routes)).toEqual([
    ["default", 0],
    ["toString", 2],
    ["__proto__", 1],
  ]);
});

test("the first 100 reasons of filters are counted apart, the others together", () => {
  const accounts = emptyBooks();
  for (const n of upTo(120)) accounts.stages[0]?.filtered(bad, `reason ${n}`);
  accounts.stages[0]?.filtered(bad, "reason 0");
  const reasons = accounts.ledger().stages.clean?.reasons ?? {};
  expect(Object.keys(reasons)).toHaveLength(101);
  expect(reasons).toMatchObject({ "reason 0": 2, "reason 99": 1, "(other)": 20 });
});

test("the rejected of all stages are kept together, as they come", () => {
  expect(balancedBooks().rejections.kept).toEqual([failed, failed]);
});

test("one rejection more than a run keeps is an error that says the number, and is not counted", () => {
  const accounts = emptyBooks();
  for (const n of upTo(KEPT_REJECTIONS)) accounts.stages[n % 2]?.rejected(failed, NO_BOUND);
  expect(() => accounts.stages[0]?.rejected(failed, NO_BOUND)).toThrow(
    /^expected at most 10000 rejected records, which is how many a run keeps, got record .* too/,
  );
  expect(accounts.ledger().rejected).toBe(KEPT_REJECTIONS);
});

test("one rejection more than the policy of its stage allows is an error that names both, and is not counted", () => {
  const accounts = emptyBooks();
  for (const _ of upTo(2)) accounts.stages[1]?.rejected(failed, 2);
  expect(() => accounts.stages[1]?.rejected(failed, 2)).toThrow(
    /^expected at most 2 rejected records in stage predict \(reject\({ max }\)\), got record .* too$/,
  );
  expect(accounts.ledger().rejected).toBe(2);
  const error = new TooManyRejectedError(2, failed, "predict");
  expect(SlitherError.is(error) && error.code).toBe("SLITHER_TOO_MANY_REJECTED");
  expect(error).toMatchObject({ max: 2, stage: "predict", id: failed.id, cause: failed.error });
});

test("what passes a stage by is left over where it was going: to an output, or to the stage that it enters", () => {
  const accounts = emptyBooks();
  const [clean, predict] = accounts.stages;
  const entering = PassingItem.to(item(1), 1);
  accounts.taken = 2;
  for (const each of [entering, item(2)]) accounts.given(each);
  clean?.unfinished([entering]);
  clean?.entered(1);
  clean?.left(1, 0);
  clean?.sent("high", true);
  predict?.unfinished([PassingItem.to(item(2, { route: "high" }), END)]);
  expect(accounts.ledger()).toMatchObject({ in: 2, out: 0, unfinished: 2, balanced: true });
  expect(accounts.ledger().stages).toMatchObject({ clean: { unfinished: 0 }, predict: { unfinished: 0 } });
});
