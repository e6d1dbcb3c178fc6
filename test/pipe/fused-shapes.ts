// biome-ignore-all lint/suspicious/noThenProperty: `then` is an option of retry().
import fc from "fast-check";
import { type ErrorPolicy, filter, many, type Pipe, pipe, reject, retry } from "slither-ts";
import { hops } from "../dispatch/deferred.js";

/** A payload: a number, and the stages that it has been through. */
export interface Traveller {
  readonly n: number;
  readonly trail: string;
}

export type PythonFate = "raises" | "is set aside";
export type NodeFate = "throws" | "rejects" | "filters" | "multiplies";
export type TapFate = "throws" | "throws later" | "decides";

/** What becomes of some numbers in a stage. */
type Fates<Fate> = ReadonlyMap<number, Fate>;

export type Step =
  | {
      readonly kind: "python";
      readonly fates: Fates<PythonFate>;
      readonly size: number | undefined;
      readonly each: boolean;
      readonly hops: number;
    }
  | { readonly kind: "tap"; readonly fates: Fates<TapFate>; readonly every: number }
  | { readonly kind: "node"; readonly fates: Fates<NodeFate> };

/** A pipe of stages, what is done about failures, and how many records go in. */
export interface FusedShape {
  readonly steps: readonly Step[];
  readonly policies: readonly string[];
  readonly ordering: "preserve" | "as-completed";
  readonly count: number;
}

const REJECTING: Readonly<Record<string, ErrorPolicy>> = {
  reject: "reject",
  "retry, then reject": retry({ attempts: 2, on: ["ValueError", RangeError], backoff: 1, then: "reject" }),
};

const POLICIES: Readonly<Record<string, ErrorPolicy>> = {
  ...REJECTING,
  halt: "halt",
  "reject up to 2": reject({ max: 2 }),
  "retry, then halt": retry({ attempts: 2, on: ["ValueError", RangeError], backoff: 1 }),
};

const MOST_RECORDS = 40;

function fates<Fate>(...kinds: Fate[]): fc.Arbitrary<Fates<Fate>> {
  const pair = fc.tuple(fc.nat(MOST_RECORDS), fc.constantFrom(...kinds));
  return fc.uniqueArray(pair, { maxLength: 4, selector: ([n]) => n }).map((pairs) => new Map(pairs));
}

const python = fc.record({
  kind: fc.constant("python" as const),
  fates: fates<PythonFate>("raises", "is set aside"),
  size: fc.constantFrom(undefined, 1, 4, 4, 9),
  each: fc.boolean(),
  hops: fc.nat(6),
});

const step: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: python, weight: 5 },
  {
    arbitrary: fc.record({
      kind: fc.constant("tap" as const),
      fates: fates<TapFate>("throws", "throws later", "decides"),
      every: fc.integer({ min: 1, max: 3 }),
    }),
    weight: 2,
  },
  {
    arbitrary: fc.record({
      kind: fc.constant("node" as const),
      fates: fates<NodeFate>("throws", "rejects", "filters", "multiplies"),
    }),
    weight: 1,
  },
);

function shapes(policies: readonly string[]): fc.Arbitrary<FusedShape> {
  return fc.record({
    // Nearly all of them have neighbours to fuse.
    steps: fc
      .tuple(python, fc.array(step, { maxLength: 4 }), python)
      .map(([first, rest, last]) => withOneEnd([first, ...rest, last])),
    policies: fc.array(fc.constantFrom(...policies), { minLength: 1, maxLength: 3 }),
    ordering: fc.constantFrom("preserve", "preserve", "as-completed"),
    count: fc.nat(MOST_RECORDS),
  });
}

/** Where both a tap and, with its whole batch, a stage behind it would fail a record, the tap of fused stages is not shown it: that does show, and is said. */
function withOneEnd(steps: readonly Step[]): Step[] {
  const tapped = new Set<number>();
  return steps.map((each) => {
    if (each.kind === "tap") for (const n of each.fates.keys()) tapped.add(n);
    if (each.kind !== "python" || each.each) return each;
    const fates = [...each.fates].filter(([n, fate]) => fate !== "raises" || !tapped.has(n));
    return { ...each, fates: new Map(fates) };
  });
}

/** Pipes that come to their end, whatever fails. */
export const completing = shapes(Object.keys(REJECTING));

/** Pipes that may halt. */
export const halting = shapes(Object.keys(POLICIES));

/** What stands in a pipe in the place of a step. */
export function nameOf(place: number): string {
  return `stage_${place}`;
}

/** The functions of the pipe, for an inline engine. */
export function functionsOf({ steps }: FusedShape) {
  const functions = steps.flatMap((each, place) => {
    if (each.kind !== "python") return [];
    const one = ({ n, trail }: Traveller): unknown => {
      const fate = each.fates.get(n);
      if (fate === "raises") throw Object.assign(new Error(`${n} is bad`), { name: "ValueError" });
      return fate === "is set aside" ? reject(`${n} has no label`) : { n, trail: `${trail}>${place}` };
    };
    const all = async (payloads: Traveller[]): Promise<unknown[]> => {
      await hops(each.hops);
      return payloads.map(one);
    };
    return [[nameOf(place), each.each ? one : all]];
  });
  return Object.fromEntries(functions) as Record<string, (payload: never) => unknown>;
}

/** What a tap was shown. */
export interface Sight {
  readonly tap: string;
  readonly id: string | number;
  readonly trail: string;
}

/** The pipe, with stages that may be fused or may not; what its taps are shown comes to `sights`. */
export function pipeOf(
  { steps, policies, ordering }: FusedShape,
  { fuse, sights }: { fuse: boolean; sights: Sight[] },
): Pipe<Traveller, Traveller, object, object> {
  const start = pipe<Traveller>("shape", { ordering }) as unknown as Pipe<
    Traveller,
    Traveller,
    object,
    object
  >;
  return steps.reduce((made, each, place) => {
    const name = nameOf(place);
    const policy = POLICIES[policies[place % policies.length] as string] as "reject";
    if (each.kind === "tap")
      return made
        .tap(name, tapped(each, name, sights), { when: ({ id }) => String(id).length % each.every === 0 })
        .onError(name, policy);
    if (each.kind === "node")
      return (made.node(name, worked(each, place)) as unknown as typeof made).onError(name, policy);
    const { size } = each;
    const options = { module: "model", function: name, each: each.each, fuse };
    return made
      .python<Traveller>(name, size === undefined ? options : { ...options, batch: { size } })
      .onError(name, policy);
  }, start);
}

/** What goes in. */
export function recordsOf({ count }: FusedShape): Traveller[] {
  return Array.from({ length: count }, (_, n) => ({ n, trail: "" }));
}

function tapped({ fates: all }: Step & { kind: "tap" }, tap: string, sights: Sight[]) {
  return ({ n, trail }: Traveller, { id }: { id: string | number }): unknown => {
    sights.push({ tap, id, trail });
    const fate = all.get(n);
    if (fate === "throws") throw new RangeError(`${n} is not wanted`);
    if (fate === "throws later") return Promise.reject(new RangeError(`${n} is not wanted any more`));
    return fate === "decides" ? filter("as a node stage could") : "whatever";
  };
}

function worked({ fates: all }: Step & { kind: "node" }, place: number) {
  return ({ n, trail }: Traveller): unknown => {
    const made = { n, trail: `${trail}>${place}` };
    switch (all.get(n)) {
      case "throws":
        throw new RangeError(`${n} is bad`);
      case "rejects":
        return reject(`${n} is rejected`);
      case "filters":
        return filter("filtered");
      case "multiplies":
        return many(Array.from({ length: n % 4 }, () => made));
      default:
        return made;
    }
  };
}
