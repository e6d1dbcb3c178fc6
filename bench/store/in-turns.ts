import { median, ratioOf } from "../measure.js";
import type { Ratio } from "../results.js";

/** What a way of doing something took in each round, and how that compares with the first of them. */
export interface Turns {
  readonly rounds: readonly number[];
  readonly ratio: Ratio;
}

/**
 * Measures several ways of doing the same, in turns; the ratio is to the first of them, round by round.
 *
 * @param ways give what one turn took. The first round of each brings code in, and does not count.
 */
export async function inTurns<Name extends string>(
  rounds: number,
  ways: Readonly<Record<Name, () => number | Promise<number>>>,
): Promise<Record<Name, Turns>> {
  const names = Object.keys(ways) as Name[];
  const taken = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Name, number[]>;
  for (let round = -1; round < rounds; round++) {
    for (const name of names) {
      const one = await ways[name]();
      if (round >= 0) taken[name].push(one);
    }
  }
  const first = taken[names[0] as Name];
  const turns = names.map((name) => {
    const ratios = taken[name].map((one, round) => one / (first[round] as number));
    return [name, { rounds: taken[name], ratio: ratioOf("lower", ratios) }] as const;
  });
  return Object.fromEntries(turns) as unknown as Record<Name, Turns>;
}

/** A row with a figure, and with the ratio where it is not the first one. */
export function rowsOfTurns(
  turns: Readonly<Record<string, Turns>>,
  figure: string,
  named: (name: string) => string = (name) => name,
) {
  return Object.entries(turns).map(([name, { rounds, ratio }], place) => ({
    name: named(name),
    figures: { [figure]: median(rounds) },
    ...(place > 0 && { ratio }),
  }));
}
