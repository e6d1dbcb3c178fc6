import type { Item } from "./item.js";

/** What a stage with a `cache` notes in `item.meta.cache`, by its name. */
export interface CacheNote {
  /** Whether the stage's function was not called for the record. */
  readonly hit: boolean;
  /** How old the value was when it was used, in milliseconds; left out where the record had none of the table, or one that was put there in this moment. */
  readonly ageMs?: number;
  /** There where the value was older than `maxAge`. */
  readonly overAge?: true;
}

/** How a record came by its result. */
export interface CacheUse {
  readonly kind: "hit" | "miss" | "shared" | "negative" | "routed";
  /** Of a value of the table, in milliseconds. */
  readonly ageMs?: number | undefined;
  /** Whether there was a value that is older than it may be. */
  readonly overAge?: boolean | undefined;
}

/** Puts down in the notes of a record how it came by its result. */
export function noteUse({ meta }: Item, stage: string, { kind, ageMs, overAge }: CacheUse): void {
  const note: CacheNote = {
    hit: kind === "hit" || kind === "shared" || kind === "negative",
    ...(kind === "miss" || ageMs === undefined ? {} : { ageMs }),
    ...(kind !== "miss" && overAge ? { overAge: true as const } : {}),
  };
  const { cache } = meta;
  meta.cache = { ...(typeof cache === "object" ? cache : undefined), [stage]: note };
}
