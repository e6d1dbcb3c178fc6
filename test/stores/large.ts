import { orderedTable, store, table } from "slither-ts";

/** Writes, finds, scans and takes out so many keys of a plain table, a bounded one with a ttl, and an ordered one; says what there was of all. */
export async function fillAndRead(count: number) {
  const large = store("large", {
    plain: table<number, number>(),
    bounded: table<number, number>({ maxEntries: count, ttl: "1h" }),
    ordered: orderedTable<number, number>(),
  });
  const tables = [large.plain, large.bounded, large.ordered];
  // In no order, each once: 7,919 is a prime that does not divide the counts that are asked for.
  const keys = Array.from({ length: count }, (_, index) => (index * 7_919) % count);
  for (const each of tables) await each.putMany(keys.map((key) => [key, key]));
  for (const each of tables)
    for (let key = 0; key < count; key += 10) void each.update(key, (present = 0) => present);
  const sizes = tables.map((each) => each.size);
  const found = tables.map((each) => keys.filter((key) => each.get(key) === key).length);
  const scanned = tables.map((each) => each.fold((sum) => sum + 1, 0));
  const sorted = Array.from(large.ordered, ([key]) => key);
  const inOrder = sorted.every((key, index) => key === index);
  for (const each of tables) await Promise.all(keys.map((key) => each.delete(key)));
  const left = tables.reduce((sum, each) => sum + each.size, 0);
  await large.close();
  return { size: only(sizes), found: only(found), scanned: only(scanned), inOrder, left };
}

/** What all of them are; undefined where they differ. */
function only(counts: readonly number[]): number | undefined {
  return new Set(counts).size === 1 ? counts[0] : undefined;
}
