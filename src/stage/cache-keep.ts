import { RecordFailure } from "../dispatch/judge.js";
import { CacheError } from "../errors/cache.js";
import { RecordRejectedError } from "../errors/rejected.js";
import { StoreError } from "../errors/store.js";
import type { KeyPart, TableKey } from "../store.js";
import type { CacheDesk } from "./cache-desk.js";
import type { Round, Row } from "./cache-round.js";
import { memberOf } from "./python-member.js";

/** What the cached stage has made of a row. */
export interface Computed {
  readonly row: Row;
  readonly output: unknown;
}

type CacheEntry = readonly [TableKey, unknown];

/** What keeping takes. */
interface Keeping {
  readonly desk: CacheDesk;
  readonly stop: AbortSignal;
  /** Told of a row whose result cannot be kept. */
  fail(row: Row, error: unknown): void;
}

/**
 * Puts what was computed into the table, and hands it to those that wait for it. Gives back the keys of which nothing is there now.
 *
 * @throws when it is stopped.
 */
export async function keep(
  computed: readonly Computed[],
  round: Round,
  keeping: Keeping,
): Promise<ReadonlySet<KeyPart>> {
  const { desk } = keeping;
  const entries = new Map<KeyPart, CacheEntry>();
  const kept = computed.filter(({ row, output }) => {
    if (output instanceof RecordRejectedError && memberOf(output) === 0) desk.reject(row.id, output.message);
    if (output instanceof RecordRejectedError || output instanceof RecordFailure) return false;
    desk.computed(row.item);
    try {
      entries.set(row.id, [row.key, desk.keptOf(output)]);
      return true;
    } catch (error) {
      keeping.fail(row, error);
      return false;
    }
  });
  // Before the write: no value is taken for younger than it is.
  const at = desk.ages.now;
  const refused = await write([...entries], keeping);
  for (const { row } of kept) if (refused.has(row.id)) keeping.fail(row, refused.get(row.id));
  for (const id of refused.keys()) entries.delete(id);
  for (const [id, [, value]] of entries) {
    const dated = { value, ageMs: 0, isExpired: false, at };
    round.land(id, { kind: "there", dated, isComputed: true });
  }
  const unkept = new Set(computed.map(({ row }) => row.id).filter((id) => !entries.has(id)));
  for (const id of unkept) round.land(id, { kind: "nothing" });
  return unkept;
}

/** Gives back why entries are not in the table, by their ids: one whose value cannot be kept takes no other along. */
async function write(
  entries: readonly (readonly [KeyPart, CacheEntry])[],
  keeping: Keeping,
): Promise<ReadonlyMap<KeyPart, unknown>> {
  const refused = new Map<KeyPart, unknown>();
  let failure = await failureOf(entries, keeping);
  if (failure === undefined) return refused;
  for (const entry of entries) {
    if (entries.length > 1 && !isOfStore(failure)) failure = await failureOf([entry], keeping);
    if (failure !== undefined) refused.set(entry[0], failure);
  }
  return refused;
}

/** What a write fails with. @throws when it is stopped. */
async function failureOf(
  entries: readonly (readonly [KeyPart, CacheEntry])[],
  { desk, stop }: Keeping,
): Promise<unknown> {
  if (entries.length === 0) return undefined;
  try {
    const written = entries.map(([, entry]) => entry);
    await desk.write(written, stop);
    return undefined;
  } catch (error) {
    if (stop.aborted) throw error;
    return error;
  }
}

/** Whether it would be the same for any other value. */
function isOfStore(error: unknown): boolean {
  return error instanceof CacheError && error.cause instanceof StoreError;
}
