import { LedgerError, pipe, type Rejection, SlitherError, TooManyRejectedError } from "slither-ts";
import { expect, test, vi } from "vitest";
import { KEPT_REJECTIONS, RunAccounts } from "../../src/pipe/ledger.js";
import { rejection } from "../../src/stage/contract.js";
import { item } from "../stage/context.js";
import { expectBalance } from "./runs.js";

const failed: Rejection = rejection(item(1), "clean", new Error("bad"));

/** The books of a run of two stages and two outputs that add up: 10 in, 6 out, 2 rejected, 2 unfinished. */
function balancedBooks(): RunAccounts {
  const accounts = new RunAccounts(["clean", "predict"], ["high", "default"]);
  const [clean, predict] = accounts.stages;
  accounts.taken = 10;
  clean?.entered(10);
  clean?.rejected(failed);
  clean?.left(9);
  predict?.entered(9);
  predict?.rejected(failed);
  predict?.unfinished(1);
  predict?.left(7);
  for (const route of ["high", "high", "default", "default", "default", "default"]) accounts.delivered(route);
  accounts.undelivered = 1;
  return accounts;
}

test("books that add up have no differences, and say so", () => {
  const accounts = balancedBooks();
  expect(accounts.differences()).toEqual([]);
  expectBalance(accounts.ledger());
});

test("the ledger sums up the run, its outputs and its stages", () => {
  expect(balancedBooks().ledger()).toEqual({
    in: 10,
    out: 6,
    rejected: 2,
    filtered: 0,
    unfinished: 2,
    balanced: true,
    routes: { high: 2, default: 4 },
    stages: {
      clean: { in: 10, out: 9, rejected: 1, filtered: 0, unfinished: 0 },
      predict: { in: 9, out: 7, rejected: 1, filtered: 0, unfinished: 1 },
    },
  });
});

type Doctoring = readonly [what: string, doctor: (accounts: RunAccounts) => void, differences: string[]];

test.each<Doctoring>([
  [
    "a record that was taken and reached no stage",
    (accounts) => {
      accounts.taken += 1;
    },
    ["the input gave 11 records, clean took 10"],
  ],
  [
    "a record that was lost between two stages",
    (accounts) => accounts.stages[1]?.entered(-1),
    ["clean gave 9 records, predict took 8", "predict took 8 records, accounted for 9"],
  ],
  [
    "a record that a stage took and forgot",
    (accounts) => accounts.stages[1]?.unfinished(-1),
    ["predict took 9 records, accounted for 8"],
  ],
  [
    "a record that a stage passed on twice",
    (accounts) => accounts.stages[0]?.left(1),
    ["clean gave 10 records, predict took 9", "clean took 10 records, accounted for 11"],
  ],
  [
    "a record that was delivered twice",
    (accounts) => accounts.delivered("high"),
    ["the last stage gave 7 records, delivered or left over 8"],
  ],
  [
    "a record that the consumer was never given",
    (accounts) => {
      accounts.undelivered -= 1;
    },
    ["the last stage gave 7 records, delivered or left over 6"],
  ],
])("the books show %s", (_, doctor, differences) => {
  const accounts = balancedBooks();
  doctor(accounts);
  expect(accounts.differences()).toEqual(differences);
  expect(accounts.ledger().balanced).toBe(false);
});

test("in a pipe without stages, what was taken is what must be delivered", () => {
  const accounts = new RunAccounts([], ["default"]);
  accounts.taken = 2;
  accounts.delivered("default");
  expect(accounts.differences()).toEqual(["the last stage gave 2 records, delivered or left over 1"]);
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
    message: "expected the ledger to balance, got the last stage gave 2 records, delivered or left over 1",
    differences: ["the last stage gave 2 records, delivered or left over 1"],
    ledger: { in: 2, out: 1, balanced: false },
  });
  expect((await run.done).ledger.balanced).toBe(false);
});

test("the ledger shows the books as they stand, and does not change afterwards", () => {
  const accounts = balancedBooks();
  const ledger = accounts.ledger();
  accounts.delivered("high");
  accounts.stages[0]?.entered(1);
  expect(ledger).toMatchObject({ out: 6, routes: { high: 2 }, stages: { clean: { in: 10 } } });
});

test("the rejected of all stages are kept together, as they come", () => {
  const accounts = balancedBooks();
  expect(accounts.rejected).toEqual([failed, failed]);
});

test("one rejection more than a run keeps is an error that says the number, and is not counted", () => {
  const accounts = new RunAccounts(["first", "second"], ["default"]);
  for (let count = 0; count < KEPT_REJECTIONS; count++) accounts.stages[count % 2]?.rejected(failed);
  expect(() => accounts.stages[0]?.rejected(failed)).toThrow(TooManyRejectedError);
  expect(accounts.ledger().rejected).toBe(KEPT_REJECTIONS);
  const error = new TooManyRejectedError();
  expect(SlitherError.is(error) && error.code).toBe("SLITHER_TOO_MANY_REJECTED");
  expect(error.message).toContain("10000");
});
