import { inspect } from "node:util";

/** How many differences of one kind are told. */
const MOST_TOLD = 5;

/** A value for a difference: short, on one line. */
export function shown(value: unknown): string {
  const text = inspect(value, { depth: 3, breakLength: Number.POSITIVE_INFINITY, maxArrayLength: 10 });
  return text.length <= 120 ? text : `${text.slice(0, 117)}…`;
}

/** What was thrown, with its class. */
export function shownError(thrown: unknown): string {
  return thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : shown(thrown);
}

/** The first of many sentences, and how many more there are. */
export function firstOf(sentences: readonly string[]): string[] {
  if (sentences.length <= MOST_TOLD) return [...sentences];
  return [...sentences.slice(0, MOST_TOLD), `and ${sentences.length - MOST_TOLD} more like this`];
}

/** `1 record`, `2 records` */
export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
