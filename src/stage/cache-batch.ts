import { RecordFailure } from "../dispatch/judge.js";
import { inStep, rowOf, stepOf } from "../errors/failed-step.js";
import { RecordRejectedError } from "../errors/rejected.js";
import { untilStopped } from "../stopping.js";
import type { KeyPart } from "../store.js";
import type { CacheDesk } from "./cache-desk.js";
import type { Dated } from "./cache-flights.js";
import { type Computed, keep } from "./cache-keep.js";
import { Round, type Row, type ThereRow } from "./cache-round.js";
import type { BoundTrip, Came } from "./cache-trip.js";
import { type Item, withPayload } from "./item.js";
import { isThenable } from "./item-operator.js";

interface BatchParts {
  readonly desk: CacheDesk;
  readonly trip: BoundTrip;
  readonly isFused: boolean;
  readonly stop: AbortSignal;
}

/** A row that makes a trip. */
interface Traveller {
  readonly index: number;
  readonly item: Item;
}

/**
 * One batch, in rounds: what nobody computes is carried out; then what others compute is waited for. Nobody waits while others wait for what they have taken, so that no two
 * batches wait for each other. What is there is judged when it goes on: with a trip, where the stage is fused, else when nothing is left to be done.
 */
export class CachedBatch {
  readonly #parts: BatchParts;
  readonly #desk: CacheDesk;
  #results: unknown[] = [];
  #there: ThereRow[] = [];
  /** Of keys that were waited for in vain. Their rows do not wait again, nor for each other. */
  readonly #inVain = new Set<KeyPart>();

  constructor(parts: BatchParts) {
    this.#parts = parts;
    this.#desk = parts.desk;
  }

  async carryOut(items: readonly Item[]): Promise<readonly unknown[]> {
    this.#results = new Array(items.length);
    let left = this.#keyed(items);
    while (left.length > 0 || this.#there.length > 0) left = await this.#round(left);
    return this.#results;
  }

  /** Gives back the rows that need another round. */
  async #round(rows: readonly Row[]): Promise<Row[]> {
    const round = new Round(this.#desk.cached.flights);
    const late: Row[] = [];
    try {
      await this.#look(rows, round);
      await this.#carryOut(round, late);
    } finally {
      round.drop();
    }
    const left = [...late, ...(await this.#waited(round))];
    if (!this.#parts.isFused && left.length === 0)
      for (const { index, item } of this.#goOn(left)) this.#results[index] = item.payload;
    return left;
  }

  #keyed(items: readonly Item[]): Row[] {
    return items.flatMap((item, index) =>
      this.#attempt(index, () => [{ index, ...this.#desk.keyed(item) }], []),
    );
  }

  /** What `work` gives; `otherwise`, where the row fails by it. */
  #attempt<Result>(index: number, work: () => Result, otherwise: Result): Result {
    try {
      return work();
    } catch (error) {
      this.#results[index] = new RecordFailure(error);
      return otherwise;
    }
  }

  /** Finds out which rows are there, and takes the keys that nobody has. */
  async #look(rows: readonly Row[], round: Round): Promise<void> {
    const byKey = new Map<KeyPart, Row[]>();
    for (const row of rows) {
      const flight = this.#inVain.has(row.id) ? undefined : round.flightOf(row.id);
      const same = byKey.get(row.id);
      if (flight !== undefined) round.waiting.push([row, flight]);
      else if (same === undefined) byKey.set(row.id, [row]);
      else same.push(row);
    }
    if (byKey.size === 0) return;
    const keys = Array.from(byKey.values(), ([row]) => (row as Row).key);
    let found: readonly (Dated | undefined)[];
    try {
      const read = this.#desk.read(keys, this.#parts.stop);
      // Nobody else may ask before they are taken: here, or below, where there is nothing to wait for.
      if (isThenable(read)) for (const id of byKey.keys()) round.take(id);
      found = isThenable(read) ? await read : read;
    } catch (error) {
      if (this.#parts.stop.aborted) throw error;
      round.drop();
      for (const { index } of [...byKey.values()].flat()) this.#results[index] = new RecordFailure(error);
      return;
    }
    let place = 0;
    for (const same of byKey.values()) this.#sort(same, found[place++], round);
  }

  /** Says of the rows of one key what is to be done with them. */
  #sort(rows: readonly Row[], dated: Dated | undefined, round: Round): void {
    const [{ id }] = rows as readonly [Row];
    const { kind, use } = this.#desk.ages.judge(dated);
    if (kind !== "compute") {
      round.land(id, { kind: "there", dated: dated as Dated, isComputed: false });
      for (const row of rows) this.#there.push({ row, dated: dated as Dated, isShared: false });
      return;
    }
    for (const [nth, row] of rows.entries()) {
      const reason = this.#desk.rejection(row);
      const flight = nth > 0 && !this.#inVain.has(id) ? round.flightOf(id) : undefined;
      if (reason !== undefined) {
        this.#results[row.index] = new RecordRejectedError(reason);
        round.land(id, { kind: "nothing" });
      } else if (flight !== undefined) round.waiting.push([row, flight]);
      else {
        round.take(id);
        round.own.push(row);
        this.#desk.note(row.item, use);
      }
    }
  }

  /** What is there goes on, with its results: all that is not too old by now. @param late is given what must be computed after all. */
  #goOn(late: Row[]): Traveller[] {
    const there = this.#there;
    this.#there = [];
    const { ages } = this.#desk;
    const { now } = ages;
    return there.flatMap(({ row, dated, isShared }) => {
      const { index, item } = row;
      const finding = ages.judge(dated, isShared, now);
      if (finding.kind === "compute") {
        late.push(row);
        return [];
      }
      this.#desk.note(item, finding.use);
      if (finding.kind === "route") {
        this.#results[index] = finding.to;
        return [];
      }
      const gone = (): Traveller[] => [
        { index, item: withPayload(item, this.#desk.outputOf(finding.value, item)) },
      ];
      return this.#attempt(index, gone, []);
    });
  }

  /** Sends what is to be computed, and what is there where that must go along; keeps what was computed. */
  async #carryOut(round: Round, late: Row[]): Promise<void> {
    const ready = this.#parts.isFused ? this.#goOn(late) : [];
    if (round.own.length + ready.length === 0) return;
    // In the order of the batch: what the function is given does not depend on what is there.
    const travelling = [...round.own, ...ready].sort((one, other) => one.index - other.index);
    const isOwn = new Set<Traveller>(round.own);
    const entering = new Set<number>();
    for (const [place, row] of travelling.entries()) if (!isOwn.has(row)) entering.add(place);
    const { results, first } = await this.#sent(travelling, entering);
    const computed: Computed[] = [];
    for (const [place, row] of travelling.entries()) {
      this.#results[row.index] = results[place];
      if (isOwn.has(row)) computed.push({ row: row as Row, output: first(place) });
    }
    const fail = ({ index }: Row, error: unknown): void => {
      this.#results[index] = new RecordFailure(error);
    };
    const unkept = await keep(computed, round, { ...this.#parts, fail });
    for (const id of unkept) this.#inVain.add(id);
  }

  async #sent(travelling: readonly Traveller[], entering: ReadonlySet<number>): Promise<Came> {
    try {
      return await this.#parts.trip(
        travelling.map(({ item }) => item),
        entering,
      );
    } catch (error) {
      // It is known by its place in what was sent.
      const suspect = travelling[rowOf(error) ?? -1];
      if (suspect !== undefined) inStep(error as Error, stepOf(error), suspect.index);
      throw error;
    }
  }

  /** Gives back the rows of keys of which nothing came that may be used. */
  async #waited({ waiting }: Round): Promise<Row[]> {
    const left: Row[] = [];
    for (const [row, flight] of waiting) {
      const landing = await untilStopped(flight.landed, this.#parts.stop);
      const { dated, isComputed } =
        landing.kind === "there" ? landing : { dated: undefined, isComputed: false };
      if (dated !== undefined && this.#desk.ages.judge(dated, isComputed).kind !== "compute") {
        this.#there.push({ row, dated, isShared: isComputed });
        continue;
      }
      if (landing.kind !== "dropped") this.#inVain.add(row.id);
      left.push(row);
    }
    return left;
  }
}
