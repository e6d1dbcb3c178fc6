import { NdArray } from "../wire/ndarray.js";
import { Tuple } from "../wire/tuple.js";

/** What each escape stands for. */
const RESTORE = {
  bigint: ([value]: readonly unknown[]) => BigInt(value as number | bigint),
  tuple: (items: readonly unknown[]) => tupleOf(items),
  bare: (flat: readonly unknown[]) => Object.assign(Object.create(null), Object.fromEntries(pairs(flat))),
  object: (flat: readonly unknown[]) => Object.fromEntries(pairs(flat)),
  map: (flat: readonly unknown[]) => new Map(pairs(flat)),
  bytes: ([buffer]: readonly unknown[]) => new Uint8Array(buffer as Buffer),
  undefined: () => undefined,
  date: ([time]: readonly unknown[]) => new Date(time as number),
  set: (items: readonly unknown[]) => new Set(items),
  typed: ([array]: readonly unknown[]) => (array as NdArray).data,
} as const satisfies Record<string, (parts: readonly unknown[]) => unknown>;

/** What stands, as the first element of a wire tuple, for what the wire would give back as something else. */
export type Escape = keyof typeof RESTORE;

/** As `tuple()`, which takes no more items than a function takes arguments. */
export function tupleOf(items: readonly unknown[]): Tuple {
  const made = new Tuple();
  for (const item of items) made.push(item);
  return made;
}

function pairs<Key>(flat: readonly unknown[]): [Key, unknown][] {
  return Array.from({ length: flat.length / 2 }, (_, index) => [flat[2 * index] as Key, flat[2 * index + 1]]);
}

/** The value that a PortableCopy was made of. @throws RangeError for an escape that there is not. */
export function restored(copy: unknown): unknown {
  if (typeof copy !== "object" || copy === null || ArrayBuffer.isView(copy) || copy instanceof NdArray)
    return copy;
  if (copy instanceof Tuple) {
    const [what, ...parts] = Array.from(copy) as [string, ...unknown[]];
    if (!Object.hasOwn(RESTORE, what)) throw new RangeError(`there is no value of the kind ${what}`);
    return RESTORE[what as Escape](parts.map(restored));
  }
  if (Array.isArray(copy)) return copy.map(restored);
  return Object.fromEntries(Object.entries(copy).map(([key, value]) => [key, restored(value)]));
}
