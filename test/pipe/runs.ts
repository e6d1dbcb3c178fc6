import { type Item, type Ledger, type LedgerEdge, PipeHaltedError, type StageLedger } from "slither-ts";
import { expect } from "vitest";

/** Iterates a run: what it gave, and what it threw at the end. */
export async function consume<Out>(
  run: AsyncIterable<Item<Out>>,
): Promise<{ items: Item<Out>[]; thrown: unknown }> {
  const items: Item<Out>[] = [];
  try {
    for await (const item of run) items.push(item);
  } catch (error) {
    return { items, thrown: error };
  }
  return { items, thrown: undefined };
}

/** The payloads of a run that must complete. */
export async function payloadsOf<Out>(run: AsyncIterable<Item<Out>>): Promise<Out[]> {
  const payloads: Out[] = [];
  for await (const item of run) payloads.push(item.payload);
  return payloads;
}

/** The error that a run must halt with. */
export async function haltOf(run: { collect(): Promise<unknown> }): Promise<PipeHaltedError> {
  const error: unknown = await run.collect().then(
    () => expect.fail("the run completed"),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(PipeHaltedError);
  return error as PipeHaltedError;
}

/**
 * Adds the books up by itself: what went in, and what was made of it, is what became of it, in the run and in each stage; and what each of them gave along
 * an edge was taken at its end, or is left over. `entered` says how many records the input gave to later stages, by stage.
 */
export function expectBalance(
  ledger: Ledger,
  { entered = {} }: { entered?: Readonly<Record<string, number>> } = {},
): void {
  expect(ledger.balanced).toBe(true);
  const stages = Object.entries(ledger.stages);
  const books = stages.map(([, book]) => book);
  const along = (isWanted: (edge: LedgerEdge) => boolean): number =>
    sum(ledger.edges.filter(isWanted).map(({ records }) => records));
  for (const each of [ledger, ...books]) expect(accountedFor(each)).toBe(each.in + each.expanded);
  expect(
    along(({ from }) => from === undefined),
    "given by the input",
  ).toBe(ledger.in);
  for (const [stage, count] of Object.entries(entered))
    expect(
      along(({ from, to }) => from === undefined && to === stage),
      `entered at ${stage}`,
    ).toBe(count);
  let leftOver = 0;
  for (const [name, book] of stages) {
    const rest = along(({ to }) => to === name) - book.in;
    expect(rest, `left over for ${name}`).toBeGreaterThanOrEqual(0);
    leftOver += rest;
    expect(
      along(({ from }) => from === name),
      `given by ${name}`,
    ).toBe(book.out);
    expect(sum(Object.values(book.reasons)), `filtered by ${name}`).toBe(book.filtered);
  }
  for (const [output, count] of Object.entries(ledger.routes)) {
    const rest = along((edge) => edge.to === undefined && edge.output === output) - count;
    expect(rest, `left over in ${output}`).toBeGreaterThanOrEqual(0);
  }
  leftOver += along(({ to }) => to === undefined) - ledger.out;
  for (const count of ["expanded", "rejected", "filtered"] as const)
    expect(sum(books.map((book) => book[count])), count).toBe(ledger[count]);
  expect(leftOver + sum(books.map(({ unfinished }) => unfinished)), "unfinished").toBe(ledger.unfinished);
  expect(sum(Object.values(ledger.routes)), "by route").toBe(ledger.out);
}

function accountedFor({ out, rejected, filtered, unfinished }: StageLedger): number {
  return out + rejected + filtered + unfinished;
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
