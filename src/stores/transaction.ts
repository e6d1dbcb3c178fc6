import type { StoreCore } from "./core.js";
import { Draft } from "./draft.js";
import { BagDraft, SetDraft } from "./draft-tables.js";
import type { TableCore } from "./table-core.js";

/** Calls `work` with drafts of the tables, and does all that it wrote in them at once. @throws what `work` throws, and what stands against the writes. */
export function transact(
  store: StoreCore,
  tables: readonly TableCore[],
  work: (drafts: never) => unknown,
): Promise<unknown> {
  const drafts = tables.map((table) => new Draft(table));
  const named = Object.freeze(
    Object.fromEntries(drafts.map((draft) => [draft.table.name, draftTable(draft)])),
  );
  const result = runWith(drafts, () =>
    store.exclusive.run("transaction()", "use the tables that it is given", () => work(named as never)),
  );
  return store.write(drafts.flatMap((draft) => draft.writes)).then(() => result);
}

/** The drafts end with the function: what it writes later would be lost. */
function runWith<Result>(drafts: readonly Draft[], work: () => Result): Result {
  try {
    return work();
  } finally {
    for (const draft of drafts) draft.end();
  }
}

function draftTable(draft: Draft): SetDraft | BagDraft {
  return draft.table.rules.kind === "bag" ? new BagDraft(draft) : new SetDraft(draft);
}
