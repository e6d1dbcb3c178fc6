import { LRUCache } from "lru-cache";

/** Keeps so many entries, those that were used last. By its own `max`, lru-cache would take memory for all of them at once. */
export function lastUsed<Key extends string | number | bigint | boolean, Value extends object>(
  maxEntries: number,
): LRUCache<Key, Value> {
  return new LRUCache({ maxSize: maxEntries, sizeCalculation: () => 1 });
}
