import { ColumnItem } from "./column-item.js";
import { type Failure, type Item, made } from "./item.js";

/** The item on its way to an output; a payload that nobody has looked at stays such. */
export function withRoute(item: Item, route: string, failure: Failure | undefined = item.failure): Item {
  const row = ColumnItem.rowOf(item);
  if (row !== undefined) return new ColumnItem(item, { route, failure }, row.block, row.index, row.made);
  return made(item, { payload: item.payload, route, failure });
}
