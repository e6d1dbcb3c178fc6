import { createInterface } from "node:readline";
import { store, table } from "slither-ts";
import { durable } from "slither-ts/durable";
import { expect } from "vitest";
import { runScript } from "../../helpers/node-script.js";

/** What a process that was killed had been told is kept. */
export interface Killed {
  readonly acknowledged: readonly number[];
}

/** Lets a process write from a number on, and kills it when it has said so many. */
export async function writeAndKill(path: string, first: number, count: number): Promise<Killed> {
  const { child, ended, lines } = runScript("durable-writer", [path, String(first)]);
  let said = 0;
  createInterface(child.stdout as NodeJS.ReadableStream).on("line", () => {
    said += 1;
    if (said > count) child.kill("SIGKILL");
  });
  expect(await ended).toBe("SIGKILL");
  const [, ...numbers] = await lines;
  return { acknowledged: numbers.map(Number) };
}

/** What is kept there, table by table. */
export async function readNumbers(path: string): Promise<{ one: Set<number>; other: Set<number> }> {
  await using opened = store(
    "numbers",
    { one: table<number, string>(), other: table<number, string>() },
    { backend: durable({ path }) },
  );
  for (const [number, value] of [...opened.one, ...opened.other]) expect(value).toBe(`value ${number}`);
  return { one: new Set(keysOf(opened.one)), other: new Set(keysOf(opened.other)) };
}

/** Every acknowledged number is there, but for those that a later transaction took out, and no transaction is there by half. */
export function expectKept(
  { one, other }: { one: Set<number>; other: Set<number> },
  { acknowledged }: Killed,
): void {
  expect([...one].sort(byNumber)).toEqual([...other].sort(byNumber));
  // One that was not acknowledged may have been kept all the same.
  const last = Math.max(...one);
  const lost = acknowledged.filter((number) => !one.has(number) && !wasTakenOut(number, last));
  expect(lost).toEqual([]);
}

function wasTakenOut(number: number, last: number): boolean {
  return number % 3 === 0 && number + 300 <= last;
}

const byNumber = (one: number, other: number): number => one - other;

function keysOf(entries: Iterable<[number, string]>): number[] {
  return Array.from(entries, ([key]) => key);
}
