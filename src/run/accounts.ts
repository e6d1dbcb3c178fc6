import { outputsOf, type PipePlan } from "../plan/plan.js";
import { END, firstPlace, INPUT } from "../plan/topology.js";
import type { Item } from "../stage/item.js";
import { PassingItem } from "../stage/passing-item.js";
import { type Edge, edgesOf, named } from "./edges.js";
import { Occupancy } from "./explain/occupancy.js";
import { Waits } from "./explain/waits.js";
import type { Ledger, StageLedger } from "./ledger.js";
import type { Receipts } from "./receipts.js";
import type { Rejections } from "./rejections.js";
import { type PythonTimes, StageAccount, type Strayed } from "./stage-account.js";

/** The books of a run while it runs. */
export class RunAccounts {
  /** Records taken from the input. */
  taken = 0;
  readonly rejections: Rejections;
  readonly stages: readonly StageAccount[];
  readonly python: PythonTimes = { working: new Occupancy(), asked: new Occupancy() };
  readonly waits = new Waits();
  readonly #plan: PipePlan;
  readonly #first: number;
  /** Nearly all that the input gave. */
  #givenToFirst = 0;
  /** Others, which it gave to stages further on, by their index. */
  readonly #given = new Map<number, number>();
  /** By output. Maps: an output may be called `toString`, which every object has. */
  readonly #delivered: Map<string, number>;
  /** Items on their way to an output that nobody took any more. */
  readonly #undelivered = new Map<string, number>();
  /** Items on their way to a stage, by its index, that had not come to it when the run ended. */
  readonly #notEntered = new Map<number, number>();

  constructor(plan: PipePlan, rejections: Rejections, receipts?: Receipts) {
    this.rejections = rejections;
    const strayed: Strayed = (item, place) => {
      if (place === END) this.undelivered([item]);
      else count(this.#notEntered, place);
    };
    const surroundings = { rejections, strayed, receipts, python: this.python, waits: this.waits };
    this.stages = plan.stages.map(
      (stage, index) => new StageAccount(stage.name, index, surroundings, "cache" in stage && !!stage.cache),
    );
    this.#plan = plan;
    this.#first = firstPlace(plan);
    this.#delivered = new Map(outputsOf(plan).map((output) => [output, 0]));
  }

  /** The input gave an item to the stage that it goes to first. */
  given(item: Item): void {
    const place = PassingItem.placeOf(item);
    if (place === undefined) this.#givenToFirst += 1;
    else count(this.#given, place);
  }

  delivered(output: string, records = 1): void {
    count(this.#delivered, output, records);
  }

  /** Neighbours mostly go to the same output: they are counted together. */
  allDelivered(items: readonly Item[]): void {
    let last = items[0]?.route as string;
    let records = 0;
    for (const { route } of items) {
      if (route !== last) {
        this.delivered(last, records);
        last = route;
        records = 0;
      }
      records += 1;
    }
    if (records > 0) this.delivered(last, records);
  }

  /** Items that went through every stage, and that the consumer did not take. */
  undelivered(items: readonly Item[]): void {
    for (const { route } of items) count(this.#undelivered, route);
  }

  /** The ledger as it stands. */
  ledger(): Ledger {
    return {
      ...this.#totals(),
      balanced: this.differences().length === 0,
      routes: Object.fromEntries(this.#delivered),
      stages: Object.fromEntries(this.stages.map((account) => [account.stage, account.book()])),
      edges: this.#edges().map((edge) => named(edge, this.#plan)),
    };
  }

  /** Where the books do not add up; empty when they do. */
  differences(): string[] {
    const edges = this.#edges();
    const given = sumOf(edges.filter(({ from }) => from === INPUT));
    const input = check("the input gave", this.taken, "sent on", given);
    const stages = this.stages.flatMap(({ stage, counts }, index) => {
      const came = sumOf(edges.filter(({ to }) => to === index));
      const sent = sumOf(edges.filter(({ from }) => from === index));
      const ended = counts.out + counts.rejected + counts.filtered + counts.unfinished;
      return [
        check(
          `${stage} was given`,
          came,
          "took or left over",
          counts.in + (this.#notEntered.get(index) ?? 0),
        ),
        check(`${stage} took or made`, counts.in + counts.expanded, "accounted for", ended),
        check(`${stage} passed on`, counts.out, "sent on", sent),
      ];
    });
    const outputs = new Set([...edges.filter(atEnd).map(({ output }) => output), ...this.#delivered.keys()]);
    const ends = [...outputs].map((output) => {
      const came = sumOf(edges.filter((edge) => atEnd(edge) && edge.output === output));
      const left = (this.#delivered.get(output) ?? 0) + (this.#undelivered.get(output) ?? 0);
      return check(`output ${output} was given`, came, "delivered or left over", left);
    });
    return [input, ...stages, ...ends].filter((difference) => difference !== undefined);
  }

  #edges(): Edge[] {
    const given = new Map(this.#given);
    if (this.#givenToFirst > 0) count(given, this.#first, this.#givenToFirst);
    return edgesOf(this.#plan, given, this.stages);
  }

  #totals(): StageLedger {
    return {
      in: this.taken,
      expanded: this.#sum("expanded"),
      out: total(this.#delivered.values()),
      rejected: this.#sum("rejected"),
      filtered: this.#sum("filtered"),
      unfinished:
        this.#sum("unfinished") + total(this.#undelivered.values()) + total(this.#notEntered.values()),
    };
  }

  #sum(name: keyof StageAccount["counts"]): number {
    return total(this.stages.map(({ counts }) => counts[name]));
  }
}

function atEnd({ to }: Edge): boolean {
  return to === END;
}

function sumOf(edges: readonly Edge[]): number {
  return total(edges.map(({ records }) => records));
}

function total(counts: Iterable<number>): number {
  let sum = 0;
  for (const each of counts) sum += each;
  return sum;
}

function count<Key>(counts: Map<Key, number>, key: Key, records = 1): void {
  counts.set(key, (counts.get(key) ?? 0) + records);
}

function check(giver: string, given: number, taker: string, taken: number): string | undefined {
  return given === taken ? undefined : `${giver} ${given} records, ${taker} ${taken}`;
}
