import type { ConformanceCase, ConformanceOptions } from "slither-ts/testing";

/** What the tables of each kind can do. */
export const CAPABILITIES = {
  local: {
    inOrder: true,
    transactions: true,
    watch: true,
    ordered: true,
    bags: true,
    reload: true,
    persistent: false,
    shared: false,
  },
  remote: {
    inOrder: false,
    transactions: false,
    watch: false,
    ordered: false,
    bags: false,
    reload: false,
    persistent: true,
    shared: true,
  },
} as const satisfies Record<string, ConformanceOptions["capabilities"]>;

export function triedOf(cases: readonly ConformanceCase[]): ConformanceCase[] {
  return cases.filter(({ skipped }) => skipped === undefined);
}
