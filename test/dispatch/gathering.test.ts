import { expect, test } from "vitest";
import { Entry } from "../../src/dispatch/entry.js";
import { Gathering } from "../../src/dispatch/gathering.js";
import type { BatchStrategy, Waiting } from "../../src/dispatch/strategy.js";
import { BatchingError } from "../../src/errors/batching.js";

function entryOf(record: number): Entry<number, string> {
  return new Entry<number, string>(record, 8, 0);
}

/** A strategy that does as it is told, and keeps what it was given. */
function gatheringOf(behaviour: Partial<BatchStrategy<number>>) {
  const added: Waiting<number>[] = [];
  const strategy: BatchStrategy<number> = {
    add: (waiting) => {
      added.push(waiting);
    },
    next: () => undefined,
    ...behaviour,
  };
  return { gathering: new Gathering<number, string>(strategy), added };
}

/** What is thrown. */
function thrownBy(act: () => unknown): unknown {
  try {
    return expect.fail(`expected it to throw, got ${act()}`);
  } catch (error) {
    return error;
  }
}

test("a batch is what the strategy gives, and its records wait no longer", () => {
  const { gathering, added } = gatheringOf({ next: () => added.splice(0, 2) });
  const entries = [1, 2, 3].map(entryOf);
  for (const entry of entries) gathering.add(entry);
  expect(gathering.waiting).toBe(3);
  expect(gathering.next(0, false)).toEqual(entries.slice(0, 2));
  expect(gathering.waiting).toBe(1);
});

test("the strategy is told the time, and whether it must give a batch", () => {
  const told: unknown[] = [];
  const { gathering } = gatheringOf({
    next: (when) => {
      told.push(when);
      return undefined;
    },
  });
  gathering.next(17, true);
  expect(told).toEqual([{ now: 17, flush: true }]);
});

test("there is no batch while the strategy has none", () => {
  const { gathering } = gatheringOf({});
  gathering.add(entryOf(1));
  expect([gathering.next(0, false), gathering.waiting]).toEqual([undefined, 1]);
});

test.each<[string, (added: Waiting<number>[]) => unknown, string]>([
  [
    "a record twice in one batch",
    ([first]) => [first, first],
    "got one that it has given before, or did not take",
  ],
  ["a record that it was not given", () => [entryOf(9)], "got one that it has given before, or did not take"],
  ["a record in place of what it was added as", () => [1], "got `1` (number)"],
  ["nothing in place of a record", () => [undefined], "got `undefined`"],
  ["an empty array", () => [], "got an array of 0"],
  ["no array", () => "batch", 'got `"batch"` (string)'],
  ["null", () => null, "got `null`"],
])("it is a BatchingError when the strategy gives %s", (_, give, expected) => {
  const { gathering, added } = gatheringOf({
    next: () => give(added) as Waiting<number>[],
  });
  gathering.add(entryOf(1));
  const thrown = thrownBy(() => gathering.next(0, false));
  expect(thrown).toBeInstanceOf(BatchingError);
  expect(thrown).toHaveProperty("message", expect.stringContaining(expected));
});

test("it is a BatchingError when the strategy gives a record in two batches", () => {
  const { gathering, added } = gatheringOf({ next: () => added.slice() });
  gathering.add(entryOf(1));
  gathering.next(0, false);
  expect(() => gathering.next(0, false)).toThrow(/got one that it has given before/);
});

const broken = new Error("out of order");

function breaks(): never {
  throw broken;
}

test.each<[string, Partial<BatchStrategy<number>>, (gathering: Gathering<number, string>) => unknown]>([
  ["next()", { next: breaks }, (gathering) => gathering.next(0, false)],
  ["completed()", { completed: breaks }, (gathering) => gathering.completed([], { durationMs: 1, ok: true })],
  [
    "dueAt",
    {
      get dueAt() {
        return breaks();
      },
    },
    (gathering) => gathering.dueAt,
  ],
  [
    "gathersAhead",
    {
      get gathersAhead() {
        return breaks();
      },
    },
    (gathering) => gathering.gathersAhead,
  ],
])("what %s throws is the cause of a BatchingError that names it", (name, behaviour, call) => {
  const strategy = Object.defineProperties(
    { add: () => {}, next: () => undefined },
    Object.getOwnPropertyDescriptors(behaviour),
  ) as BatchStrategy<number>;
  const thrown = thrownBy(() => call(new Gathering<number, string>(strategy)));
  expect(thrown).toBeInstanceOf(BatchingError);
  expect(thrown).toMatchObject({ cause: broken, message: expect.stringContaining(name) });
});

test("it is a BatchingError when `dueAt` is no time", () => {
  const { gathering } = gatheringOf({ dueAt: Number.NaN });
  expect(() => gathering.dueAt).toThrow(/expected dueAt .* got `NaN`/);
});

test("a strategy that stalls is told so, with how many records wait", () => {
  const { gathering } = gatheringOf({});
  gathering.add(entryOf(1));
  const thrown = thrownBy(() => gathering.stalls());
  expect(thrown).toBeInstanceOf(BatchingError);
  expect(thrown).toHaveProperty("message", expect.stringContaining("1 records wait"));
});

test("a record at which add() throws is not with the strategy, and what it throws comes as it is", () => {
  const refusal = new RangeError("too heavy");
  const { gathering, added } = gatheringOf({
    add: (waiting) => {
      added.push(waiting);
      throw refusal;
    },
    next: () => added,
  });
  const entry = entryOf(1);
  expect(thrownBy(() => gathering.add(entry))).toBe(refusal);
  expect([gathering.waiting, entry.isWaiting]).toEqual([0, false]);
  expect(() => gathering.next(0, false)).toThrow(BatchingError);
});

test("a strategy is told of what was completed, and says of itself what it likes", () => {
  const told: unknown[] = [];
  const { gathering } = gatheringOf({
    completed: (...how) => told.push(how),
    describe: () => ({ size: 7 }),
  });
  const batch = [entryOf(1)];
  gathering.completed(batch, { durationMs: 12, ok: false });
  expect(told).toEqual([[batch, { durationMs: 12, ok: false }]]);
  expect(gathering.describe()).toEqual({ size: 7 });
});

test("a strategy need not have more than add() and next()", () => {
  const { gathering } = gatheringOf({});
  gathering.completed([], { durationMs: 1, ok: true });
  expect([gathering.dueAt, gathering.gathersAhead, gathering.describe()]).toEqual([
    undefined,
    false,
    undefined,
  ]);
});

test("what a strategy throws when it is to describe itself is told in its place", () => {
  const gathering = new Gathering<number, unknown>({
    add: () => {},
    next: () => undefined,
    describe: () => {
      throw new Error("no words");
    },
  });
  expect(gathering.describe()).toEqual({
    error: expect.stringMatching(
      /^expected describe\(\) of the batching strategy not to throw, got .*no words/,
    ),
  });
});
