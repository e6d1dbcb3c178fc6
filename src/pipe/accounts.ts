import type { Ledger, StageLedger } from "./ledger.js";
import type { Rejections } from "./rejections.js";
import { StageAccount, type Strays } from "./stage-account.js";

/** The books of a run while it runs. */
export class RunAccounts {
  /** Records taken from the input. */
  taken = 0;
  readonly rejections: Rejections;
  readonly stages: readonly StageAccount[];
  readonly #strays: Strays = { undelivered: 0, notEntered: 0 };
  /** A map: an output may be called `toString`, which every object has. */
  readonly #delivered: Map<string, number>;

  constructor(stages: readonly string[], routes: readonly string[], rejections: Rejections) {
    this.rejections = rejections;
    this.stages = stages.map((stage, index) => new StageAccount(stage, index, rejections, this.#strays));
    this.#delivered = new Map(routes.map((route) => [route, 0]));
  }

  delivered(route: string): void {
    this.#delivered.set(route, (this.#delivered.get(route) ?? 0) + 1);
  }

  /** Items that went through every stage, and that the consumer did not take. */
  undelivered(count: number): void {
    this.#strays.undelivered += count;
  }

  /** The ledger as it stands. */
  ledger(): Ledger {
    return {
      ...this.#totals(),
      balanced: this.differences().length === 0,
      routes: Object.fromEntries(this.#delivered),
      stages: Object.fromEntries(this.stages.map((account) => [account.stage, account.book()])),
    };
  }

  /** Where the books do not add up; empty when they do. */
  differences(): string[] {
    const between = this.stages.map((account, index) => {
      const before = this.stages[index - 1];
      const [giver, given] =
        before === undefined
          ? ["the input", this.#taken()]
          : [before.stage, before.counts.out - before.counts.leftEarly];
      return check(`${giver} gave`, given, `${account.stage} took`, account.counts.in - account.joined);
    });
    const inside = this.stages.map(({ stage, counts }) => {
      const ended = counts.out + counts.rejected + counts.filtered + counts.unfinished;
      return check(`${stage} took or made`, counts.in + counts.expanded, "accounted for", ended);
    });
    const last = this.stages.at(-1)?.counts;
    const given = last === undefined ? this.#taken() : last.out - last.leftEarly;
    const early = this.#sum("leftEarly");
    const taken = this.#totals().out + this.#strays.undelivered;
    const end = check("the stages gave", given + early, "delivered or left over", taken);
    return [...between, ...inside, end].filter((difference) => difference !== undefined);
  }

  /** Records that went from the input to the first stage. */
  #taken(): number {
    const joined = this.stages.reduce((total, account) => total + account.joined, 0);
    return this.taken - joined - this.#strays.notEntered;
  }

  #totals(): StageLedger {
    return {
      in: this.taken,
      expanded: this.#sum("expanded"),
      out: [...this.#delivered.values()].reduce((total, count) => total + count, 0),
      rejected: this.#sum("rejected"),
      filtered: this.#sum("filtered"),
      unfinished: this.#sum("unfinished") + this.#strays.undelivered + this.#strays.notEntered,
    };
  }

  #sum(count: keyof StageAccount["counts"]): number {
    return this.stages.reduce((total, { counts }) => total + counts[count], 0);
  }
}

function check(giver: string, given: number, taker: string, taken: number): string | undefined {
  return given === taken ? undefined : `${giver} ${given} records, ${taker} ${taken}`;
}
