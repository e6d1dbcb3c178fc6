import type { Columns } from "../wire/columns.js";
import { fitted, kindsOf } from "../wire/columns-fit.js";
import { RowGatherer } from "../wire/columns-gather.js";
import { type ColumnKinds, type DeclaredColumns, inferKinds } from "../wire/columns-infer.js";
import { joined } from "../wire/columns-join.js";
import { elementsOf, isList } from "../wire/columns-kind.js";
import { ColumnItem } from "./column-item.js";
import type { Item } from "./item.js";
import { NUMBER, OVERHEAD } from "./payload-sizes.js";

/** How the path of an error begins. */
const ROOT = "payloads";

/** What a stage that takes columns is given. What its columns are is fixed by the first batch: no later one can make another of them. */
export class ColumnInput {
  readonly #declared: DeclaredColumns | undefined;
  #rows: RowGatherer | undefined;
  #bytesOfRow: number | undefined;

  constructor(declared: DeclaredColumns | undefined) {
    this.#declared = declared;
  }

  /** About how many bytes each payload takes; undefined where each must be looked at. Rows of nothing but numbers are alike: one that is not is not sent. */
  get bytesOfRow(): number | undefined {
    return this.#bytesOfRow;
  }

  /** @throws ValueNotSupportedError for the first item that does not fit. */
  columnsOf(items: readonly Item[]): Columns {
    const stretches = ColumnItem.stretchesOf(items);
    const columns = stretches && joined(stretches);
    if (columns !== undefined) {
      const { kinds } = this.#rows ?? this.#fixed(kindsOf(columns, this.#declared));
      const fitting = fitted(columns, kinds);
      if (fitting !== undefined) return fitting;
    }
    const rows = items.map(({ payload }) => payload);
    return (this.#rows ?? this.#fixed(inferKinds(rows, this.#declared))).columnsOf(rows, ROOT);
  }

  #fixed(kinds: ColumnKinds): RowGatherer {
    // Where nothing is known of a column yet, the next batch may tell.
    const rows = new RowGatherer(kinds);
    if (kinds.kinds.length === 0 || kinds.kinds.includes(undefined)) return rows;
    this.#rows = rows;
    this.#bytesOfRow = bytesOf(kinds);
    return rows;
  }
}

function bytesOf({ kinds }: ColumnKinds): number | undefined {
  let bytes = OVERHEAD;
  for (const kind of kinds) {
    if (kind === undefined || isList(kind)) return undefined;
    bytes += OVERHEAD + NUMBER * elementsOf(kind.inner);
  }
  return bytes;
}
