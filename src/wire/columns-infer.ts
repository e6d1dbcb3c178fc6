import { type ColumnDtype, type ColumnKind, isList, kindOfValue } from "./columns-kind.js";
import { FORBIDDEN_KEY } from "./protocol.js";
import { isRecord } from "./record.js";

/** What the rows of a stage must be to become columns. */
export interface ColumnKinds {
  readonly keys: readonly string[];
  /** In the order of the keys; undefined where no value of the first batch makes a column. */
  readonly kinds: readonly (ColumnKind | undefined)[];
  /** How it came to that, for errors. */
  readonly origin: string;
}

/** Which dtypes a stage says that its columns have, by key. */
export type DeclaredColumns = Readonly<Record<string, ColumnDtype>>;

/**
 * What the rows of a first batch say of all that follow: the keys, and the kind of each column, that most of them have. One that is unlike the others must not
 * make the rule for them, wherever it stands.
 */
export function inferKinds(rows: readonly unknown[], declared: DeclaredColumns | undefined): ColumnKinds {
  const records = rows.filter(isRecord);
  const keys =
    declared === undefined ? mostFrequent(records.map(keysOf), signatureOf) : Object.keys(declared);
  const kinds = (keys ?? []).map((key) =>
    kindOfColumn(
      records.map((row) => read(row, key)),
      declared?.[key],
    ),
  );
  return { keys: keys ?? [], kinds, origin: originOf(declared) };
}

/** How it came to the kinds, for errors. */
export function originOf(declared: DeclaredColumns | undefined): string {
  return declared === undefined ? "fixed by the first batch" : "declared in `columns`";
}

/** The kind that most values of a column have; with a dtype that is given, their shape. */
export function kindOfColumn(
  values: readonly unknown[],
  dtype: ColumnDtype | undefined,
): ColumnKind | undefined {
  if (dtype !== undefined && isList({ dtype, inner: [] })) return { dtype, inner: [] };
  const kind = mostFrequent(
    values.map((value) => kindOfValue(value)).filter((each) => each !== undefined),
    ({ dtype: own, inner }) => (dtype === undefined ? `${own} ${inner}` : `${inner}`),
  );
  return dtype === undefined ? kind : { dtype, inner: kind?.inner ?? [] };
}

/** A getter of the caller's own may throw: then there is nothing to be learnt from it here. */
function read(row: Record<string, unknown>, key: string): unknown {
  try {
    return row[key];
  } catch {
    return undefined;
  }
}

function keysOf(row: Record<string, unknown>): string[] {
  return Object.keys(row).filter((key) => key !== FORBIDDEN_KEY);
}

function signatureOf(keys: readonly string[]): string {
  return JSON.stringify([...keys].sort());
}

/** Of those that are equally frequent, the first. */
function mostFrequent<Value>(values: readonly Value[], nameOf: (value: Value) => string): Value | undefined {
  const counts = new Map<string, { readonly value: Value; count: number }>();
  let most: { readonly value: Value; count: number } | undefined;
  for (const value of values) {
    const name = nameOf(value);
    const counted = counts.get(name) ?? { value, count: 0 };
    counts.set(name, counted);
    counted.count += 1;
  }
  for (const counted of counts.values()) if (counted.count > (most?.count ?? 0)) most = counted;
  return most?.value;
}
