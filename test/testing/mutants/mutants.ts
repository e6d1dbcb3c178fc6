import type { ScenarioName } from "slither-ts/testing";

/** A bug of a kind that pipelines have shipped with, as one replacement in src/. */
export interface Mutant {
  readonly bug: string;
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
  /** The scenario that must find it, among others. */
  readonly foundBy: ScenarioName;
}

export const MUTANTS: readonly Mutant[] = [
  {
    bug: "a retry goes on with what the first try has left of its input",
    file: "dispatch/search.ts",
    find: `    await options.wait(verdict.afterMs);
    return attempt(records, next, options);`,
    replace: `    await options.wait(verdict.afterMs);
    return attempt(records.slice(1), next, options);`,
    foundBy: "hung worker",
  },
  {
    bug: "a rejected row is counted twice",
    file: "pipe/stage-account.ts",
    find: "this.counts.rejected += 1;",
    replace: "this.counts.rejected += 2;",
    foundBy: "poisoned record",
  },
  {
    bug: "a rejected row is never counted",
    file: "pipe/stage-account.ts",
    find: "this.counts.rejected += 1;",
    replace: "",
    foundBy: "poisoned record",
  },
  {
    bug: "a rejected row is counted, and nobody is told of it",
    file: "pipe/rejections.ts",
    find: "this.kept.push(rejection);",
    replace: "",
    foundBy: "poisoned record",
  },
  {
    bug: "results that are too few are put to the records from the first on",
    file: "stage/batch-sender.ts",
    find: "if (got !== expected) {",
    replace: "if (got === undefined) {",
    foundBy: "short result",
  },
  {
    bug: "the order of a batch is lost when it is tried again in parts",
    file: "dispatch/search.ts",
    find: "const outcomes = searched.flat();",
    replace: "const outcomes = searched.reverse().flat();",
    foundBy: "hung worker",
  },
  {
    bug: "a batch that is sent again after a death comes out twice",
    file: "dispatch/search.ts",
    find: `if (fault === "process" && !isConfirmed(records, past)) return attempt(records, next, options);`,
    replace: `if (fault === "process" && !isConfirmed(records, past))
    return [...(await attempt(records, next, options)), ...(await attempt(records, next, options))];`,
    foundBy: "killed worker",
  },
  {
    bug: "a whole batch is rejected for one bad record",
    file: "dispatch/search.ts",
    find: "if (!isOne && options.divides)",
    replace: "if (records.length > 1_000 && options.divides)",
    foundBy: "poisoned record",
  },
  {
    bug: "a record of the batch behind the one that crashed is dropped",
    file: "dispatch/dispatch.ts",
    find: `if ("room" in event) continue;`,
    replace: `if ("room" in event) {
        const behind = await intake.next();
        if (behind !== undefined) intake.putBack(behind.slice(1));
        continue;
      }`,
    foundBy: "killed worker",
  },
  {
    bug: "a batch that a death took along is not sent again",
    file: "session/execution.ts",
    find: "this.#attempts < this.options.attempts",
    replace: "this.#attempts < 1",
    foundBy: "killed worker",
  },
  {
    bug: "something of a batch is given out before the batch is confirmed",
    file: "dispatch/dispatch.ts",
    find: "      if (!event.ok) {",
    replace: `      if (!event.ok) {
        const partly = (window.held[0] as Record[]).slice(0, 1);
        yield partly.map((record) => ({ kind: "done", record, result: null as Result, attempts: 1 }));`,
    foundBy: "hung worker",
  },
  {
    bug: "the input is read ahead without bound when the consumer is slow",
    file: "dispatch/window.ts",
    find: "return taken >= this.#limit || this.#inFlight.length >= this.#limit + ASIDE;",
    replace: "return taken < 0;",
    foundBy: "slow consumer",
  },
  {
    bug: "results of what is tried again are shifted by one",
    file: "dispatch/search.ts",
    find: "const result = results[index] as",
    replace: "const result = results[(index + past.attempts) % results.length] as",
    foundBy: "killed worker",
  },
  {
    bug: "what is in flight when the consumer leaves is not counted as unfinished",
    file: "dispatch/dispatch.ts",
    find: "options.onUnfinished([...window.held.flat(), ...intake.held]);",
    replace: "options.onUnfinished(intake.held);",
    foundBy: "consumer leaves",
  },
];
