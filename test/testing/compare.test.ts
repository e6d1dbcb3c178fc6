import type { Item, Ledger } from "slither-ts";
import { describe, expect, test } from "vitest";
import { checkBooks } from "../../src/testing/check-books.js";
import { compareBeginning, compareItems } from "../../src/testing/compare-items.js";
import { Dice } from "../../src/testing/dice.js";
import type { Observation } from "../../src/testing/trial.js";

function item(id: number | string, payload: unknown = id, route = "default"): Item {
  return { id, payload, route, meta: {}, input: id };
}

const IN_ORDER = { inOrder: true };
const IN_ANY_ORDER = { inOrder: false };

describe("items", () => {
  const clean = [item(0), item(1), item(2), item(3)];

  test("that are the same have no differences, also with NaN", () => {
    expect(compareItems([item(0, { a: Number.NaN })], [item(0, { a: Number.NaN })], IN_ORDER)).toEqual([]);
  });

  test.each([
    {
      what: "lost",
      items: [item(0), item(2), item(3)],
      said: "record 1 did not come out; in the clean run it went to default",
    },
    {
      what: "doubled",
      items: [...clean, item(3)],
      said: "record 3 came out once more than in the clean run",
    },
    {
      what: "strange",
      items: [...clean, item(9)],
      said: "record 9 came out, which it did not in the clean run",
    },
    {
      what: "changed",
      items: [item(0), item(1, { a: -0 }), item(2), item(3)],
      said: "record 1 came out as { a: -0 }; in the clean run as 1",
    },
    {
      what: "astray",
      items: [item(0), item(1, 1, "else"), item(2), item(3)],
      said: "record 1 went to else; in the clean run it went to default",
    },
    {
      what: "out of order",
      items: [item(0), item(2), item(1), item(3)],
      said: "the order differs: record 2 came out where record 1 came in the clean run",
    },
  ])("that are $what are told", ({ items, said }) => {
    expect(compareItems(clean, items, IN_ORDER)).toEqual([said]);
  });

  test("that differ in one way are told five times", () => {
    const many = Array.from({ length: 8 }, (_, id) => item(id));
    expect(compareItems(many, [], IN_ORDER)).toHaveLength(6);
    expect(compareItems(many, [], IN_ORDER).at(-1)).toBe("and 3 more like this");
  });

  test("that come as they are done may come in any order, but each of them once", () => {
    const turned = [...clean].reverse();
    expect(compareItems(clean, turned, IN_ANY_ORDER)).toEqual([]);
    expect(compareItems(clean, [...turned.slice(1), item(0)], IN_ANY_ORDER)).toEqual([
      "record 3 did not come out; in the clean run it went to default",
      "record 0 came out once more than in the clean run",
    ]);
  });

  test("of a run that ended early are the first ones, or, as they are done, any of them", () => {
    const some = [item(2), item(0)];
    expect(compareBeginning(clean, clean.slice(0, 2), IN_ORDER)).toEqual([]);
    expect(compareBeginning(clean, some, IN_ORDER)).toEqual([
      "record 1 did not come out; in the clean run it went to default",
      "record 2 came out, which it did not in the clean run",
    ]);
    expect(compareBeginning(clean, some, IN_ANY_ORDER)).toEqual([]);
    expect(compareBeginning(clean, [item(2, "else"), item(9)], IN_ANY_ORDER)).toEqual([
      "record 9 came out, which it did not in the clean run",
      "record 2 came out as 'else'; in the clean run as 2",
    ]);
  });
});

describe("books", () => {
  const book = { in: 3, expanded: 0, out: 2, rejected: 0, filtered: 0, unfinished: 1 };
  const stage = { ...book, leftEarly: 0, reasons: {} };

  function observed(ledger: Partial<Ledger>, ids: readonly number[] = [0, 1, 2]): Observation {
    const whole: Ledger = {
      ...book,
      balanced: true,
      routes: { default: 2 },
      stages: { a: stage },
      edges: [
        { from: undefined, to: "a", output: "default", records: 3 },
        { from: "a", to: undefined, output: "default", records: 2 },
      ],
      ...ledger,
    };
    const summary = { status: "stopped", ledger: whole, rejected: [] } as unknown as Observation["summary"];
    return {
      items: [item(0), item(1)],
      inOrder: true,
      thrown: undefined,
      summary,
      ids,
      inputIsAsync: false,
      batches: [],
      comesBack: true,
      silence: undefined,
    };
  }

  test("that add up, and are what was seen, have no differences", () => {
    expect(checkBooks(observed({}))).toEqual([]);
  });

  test.each([
    { ledger: { balanced: false }, said: ["the ledger says of itself that it does not balance"] },
    { ledger: { routes: { default: 1 } }, said: ["there were 2 items in output default; the ledger has 1"] },
    {
      ledger: { unfinished: 0 },
      said: [
        "the ledger of the run has 3 records in and 2 accounted for",
        "there were 1 records that the stages did not finish or nobody took; the ledger has 0",
      ],
    },
    {
      ledger: { stages: { a: stage, b: { ...stage, in: 1, unfinished: 0, out: 1 } } },
      said: [
        "stage b was given 0 records, and took 1",
        "stage b passed 1 record on, the ledger has 0 on their way",
      ],
    },
    {
      ledger: { edges: [] },
      said: ["the input gave 3 records, the ledger has 0 on their way"],
    },
    {
      ledger: { rejected: 1, unfinished: 0 },
      said: [
        "there were 0 rejected records; the ledger has 1",
        "there were 1 records that the stages did not finish or nobody took; the ledger has 0",
      ],
    },
  ])("that do not are told: $said", ({ ledger, said }) => {
    expect(checkBooks(observed(ledger))).toEqual(expect.arrayContaining(said));
  });

  test("are held against what the input gave", () => {
    expect(checkBooks(observed({}, [0, 1]))).toEqual([
      "there were 2 records taken from the input; the ledger has 3",
    ]);
  });
});

test("dice fall the same for the same seed and purpose, and else differently", () => {
  const row = (seed: number, purpose: string) => {
    const dice = new Dice(seed, purpose);
    return Array.from({ length: 8 }, () => dice.pick([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]));
  };

  expect(row(1, "a")).toEqual(row(1, "a"));
  expect(row(1, "a")).not.toEqual(row(2, "a"));
  expect(row(1, "a")).not.toEqual(row(1, "b"));
  expect(new Dice(1, "a").pick([])).toBe(undefined);
});
