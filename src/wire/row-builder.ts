import { compiledOr, onceForEach } from "./layouts.js";
import { FORBIDDEN_KEY } from "./protocol.js";

/** The keys that all rows have, in their order; in a pair with the shape of its values where these are objects. */
export type Shape = readonly (string | readonly [key: string, shape: Shape])[];

/** Makes rows of the columns of one shape. */
type RowBuilder = (columns: readonly (readonly unknown[])[], count: number) => unknown[];

/** What makes rows of columns of this shape. @throws RangeError for a key that no object can have. */
export const rowBuilder = onceForEach((shape: Shape): RowBuilder => {
  if (keysOf(shape).includes(FORBIDDEN_KEY)) throw new RangeError(`a row has the key ${FORBIDDEN_KEY}`);
  return compiledOr(
    () => compiled(shape),
    () => looped(shape),
  );
});

function keysOf(shape: Shape): string[] {
  return shape.flatMap((key) => (typeof key === "string" ? key : [key[0], ...keysOf(key[1])]));
}

/** An object literal with its keys in it is made ten times as fast as in any loop over keys. */
function compiled(shape: Shape): RowBuilder {
  let leaves = 0;
  const literal = (keys: Shape): string => {
    const fields = keys.map((key) =>
      typeof key === "string"
        ? `${JSON.stringify(key)}: c${leaves++}[row]`
        : `${JSON.stringify(key[0])}: ${literal(key[1])}`,
    );
    return `{ ${fields.join(", ")} }`;
  };
  const row = literal(shape);
  const names = Array.from({ length: leaves }, (_, index) => `c${index}`);
  return new Function(
    "columns",
    "count",
    `const [${names.join(", ")}] = columns;
    const rows = new Array(count);
    for (let row = 0; row < count; row++) rows[row] = ${row};
    return rows;`,
  ) as RowBuilder;
}

/** The same without code that is made of text. */
export function looped(shape: Shape): RowBuilder {
  return (columns, count) => {
    const leaves = columns.values();
    const fill = (rows: Record<string, unknown>[], keys: Shape): void => {
      for (const key of keys) {
        if (typeof key === "string") {
          const column = leaves.next().value as readonly unknown[];
          for (const [index, row] of rows.entries()) row[key] = column[index];
        } else {
          const nested = rows.map((row) => {
            const value = {};
            row[key[0]] = value;
            return value;
          });
          fill(nested, key[1]);
        }
      }
    };
    const rows = Array.from({ length: count }, () => ({}));
    fill(rows, shape);
    return rows;
  };
}
