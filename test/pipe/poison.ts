import { pipe, type Rejection, type Session } from "slither-ts";
import { expect } from "vitest";
import type { Random } from "../soak/random.js";
import { expectBalance } from "./runs.js";

/** Records of each kind that are among the good ones. */
export const POISONS = { raise: 37, abort: 3, exit: 2, memory: 1, hang: 1 } as const;

type Poison = keyof typeof POISONS;

interface PoisonRecord {
  readonly n: number;
  readonly poison: Poison | null;
}

/** How a record of each kind is seen to have failed. */
const CAUSES: Readonly<Record<Poison, object>> = {
  raise: { code: "SLITHER_PYTHON", pythonType: "ValueError" },
  abort: { code: "SLITHER_WORKER_DIED", signal: "SIGABRT" },
  exit: { code: "SLITHER_WORKER_DIED", exitCode: 3 },
  memory: { code: "SLITHER_MEMORY_LIMIT", signal: "SIGKILL" },
  hang: { code: "SLITHER_CALL_TIMEOUT", timeoutMs: 2_000 },
};

/** So many records through a function that 44 of them are poison for; those and no others must be rejected, each with its cause. */
export async function expectExactlyThePoisoned(
  session: Session,
  options: { records: number; batchSize: number; replicas?: number | undefined; random: Random },
): Promise<void> {
  const { records, batchSize, replicas, random } = options;
  const poisons = placed(records, random);
  const input = Array.from({ length: records }, (_, n) => ({ n, poison: poisons.get(n) ?? null }));
  const doubled = pipe<PoisonRecord>("poisoned")
    .python<number>("double", {
      module: "poisoned",
      function: "double",
      batch: { size: batchSize },
      timeout: "2s",
    })
    .onError("double", "reject");
  const { outputs, rejected, ledger } = await doubled.run(input, { session, replicas }).collect();

  const good = input.filter(({ poison }) => poison === null);
  expect(outputs.default.map(({ id }) => id)).toEqual(good.map(({ n }) => n));
  expect(outputs.default.map(({ payload }) => payload)).toEqual(good.map(({ n }) => 2 * n));
  expect(rejected.map(({ id }) => id)).toEqual([...poisons.keys()].sort((one, other) => one - other));
  for (const rejection of rejected) expectCause(rejection, poisons.get(rejection.id as number) as Poison);
  expectBalance(ledger);
  expect(await session.call("builtins", "len", [[1, 2]])).toBe(2);
}

function expectCause({ id, error }: Rejection, poison: Poison): void {
  expect({ id, error }).toEqual({ id, error: expect.objectContaining(CAUSES[poison]) });
}

function placed(records: number, random: Random): Map<number, Poison> {
  const poisons = new Map<number, Poison>();
  for (const [poison, count] of Object.entries(POISONS) as [Poison, number][]) {
    for (const wanted = poisons.size + count; poisons.size < wanted; ) {
      const n = random.below(records);
      if (!poisons.has(n)) poisons.set(n, poison);
    }
  }
  return poisons;
}
