import type { Fault, Judge } from "../../src/dispatch/judge.js";
import { PoisonMemory } from "../../src/dispatch/poison.js";
import type { Place, SearchOptions } from "../../src/dispatch/search.js";

/** What one number of a batch makes of the whole of it. */
export class Failing extends Error {
  readonly fault: Fault;

  constructor(fault: Fault, message: string) {
    super(message);
    this.fault = fault;
  }
}

export function faultOf(error: unknown): Fault {
  return error instanceof Failing ? error.fault : "everyone";
}

export const rejecting: Judge<number> = () => ({ kind: "reject" });

/** Numbers that are equal when they leave the same rest by 1,000. */
export function poisonOf(): PoisonMemory<number> {
  return new PoisonMemory((record) => String(record % 1_000));
}

export interface Try {
  readonly batch: readonly number[];
  readonly place: Place;
}

/** Tenfolds each number; a batch fails as the first of its bad numbers makes it. Notes what it was given, and where. */
export function tenfolding(bad: ReadonlyMap<number, Fault> = new Map()) {
  const tries: Try[] = [];
  const execute = async (batch: readonly number[], place: Place): Promise<number[]> => {
    tries.push({ batch, place });
    const found = batch.find((record) => bad.has(record));
    if (found !== undefined) throw new Failing(bad.get(found) as Fault, `${found}`);
    return batch.map((record) => record * 10);
  };
  return { tries, execute };
}

export function options(
  execute: SearchOptions<number, number>["execute"],
  changes: Partial<SearchOptions<number, number>> = {},
): SearchOptions<number, number> {
  return {
    execute,
    judge: rejecting,
    faultOf,
    divides: true,
    poison: poisonOf(),
    wait: async () => {},
    onTrouble: () => {},
    ...changes,
  };
}

export function badOnes(fault: Fault, ...records: number[]): Map<number, Fault> {
  return new Map(records.map((record) => [record, fault]));
}
