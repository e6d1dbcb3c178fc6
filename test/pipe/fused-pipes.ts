import { type Duration, type Ledger, type NodeContext, pipe } from "slither-ts";
import { upTo } from "./inputs.js";

/** What is to become of a record in each of the two functions of the fixture `fused`. */
export interface Fated {
  readonly n: number;
  readonly first?: string;
  readonly second?: string;
}

export interface Features {
  readonly n: number;
  readonly feature: number;
}

export interface Label {
  readonly n: number;
  readonly label: number;
}

/** Records, some of which have a fate. */
export function fatedUpTo(count: number, fates: Readonly<Record<number, Omit<Fated, "n">>> = {}): Fated[] {
  return Array.from({ length: count }, (_, n) => ({ n, ...fates[n] }));
}

/** What comes of records when nothing happens to them. */
export function labelsOf(numbers: readonly number[]): Label[] {
  return numbers.map((n) => ({ n, label: n * 10 + 1 }));
}

export interface ScoringOptions {
  readonly size?: number;
  readonly each?: boolean;
  readonly fuse?: boolean;
  /** Deadlines, by stage. */
  readonly timeouts?: { readonly featurize?: Duration; readonly predict?: Duration };
  readonly tap?: (features: Features, context: NodeContext) => unknown;
  readonly when?: (context: NodeContext) => boolean;
}

/** `featurize`, a tap and `predict`, which make one trip. */
export function scoring({
  size = 5,
  each = false,
  fuse = true,
  timeouts = {},
  tap = () => {},
  when,
}: ScoringOptions = {}) {
  const suffix = each ? "_one" : "";
  return pipe<Fated>("scoring", { id: ({ n }) => n })
    .python<Features>("featurize", {
      module: "fused",
      function: `featurize${suffix}`,
      batch: { size },
      each,
      timeout: timeouts.featurize,
    })
    .tap("remember", tap, { when })
    .python<Label>("predict", {
      module: "fused",
      function: `predict${suffix}`,
      each,
      fuse,
      timeout: timeouts.predict,
    });
}

/** What each of the stages has in its books: in, out, rejected. */
export function booksOf({ stages }: Ledger): Record<string, readonly number[]> {
  return Object.fromEntries(
    Object.entries(stages).map(([name, book]) => [name, [book.in, book.out, book.rejected]]),
  );
}

/** Numbers up to `count`, but for some. */
export function without(count: number, ...left: number[]): number[] {
  return upTo(count).filter((n) => !left.includes(n));
}

/** The two functions, and how a record is made to meet something there; of a failure in the second, the first is the entry. */
export const FUSED_STAGES = [
  { stage: "featurize", fate: "first", entry: undefined },
  { stage: "predict", fate: "second", entry: "featurize" },
] as const;
