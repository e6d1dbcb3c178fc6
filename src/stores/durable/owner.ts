import type { Database } from "lmdb";
import { StoreError } from "../../errors/store.js";
import { isRunning, type ProcessIdentity, thisProcess } from "./process-identity.js";

const KEY = "owner";

/** Small facts about the files, as JSON. */
export type Facts = Database<unknown, string>;

/**
 * Makes this process the only one that has the files open. LMDB's own lock, which the kernel lets go of when a process ends, keeps two from claiming
 * at the same time; so an owner that is gone can be replaced without a race.
 *
 * @throws StoreError when another process, or another store of this one, has them open.
 */
export function claim(facts: Facts, store: string, path: string): void {
  const owner = facts.transactionSync(() => {
    const present = facts.get(KEY) as ProcessIdentity | undefined;
    if (present !== undefined && isRunning(present)) return present;
    facts.putSync(KEY, thisProcess());
    return undefined;
  });
  if (owner !== undefined) throw inUse(store, path, owner.pid);
}

export function release(facts: Facts): void {
  facts.removeSync(KEY);
}

export function inUse(store: string, path: string, pid: number): StoreError {
  const who =
    pid === process.pid ? `this process (pid ${pid}) has it open already` : `process ${pid} has it open`;
  return new StoreError(
    store,
    "in-use",
    `expected ${path} to be open in no other store, but ${who}; close that one first, or use another path`,
  );
}
