import { pipe, reject } from "slither-ts";

export const plain = pipe<number>("p");

/** Rejects odd numbers. */
export const even = plain.node("even", (n) => (n % 2 === 1 ? reject("odd") : n));

/** A function for inline sessions. */
export const increase = { increase: (payloads: number[]) => payloads.map((n) => n + 1) };

/** A pipe with that function. */
export function predicting(size: number) {
  return plain.python<number>("predict", { module: "model", function: "increase", batch: { size } });
}

/** A pipe that halts at a number. */
export function haltingAt(bad: number) {
  return plain.node("check", (n) => {
    if (n === bad) throw new Error(`${bad} is bad`);
    return n;
  });
}
