import { FORBIDDEN_KEY } from "./protocol.js";

/** The keys that all rows have, in their order; in a pair with the shape of its values where these are objects. */
export type Shape = readonly (string | readonly [key: string, shape: Shape])[];

/** Makes rows of the columns of one shape. */
type RowBuilder = (columns: readonly (readonly unknown[])[], count: number) => unknown[];

/** So many shapes are known at once; one that was not asked for the longest is forgotten. */
const MOST_SHAPES = 256;

const builders = new Map<string, RowBuilder>();

/** What makes rows of columns of this shape. @throws RangeError for a key that no object can have. */
export function rowBuilder(shape: Shape): RowBuilder {
  const name = JSON.stringify(shape);
  const builder = builders.get(name) ?? made(shape);
  builders.delete(name);
  builders.set(name, builder);
  if (builders.size > MOST_SHAPES) builders.delete(builders.keys().next().value as string);
  return builder;
}

/** An object literal with its keys in it is made ten times as fast as in any loop over keys; where code may not be made of text, the loop has to do. */
function made(shape: Shape): RowBuilder {
  if (keysOf(shape).includes(FORBIDDEN_KEY)) throw new RangeError(`a row has the key ${FORBIDDEN_KEY}`);
  try {
    return compiled(shape);
  } catch {
    return looped(shape);
  }
}

function keysOf(shape: Shape): string[] {
  return shape.flatMap((key) => (typeof key === "string" ? key : [key[0], ...keysOf(key[1])]));
}

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
