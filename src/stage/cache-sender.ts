import { RecordFailure } from "../dispatch/judge.js";
import { inStep, rowOf, stepOf } from "../errors/failed-step.js";
import { RecordRejectedError } from "../errors/rejected.js";
import { untilStopped } from "../stopping.js";
import type { Aged, KeyPart, TableKey } from "../store.js";
import type { Sending } from "./batch-sender.js";
import type { CacheDesk, Finding, KeyedItem } from "./cache-desk.js";
import type { Flight } from "./cache-flights.js";
import { type Item, withPayload } from "./item.js";
import { isThenable } from "./item-operator.js";
import { memberOf } from "./python-member.js";

/** What has come of items that were sent. */
export interface Came {
  /** As those of `BatchSender.send`. */
  readonly results: readonly unknown[];
  /** What the cached stage gave back for the item at a place; RecordRejectedError or RecordFailure where it gave nothing. */
  readonly first: (place: number) => unknown;
}

/**
 * Carries out items that the cached stage is to compute, and, where it is fused with others, those that it is not: `entering` are the places of these, whose payloads are
 * its results.
 */
export type Trip = (items: readonly Item[], entering: ReadonlySet<number>, how: Sending) => Promise<Came>;

/** A row of a batch. */
interface Row extends KeyedItem {
  readonly index: number;
}

/** A row that has its result of the cached stage. */
interface Ready {
  readonly index: number;
  readonly item: Item;
}

/** What came of a look at the table. */
interface Round {
  /** To be computed. The first of each key has its flight in `flights`. */
  readonly own: readonly Row[];
  readonly waiting: readonly (readonly [row: Row, flight: Flight])[];
  /** Those that this batch has to land. */
  readonly flights: Map<KeyPart, Flight>;
}

/** Sends the batches of a stage that has a cache: only what is not there goes to its function. */
export class CachedSender {
  readonly #desk: CacheDesk;
  readonly #trip: Trip;
  readonly #isFused: boolean;

  /** @param isFused whether what is there must make the trip all the same, for the stages behind. */
  constructor(desk: CacheDesk, trip: Trip, isFused: boolean) {
    this.#desk = desk;
    this.#trip = trip;
    this.#isFused = isFused;
  }

  /** As `BatchSender.send`; RouteTo where the value of an item is over age and it leaves. */
  send(items: readonly Item[], how: Sending): Promise<readonly unknown[]> {
    return new CachedBatch(this.#desk, this.#trip, this.#isFused, how).carryOut(items);
  }
}

/**
 * One batch, in rounds: what is there, and what nobody computes, is carried out; then what others compute is waited for. Nobody waits while others wait for what
 * they have taken, so that no two batches wait for each other.
 */
class CachedBatch {
  readonly #desk: CacheDesk;
  readonly #trip: Trip;
  readonly #isFused: boolean;
  readonly #how: Sending;
  #results: unknown[] = [];
  #ready: Ready[] = [];
  /** Of keys that were computed in this batch, in vain. Their other rows do not wait for each other. */
  readonly #inVain = new Set<KeyPart>();

  constructor(desk: CacheDesk, trip: Trip, isFused: boolean, how: Sending) {
    this.#desk = desk;
    this.#trip = trip;
    this.#isFused = isFused;
    this.#how = how;
  }

  async carryOut(items: readonly Item[]): Promise<readonly unknown[]> {
    this.#results = new Array(items.length);
    let left = this.#keyed(items);
    while (left.length > 0 || this.#ready.length > 0) {
      const round = await this.#look(left);
      try {
        await this.#carryOut(round);
      } finally {
        for (const flight of round.flights.values()) flight.land({ kind: "failed" });
      }
      left = await this.#waited(round);
    }
    return this.#results;
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

  /** Answers the rows that can be, and takes the keys that nobody has. */
  async #look(rows: readonly Row[]): Promise<Round> {
    const { flights: all } = this.#desk.cached;
    const waiting: (readonly [Row, Flight])[] = [];
    const byKey = new Map<KeyPart, Row[]>();
    for (const row of rows) {
      const reason = this.#desk.rejection(row);
      const flight = all.of(row.id);
      if (reason !== undefined) this.#results[row.index] = new RecordRejectedError(reason);
      else if (flight !== undefined) waiting.push([row, flight]);
      else {
        const same = byKey.get(row.id);
        if (same === undefined) byKey.set(row.id, [row]);
        else same.push(row);
      }
    }
    const flights = new Map<KeyPart, Flight>();
    const own: Row[] = [];
    if (byKey.size > 0) await this.#find(byKey, flights, own, waiting);
    return { own, waiting, flights };
  }

  async #find(
    byKey: ReadonlyMap<KeyPart, readonly Row[]>,
    flights: Map<KeyPart, Flight>,
    own: Row[],
    waiting: (readonly [Row, Flight])[],
  ): Promise<void> {
    const { flights: all } = this.#desk.cached;
    const take = (id: KeyPart): Flight => {
      const flight = flights.get(id) ?? all.take(id);
      flights.set(id, flight);
      return flight;
    };
    let entries: readonly (Aged<unknown> | undefined)[];
    try {
      const found = this.#desk.read(
        Array.from(byKey.values(), ([row]) => (row as Row).key),
        this.#how.stop,
      );
      // Before anybody else can ask: who asks meanwhile waits for what comes of it.
      if (isThenable(found)) for (const id of byKey.keys()) take(id);
      entries = isThenable(found) ? await found : found;
    } catch (error) {
      for (const flight of flights.values()) flight.land({ kind: "failed" });
      if (this.#how.stop.aborted) throw error;
      for (const { index } of [...byKey.values()].flat()) this.#results[index] = new RecordFailure(error);
      return;
    }
    const at = performance.now();
    let place = 0;
    for (const [id, rows] of byKey) {
      const entry = entries[place++];
      const finding = this.#desk.judge(entry);
      if (finding.kind !== "compute") {
        flights.get(id)?.land({ kind: "read", entry: entry as Aged<unknown>, at });
        for (const row of rows) this.#answer(row, finding);
        continue;
      }
      const flight = take(id);
      for (const [nth, row] of rows.entries()) {
        if (nth > 0 && !this.#inVain.has(id)) waiting.push([row, flight]);
        else {
          own.push(row);
          this.#desk.note(row.item, finding.use);
        }
      }
    }
  }

  #answer({ item, index }: Row, finding: Exclude<Finding, { kind: "compute" }>): void {
    this.#desk.note(item, finding.use);
    if (finding.kind === "route") this.#results[index] = finding.to;
    else {
      this.#attempt(
        index,
        () => {
          const output = this.#desk.outputOf(finding.value, item);
          if (this.#isFused) this.#ready.push({ index, item: withPayload(item, output) });
          else this.#results[index] = output;
        },
        undefined,
      );
    }
  }

  /** Sends what is to be computed, and what is ready where that must go along; keeps what was computed. */
  async #carryOut({ own, flights }: Round): Promise<void> {
    const ready = this.#ready;
    this.#ready = [];
    if (own.length + ready.length === 0) return;
    // In the order of the batch: what the function is given does not depend on what is there.
    const travelling = [...own, ...ready].sort((one, other) => one.index - other.index);
    const isOwn = new Set<Row | Ready>(own);
    const entering = new Set<number>();
    for (const [place, row] of travelling.entries()) if (!isOwn.has(row)) entering.add(place);
    const { results, first } = await this.#sent(travelling, entering);
    const computed: Computed[] = [];
    for (const [place, row] of travelling.entries()) {
      this.#results[row.index] = results[place];
      if (isOwn.has(row)) computed.push({ row: row as Row, output: first(place) });
    }
    await this.#keep(computed, flights);
  }

  async #sent(travelling: readonly Ready[], entering: ReadonlySet<number>): Promise<Came> {
    try {
      return await this.#trip(
        travelling.map(({ item }) => item),
        entering,
        this.#how,
      );
    } catch (error) {
      // It is known by its place in what was sent.
      const suspect = travelling[rowOf(error) ?? -1];
      if (suspect !== undefined) inStep(error as Error, stepOf(error), suspect.index);
      throw error;
    }
  }

  /** Puts what was computed into the table, and hands it to those that wait for it. */
  async #keep(computed: readonly Computed[], flights: ReadonlyMap<KeyPart, Flight>): Promise<void> {
    const entries = new Map<KeyPart, readonly [TableKey, unknown]>();
    const kept: Row[] = [];
    for (const { row, output } of computed) {
      if (output instanceof RecordRejectedError && memberOf(output) === 0)
        this.#desk.reject(row.id, output.message);
      if (output instanceof RecordRejectedError || output instanceof RecordFailure) {
        this.#inVain.add(row.id);
        continue;
      }
      this.#desk.computed(row.item);
      const value = this.#attempt(row.index, () => ({ kept: this.#desk.keptOf(output) }), undefined);
      if (value === undefined) continue;
      kept.push(row);
      entries.set(row.id, [row.key, value.kept]);
    }
    if (entries.size === 0) return;
    try {
      await this.#desk.write([...entries.values()], this.#how.stop);
    } catch (error) {
      if (this.#how.stop.aborted) throw error;
      for (const { index } of kept) this.#results[index] = new RecordFailure(error);
      return;
    }
    for (const [id, [, value]] of entries) flights.get(id)?.land({ kind: "computed", value });
  }

  /** Gives back the rows of keys of which nothing came. */
  async #waited({ waiting }: Round): Promise<Row[]> {
    const left: Row[] = [];
    for (const [row, flight] of waiting) {
      const finding = this.#desk.judgeLanding(await untilStopped(flight.landed, this.#how.stop));
      if (finding === undefined || finding.kind === "compute") left.push(row);
      else this.#answer(row, finding);
    }
    return left;
  }
}

/** What the cached stage has made of a row. */
interface Computed {
  readonly row: Row;
  readonly output: unknown;
}
