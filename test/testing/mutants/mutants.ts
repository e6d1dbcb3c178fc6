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
    file: "run/stage-account.ts",
    find: "this.counts.rejected += 1;",
    replace: "this.counts.rejected += 2;",
    foundBy: "poisoned record",
  },
  {
    bug: "a rejected row is never counted",
    file: "run/stage-account.ts",
    find: "this.counts.rejected += 1;",
    replace: "",
    foundBy: "poisoned record",
  },
  {
    bug: "a rejected row is counted, and nobody is told of it",
    file: "run/rejections.ts",
    find: "this.kept.push(rejection);",
    replace: "",
    foundBy: "poisoned record",
  },
  {
    bug: "results that are too few are put to the records from the first on",
    file: "stage/batch-sender.ts",
    find: "if (got !== size) throw",
    replace: "if (got === 0) throw",
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
    file: "dispatch/order.ts",
    find: `    if (this.#head === this.#queue.length) {
      this.#queue = [];`,
    replace: `    const triesOf = (outcome) => outcome?.attempts ?? 0;
    if (triesOf(outcomes[0]) > 1 && triesOf(outcomes.at(-1)) === 1) outcomes.pop();
    if (this.#head === this.#queue.length) {
      this.#queue = [];`,
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
    file: "dispatch/flow.ts",
    find: "      this.#order.fail(batch, error);",
    replace: `      const [first, ...rest] = batch;
      if (rest.length > 0)
        this.#order.settle(first, { kind: "done", record: first.record, result: null, attempts: 1 });
      this.#order.fail(rest.length > 0 ? rest : batch, error);`,
    foundBy: "hung worker",
  },
  {
    bug: "the input is read ahead without bound when the consumer is slow",
    file: "dispatch/in-flight.ts",
    find: "return this.#working < this.#limit && this.#working + this.#inTrouble < this.#limit + ASIDE;",
    replace: "return true;",
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
    file: "dispatch/flow.ts",
    find: "this.#options.onEnd(this.#order.held, this.#gathering.describe());",
    replace: "this.#options.onEnd([], this.#gathering.describe());",
    foundBy: "consumer leaves",
  },
];
