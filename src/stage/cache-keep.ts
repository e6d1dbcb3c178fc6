import { RecordFailure } from "../dispatch/judge.js";
import { RecordRejectedError } from "../errors/rejected.js";
import type { KeyPart, TableKey } from "../store.js";
import type { CacheDesk } from "./cache-desk.js";
import type { Round, Row } from "./cache-round.js";
import { memberOf } from "./python-member.js";

/** What the cached stage has made of a row. */
export interface Computed {
  readonly row: Row;
  readonly output: unknown;
}

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
  const entries = new Map<KeyPart, readonly [TableKey, unknown]>();
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
  if (!(await isWritten([...entries.values()], kept, keeping))) entries.clear();
  for (const [id, [, value]] of entries) {
    const dated = { value, ageMs: 0, isExpired: false, at };
    round.land(id, { kind: "there", dated, isComputed: true });
  }
  const unkept = new Set(computed.map(({ row }) => row.id).filter((id) => !entries.has(id)));
  for (const id of unkept) round.land(id, { kind: "nothing" });
  return unkept;
}

async function isWritten(
  entries: readonly (readonly [TableKey, unknown])[],
  kept: readonly Computed[],
  { desk, stop, fail }: Keeping,
): Promise<boolean> {
  if (entries.length === 0) return true;
  try {
    await desk.write(entries, stop);
    return true;
  } catch (error) {
    if (stop.aborted) throw error;
    for (const { row } of kept) fail(row, error);
    return false;
  }
}
