/**
 * What the engines must know of `reject(reason)`, which is made in stage/: a fake batch function may give it back in place of one result, as
 * Python code gives back `Rejected(reason)`. A symbol tells it apart, so that no payload with a `reason` is mistaken for one.
 */
export const REJECTING: unique symbol = Symbol.for("slither-ts.rejecting");

/** Says of one record that it is to be set aside. */
export interface Rejecting {
  readonly [REJECTING]: true;
  readonly reason: string;
}

export function isRejecting(value: unknown): value is Rejecting {
  return typeof value === "object" && value !== null && (value as Partial<Rejecting>)[REJECTING] === true;
}
