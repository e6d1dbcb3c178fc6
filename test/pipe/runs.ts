import { type Item, type Ledger, PipeHaltedError, type Run, type StageLedger } from "slither-ts";
import { expect } from "vitest";

/** Iterates a run: what it gave, and what it threw at the end. */
export async function consume<Out>(run: Run<Out>): Promise<{ items: Item<Out>[]; thrown: unknown }> {
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

/** Adds the books up by itself: what went in is what became of it, in the run, in each stage, and from each stage to the next. */
export function expectBalance(ledger: Ledger): void {
  expect(ledger.balanced).toBe(true);
  const stages = Object.values(ledger.stages);
  for (const books of [ledger, ...stages]) expect(accountedFor(books)).toBe(books.in);
  for (const [index, books] of stages.entries()) expect(books.in).toBe(stages[index - 1]?.out ?? ledger.in);
  expect(Object.values(ledger.routes).reduce((sum, count) => sum + count, 0)).toBe(ledger.out);
}

function accountedFor({ out, rejected, filtered, unfinished }: StageLedger): number {
  return out + rejected + filtered + unfinished;
}
