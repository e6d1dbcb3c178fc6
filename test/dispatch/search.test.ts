import { expect, test } from "vitest";
import {
  type Fault,
  type Judge,
  type Outcome,
  RecordFailure,
  type Verdict,
} from "../../src/dispatch/judge.js";
import { search } from "../../src/dispatch/search.js";
import { PoisonedRecordError } from "../../src/errors/poison.js";
import { upTo } from "../pipe/inputs.js";
import { deferred, quiet } from "./deferred.js";
import { badOnes, Failing, options, poisonOf, tenfolding } from "./failing.js";

/** What an outcome comes to: its result, or `-` and what it failed with. */
function shown(outcomes: readonly Outcome<number, number>[]): (number | string)[] {
  return outcomes.map((outcome) => {
    if (outcome.kind === "done") return outcome.result;
    return outcome.kind === "failed" ? `- ${(outcome.error as Error).message}` : "passed";
  });
}

const attemptsOf = (outcomes: readonly Outcome<number, number>[]): unknown[] =>
  outcomes.map((outcome) => outcome.kind !== "passed" && outcome.attempts);

test("a batch without bad records is executed once, in the session", async () => {
  const { tries, execute } = tenfolding();
  const outcomes = await search([1, 2, 3], options(execute));
  expect(outcomes).toEqual(
    [1, 2, 3].map((record) => ({ kind: "done", record, result: record * 10, attempts: 1 })),
  );
  expect(tries).toEqual([{ batch: [1, 2, 3], place: "session" }]);
});

test("a record that raises fails alone, with its own error, and the others have their results, in order", async () => {
  const { tries, execute } = tenfolding(badOnes("records", 2));
  const outcomes = await search([0, 1, 2, 3], options(execute));
  expect(shown(outcomes)).toEqual([0, 10, "- 2", 30]);
  expect(tries.map(({ batch }) => batch)).toEqual([[0, 1, 2, 3], [0, 1], [2, 3], [2], [3]]);
  expect(outcomes[2]).toMatchObject({ kind: "failed", record: 2, verdict: { kind: "reject" }, attempts: 3 });
});

test("what raises is searched for in the session, not in probes", async () => {
  const { tries, execute } = tenfolding(badOnes("records", 2, 5));
  await search(upTo(8), options(execute));
  expect(new Set(tries.map(({ place }) => place))).toEqual(new Set(["session"]));
});

test("a record that raises alone is not executed again", async () => {
  const { tries, execute } = tenfolding(badOnes("records", 1));
  await search([1], options(execute));
  expect(tries).toHaveLength(1);
});

test("records that fail only beside each other are given their results", async () => {
  const execute = async (batch: readonly number[]): Promise<readonly number[]> => {
    if (batch.includes(1) && batch.includes(2)) throw new Failing("records", "they do not mix");
    return batch;
  };
  expect(shown(await search([1, 2], options(execute)))).toEqual([1, 2]);
});

test("the parts of a batch that raised are executed one after the other", async () => {
  let [running, most] = [0, 0];
  const { execute } = tenfolding(badOnes("records", 1, 6));
  await search(
    upTo(8),
    options(async (batch, place) => {
      most = Math.max(most, ++running);
      await undefined;
      running -= 1;
      return execute(batch, place);
    }),
  );
  expect(most).toBe(1);
});

test("a batch that killed its process is executed as it is in a probe before anything is cut", async () => {
  const { tries, execute } = tenfolding(badOnes("process", 1));
  const outcomes = await search([0, 1, 2, 3], options(execute));
  expect(shown(outcomes)).toEqual([0, "- 1", 20, 30]);
  expect(tries).toEqual([
    { batch: [0, 1, 2, 3], place: "session" },
    ...[[0, 1, 2, 3], [0, 1], [0], [1], [1], [2, 3]].map((batch) => ({ batch, place: "probe" })),
  ]);
});

test("a single record that killed its process is executed again in a probe before it is blamed", async () => {
  const { tries, execute } = tenfolding(badOnes("process", 1));
  expect(await search([1], options(execute))).toMatchObject([{ kind: "failed", attempts: 2 }]);
  expect(tries.map(({ place }) => place)).toEqual(["session", "probe"]);
});

test("a batch whose process died by chance rejects nobody", async () => {
  const { execute } = tenfolding();
  const dying = async (batch: readonly number[], place: "session" | "probe") => {
    if (place === "session") throw new Failing("process", "out of memory");
    return execute(batch, place);
  };
  const outcomes = await search([1, 2], options(dying));
  expect(shown(outcomes)).toEqual([10, 20]);
  expect(attemptsOf(outcomes)).toEqual([2, 2]);
});

test("a record whose process died by chance while others were searched for is not blamed", async () => {
  const { execute } = tenfolding(badOnes("process", 0));
  let accidents = 0;
  const dying = async (batch: readonly number[], place: "session" | "probe") => {
    if (batch.length === 1 && batch[0] === 1 && accidents++ === 0) throw new Failing("process", "by chance");
    return execute(batch, place);
  };
  expect(shown(await search([0, 1], options(dying)))).toEqual(["- 0", 10]);
  expect(accidents).toBe(2);
});

test("a batch that passed its deadline is cut into up to eight parts, which are executed in probes at once", async () => {
  const { tries, execute } = tenfolding(badOnes("time", 5));
  const gate = deferred();
  const searching = search(
    upTo(16),
    options(async (batch, place) => {
      if (place === "probe") await gate.promise;
      return execute(batch, place);
    }),
  );
  await quiet();
  gate.resolve();
  expect(shown(await searching)).toEqual(upTo(16).map((n) => (n === 5 ? "- 5" : n * 10)));
  const probed = tries.filter(({ place }) => place === "probe").map(({ batch }) => batch.length);
  expect(probed).toEqual([...Array(8).fill(2), 1, 1, 1]);
});

test("a record is not blamed for a deadline that it passed only because other parts ran beside it", async () => {
  let running = 0;
  const execute = async (batch: readonly number[]): Promise<number[]> => {
    running += 1;
    await quiet();
    const crowded = running > 1 || batch.length > 1;
    running -= 1;
    if (crowded) throw new Failing("time", "late");
    return batch.map((n) => n * 10);
  };
  expect(shown(await search(upTo(24), options(execute)))).toEqual(upTo(24).map((n) => n * 10));
});

test("records that fail alone in a batch are tried again together, after one wait", async () => {
  const waits: number[] = [];
  const tries: (readonly number[])[] = [];
  const execute = async (batch: readonly number[]): Promise<(number | RecordFailure)[]> => {
    tries.push(batch);
    return batch.map((n) =>
      tries.length === 1 && n % 2 === 1 ? new RecordFailure(new Failing("records", "odd")) : n * 10,
    );
  };
  const searching = search(upTo(6), {
    ...options(execute),
    judge: () => ({ kind: "retry", afterMs: 5 }),
    wait: async (ms) => {
      waits.push(ms);
    },
  });
  expect(shown(await searching)).toEqual(upTo(6).map((n) => n * 10));
  expect(tries).toEqual([upTo(6), [1, 3, 5]]);
  expect(waits).toEqual([5]);
});

test("a batch may be of any size", async () => {
  const { execute } = tenfolding(badOnes("records", 7));
  const outcomes = await search(upTo(400_000), options(execute));
  expect(outcomes.filter(({ kind }) => kind === "failed").map(({ record }) => record)).toEqual([7]);
});

test("parts that come back in another order keep their places", async () => {
  const gates = upTo(4).map(() => deferred());
  const searching = search(
    upTo(4),
    options(async (batch, place) => {
      if (place === "session") throw new Failing("time", "late");
      await gates[batch[0] as number]?.promise;
      return batch;
    }),
  );
  for (const gate of gates.toReversed()) {
    await quiet();
    gate.resolve();
  }
  expect(shown(await searching)).toEqual([0, 1, 2, 3]);
});

test("records of all kinds in one batch fail each with its own error", async () => {
  const bad = new Map<number, Fault>([
    [1, "records"],
    [4, "process"],
    [9, "time"],
    [12, "records"],
  ]);
  const outcomes = await search(upTo(16), options(tenfolding(bad).execute));
  expect(shown(outcomes)).toEqual(upTo(16).map((n) => (bad.has(n) ? `- ${n}` : n * 10)));
});

test.each<Fault>(["records", "process"])(
  "of a batch that is not to be divided, all fail with what the batch failed with (%s)",
  async (fault) => {
    const { execute } = tenfolding(badOnes(fault, 2));
    const poison = poisonOf();
    const outcomes = await search([1, 2, 3], options(execute, { divides: false, poison }));
    expect(shown(outcomes)).toEqual(["- 2", "- 2", "- 2"]);
    expect([1, 2, 3].map((record) => poison.against(record))).toEqual([undefined, undefined, undefined]);
  },
);

test("what is everyone's fault is thrown at once, without asking the judge", async () => {
  const { tries, execute } = tenfolding(badOnes("everyone", 2));
  const judged: unknown[] = [];
  const judge: Judge<number> = (failed) => {
    judged.push(failed);
    return { kind: "reject" };
  };
  await expect(search([1, 2, 3], options(execute, { judge }))).rejects.toThrow("2");
  expect({ tries: tries.length, judged }).toEqual({ tries: 1, judged: [] });
});

test("the search ends at the first failure that is everyone's fault", async () => {
  const { tries, execute } = tenfolding(badOnes("records", 1, 3));
  const gone = new Failing("everyone", "gone");
  const failing = async (batch: readonly number[], place: "session" | "probe") => {
    if (batch.length === 1) throw gone;
    return execute(batch, place);
  };
  await expect(search(upTo(4), options(failing))).rejects.toBe(gone);
  expect(tries.map(({ batch }) => batch)).toEqual([upTo(4), [0, 1]]);
});

test("the judge is told of the batch, then of its parts, with how often their records were tried", async () => {
  const { execute } = tenfolding(badOnes("records", 2));
  const judged: unknown[] = [];
  const judge: Judge<number> = ({ records, attempts }) => {
    judged.push([records, attempts]);
    return { kind: "reject" };
  };
  await search([0, 1, 2, 3], options(execute, { judge }));
  expect(judged).toEqual([
    [[0, 1, 2, 3], 1],
    [[2, 3], 2],
    [[2], 3],
  ]);
});

test("a retry executes the same records again after its wait, and the tries are kept count of", async () => {
  let left = 2;
  const waits: number[] = [];
  const execute = async (batch: readonly number[]): Promise<readonly number[]> => {
    if (left-- > 0) throw new Failing("records", "not yet");
    return batch;
  };
  const judge: Judge<number> = ({ attempts }) => ({ kind: "retry", afterMs: attempts * 100 });
  const wait = async (ms: number): Promise<void> => {
    waits.push(ms);
  };
  const outcomes = await search([1, 2], options(execute, { judge, wait }));
  expect(attemptsOf(outcomes)).toEqual([3, 3]);
  expect(waits).toEqual([100, 200]);
});

test("the parts of a batch go on with its count of tries", async () => {
  const { tries, execute } = tenfolding(badOnes("records", 1));
  const judge: Judge<number> = ({ attempts }): Verdict =>
    attempts < 3 ? { kind: "retry", afterMs: 0 } : { kind: "reject" };
  const outcomes = await search([0, 1], options(execute, { judge }));
  expect(tries.map(({ batch }) => batch)).toEqual([[0, 1], [0, 1], [0, 1], [0], [1]]);
  expect(attemptsOf(outcomes)).toEqual([4, 4]);
});

test.each<Fault>(["process", "time"])("what cost a process (%s) is retried in a probe", async (fault) => {
  const { tries, execute } = tenfolding(badOnes(fault, 1));
  const judge: Judge<number> = ({ attempts }): Verdict =>
    attempts < 3 ? { kind: "retry", afterMs: 0 } : { kind: "reject" };
  await search([1], options(execute, { judge }));
  expect(tries.map(({ place }) => place)).toEqual(["session", "probe", "probe"]);
});

test("a wait that is given up ends the search", async () => {
  const enough = new Error("enough");
  const judge: Judge<number> = () => ({ kind: "retry", afterMs: 1 });
  const { execute } = tenfolding(badOnes("records", 1));
  const wait = (): Promise<void> => Promise.reject(enough);
  await expect(search([1], options(execute, { judge, wait }))).rejects.toBe(enough);
});

test("a verdict to halt in the middle of a search throws what failed there", async () => {
  const { tries, execute } = tenfolding(badOnes("records", 1, 3));
  const judge: Judge<number> = ({ records }) => ({ kind: records.length === 1 ? "halt" : "reject" });
  await expect(search(upTo(4), options(execute, { judge }))).rejects.toThrow("1");
  expect(tries.map(({ batch }) => batch)).toEqual([upTo(4), [0, 1], [0], [1]]);
});

test("a judge that throws, or rejects, ends the search with that", async () => {
  const broken = new Error("the policy");
  const throwing: Judge<number> = () => {
    throw broken;
  };
  for (const judge of [throwing, () => Promise.reject(broken)]) {
    const { execute } = tenfolding(badOnes("records", 1));
    await expect(search([1], options(execute, { judge }))).rejects.toBe(broken);
  }
});

test("a record may be sent to an output in place of being rejected", async () => {
  const { execute } = tenfolding(badOnes("records", 1));
  const verdict = { kind: "routeTo", route: "odd" } as const;
  const outcomes = await search([0, 1], options(execute, { judge: () => verdict }));
  expect(outcomes[1]).toMatchObject({ kind: "failed", record: 1, verdict });
});

test("trouble is told once, before the second try, and not when nothing fails or the stream ends", async () => {
  const told: number[] = [];
  const { tries, execute } = tenfolding(badOnes("records", 1, 2));
  const onTrouble = (): void => {
    told.push(tries.length);
  };
  await search(upTo(4), options(execute, { onTrouble }));
  expect(told).toEqual([1]);
  await search([3], options(execute, { onTrouble }));
  await search([1], options(execute, { onTrouble, judge: () => ({ kind: "halt" }) })).catch(() => {});
  expect(told).toEqual([1]);
});

test("a record that failed by itself is judged alone, and the others of its batch are not executed again", async () => {
  const tries: (readonly number[])[] = [];
  const unfit = new Failing("records", "unfit");
  const execute = async (batch: readonly number[]): Promise<(number | RecordFailure)[]> => {
    tries.push(batch);
    return batch.map((record) => (record === 1 ? new RecordFailure(unfit) : record));
  };
  expect(shown(await search([0, 1, 2], options(execute)))).toEqual([0, "- unfit", 2]);
  expect(tries).toEqual([[0, 1, 2]]);
});

/** Executes with a failure of its own for each record, whose rank is the number of the record. */
const ranked = async (batch: readonly number[]): Promise<RecordFailure[]> =>
  batch.map((record) => new RecordFailure(new Failing("records", `rank ${record}`), record));

test("of records that failed by themselves, the stream ends with the one of the lowest rank", async () => {
  const halting = { ...options(ranked), judge: (): Verdict => ({ kind: "halt" }) };
  await expect(search([2, 0, 1], halting)).rejects.toThrow("rank 0");
});

test("records that failed by themselves are tried again in the order of the batch, whatever their ranks", async () => {
  const tries: (readonly number[])[] = [];
  const execute = async (batch: readonly number[]): Promise<(number | RecordFailure)[]> => {
    tries.push(batch);
    return tries.length === 1 ? ranked(batch) : [...batch];
  };
  const judge = (): Verdict => ({ kind: "retry", afterMs: 0 });
  await search([2, 0, 1], { ...options(execute), judge });
  expect(tries).toEqual([
    [2, 0, 1],
    [2, 0, 1],
  ]);
});

test.each<Fault>(["process", "time"])(
  "a record that is found guilty (%s) is remembered: an equal one is given up untried",
  async (fault) => {
    const { tries, execute } = tenfolding(badOnes(fault, 1));
    const poison = poisonOf();
    await search([1], options(execute, { poison }));
    tries.splice(0);
    const outcomes = await search([2, 1_001, 3], options(execute, { poison }));
    expect(outcomes[1]).toMatchObject({ kind: "failed", record: 1_001, attempts: 0 });
    const { error } = outcomes[1] as { error: PoisonedRecordError };
    expect(error).toBeInstanceOf(PoisonedRecordError);
    expect(error.cause).toMatchObject({ message: "1" });
    expect(tries).toEqual([{ batch: [2, 3], place: "session" }]);
    expect(shown(outcomes).toSpliced(1, 1)).toEqual([20, 30]);
  },
);

test("a record that raises is not remembered", async () => {
  const { tries, execute } = tenfolding(badOnes("records", 1));
  const poison = poisonOf();
  await search([1], options(execute, { poison }));
  await search([1_001], options(execute, { poison }));
  expect(tries.map(({ batch }) => batch)).toEqual([[1], [1_001]]);
});

test("of equal records in one batch the first is found, and the others are not tried any more", async () => {
  const equal = [1, 1_001, 2_001, 3_001];
  const { tries, execute } = tenfolding(badOnes("process", ...equal));
  const outcomes = await search([0, ...equal, 5, 6, 7], options(execute));
  expect(outcomes.map(({ kind }) => kind)).toEqual(
    upTo(8).map((n) => (n >= 1 && n <= 4 ? "failed" : "done")),
  );
  const withOthers = tries.filter(({ batch }) => batch.some((n) => equal.slice(1).includes(n)));
  expect(withOthers.map(({ batch }) => batch.length)).toEqual([8, 8, 4]);
});

test("a judge may have a known one tried all the same, in a probe; found guilty again, it is judged by its tries", async () => {
  const { tries, execute } = tenfolding(badOnes("process", 1, 1_001));
  const poison = poisonOf();
  await search([1], options(execute, { poison }));
  tries.splice(0);
  const judge: Judge<number> = ({ attempts }): Verdict =>
    attempts === 0 ? { kind: "retry", afterMs: 0 } : { kind: "reject" };
  const outcomes = await search([1_001], options(execute, { poison, judge }));
  expect(tries).toEqual([{ batch: [1_001], place: "probe" }]);
  expect(outcomes).toMatchObject([{ kind: "failed", attempts: 1 }]);
});

test("a verdict to halt over a known one throws why it is known", async () => {
  const { execute } = tenfolding(badOnes("process", 1));
  const poison = poisonOf();
  await search([1], options(execute, { poison }));
  const judge: Judge<number> = () => ({ kind: "halt" });
  await expect(search([1_001], options(execute, { poison, judge }))).rejects.toBeInstanceOf(
    PoisonedRecordError,
  );
});

test.each<[Fault, number]>([
  ["process", 2],
  ["time", 1],
])(
  "when it is known which record was worked on (%s), it alone is tried again, between those before and behind it",
  async (fault, tries) => {
    const tenfold = tenfolding(badOnes(fault, 5));
    const suspectOf = (error: unknown): number =>
      (tenfold.tries.at(-1)?.batch ?? []).indexOf(Number((error as Error).message));
    const outcomes = await search(upTo(8), options(tenfold.execute, { suspectOf }));
    expect(shown(outcomes)).toEqual([0, 10, 20, 30, 40, "- 5", 60, 70]);
    const alone = Array.from({ length: tries }, () => [5]);
    expect(tenfold.tries.map(({ batch }) => batch)).toEqual([upTo(8), [0, 1, 2, 3, 4], ...alone, [6, 7]]);
  },
);

test("a record that was worked on when its process died by chance is not blamed", async () => {
  let died = false;
  const execute = async (batch: readonly number[]): Promise<readonly number[]> => {
    if (died) return batch;
    died = true;
    throw new Failing("process", "by chance");
  };
  expect(shown(await search(upTo(4), options(execute, { suspectOf: () => 2 })))).toEqual(upTo(4));
});

test("what raises is searched for in parts, whatever was worked on", async () => {
  const { tries, execute } = tenfolding(badOnes("records", 3));
  await search(upTo(4), options(execute, { suspectOf: () => 0 }));
  expect(tries[1]).toEqual({ batch: [0, 1], place: "session" });
});
