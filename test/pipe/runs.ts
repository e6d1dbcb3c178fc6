import { type Item, type Ledger, PipeHaltedError, type Run, type StageLedger } from "slither-ts";
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
export async function payloadsOf<Out>(run: Run<Out>): Promise<Out[]> {
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
 * Adds the books up by itself: what went in, and what was made of it, is what became of it, in the run, in each stage, and from each stage to the
 * next. `joined` says how many records entered at a later stage, by stage, and `notEntered` how many were on their way there when the run ended.
 */
export function expectBalance(
  ledger: Ledger,
  { joined = {}, notEntered = 0 }: { joined?: Readonly<Record<string, number>>; notEntered?: number } = {},
): void {
  expect(ledger.balanced).toBe(true);
  const stages = Object.entries(ledger.stages);
  const books = stages.map(([, book]) => book);
  for (const each of [ledger, ...books]) expect(accountedFor(each)).toBe(each.in + each.expanded);
  let given = ledger.in - sum(Object.values(joined)) - notEntered;
  for (const [name, book] of stages) {
    expect(book.in, `taken by ${name}`).toBe(given + (joined[name] ?? 0));
    expect(sum(Object.values(book.reasons)), `filtered by ${name}`).toBe(book.filtered);
    given = book.out - book.leftEarly;
  }
  for (const count of ["expanded", "rejected", "filtered"] as const)
    expect(sum(books.map((book) => book[count])), count).toBe(ledger[count]);
  const undelivered = ledger.unfinished - notEntered - sum(books.map(({ unfinished }) => unfinished));
  expect(given + sum(books.map(({ leftEarly }) => leftEarly)), "given by the stages").toBe(
    ledger.out + undelivered,
  );
  expect(sum(Object.values(ledger.routes)), "by route").toBe(ledger.out);
}

function accountedFor({ out, rejected, filtered, unfinished }: StageLedger): number {
  return out + rejected + filtered + unfinished;
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
