// biome-ignore-all lint/suspicious/noThenProperty: `then` is an option of retry().
import fc from "fast-check";
import { type CacheStats, cached, type Item, pipe, type RunSummary, reject, retry } from "slither-ts";
import { expect, test } from "vitest";
import { fusionOf } from "../../src/plan/fusion.js";
import { hops } from "../dispatch/deferred.js";
import { scriptedTable } from "./cache-tables.js";
import { inlineSession } from "./inline-session.js";
import { consume, expectBalance } from "./runs.js";

interface Traveller {
  readonly n: number;
  readonly trail: string;
}

type Fate = "raises" | "is set aside" | "fails once";

/** A pipe of two python stages with a tap between them, of which the first may have a cache; what the function of a key does depends on the key alone. */
interface Shape {
  readonly numbers: readonly number[];
  readonly first: ReadonlyMap<number, Fate>;
  readonly second: ReadonlyMap<number, Fate>;
  readonly size: number;
  readonly inFlight: number;
  readonly each: readonly [boolean, boolean];
  /** Those that the table has. */
  readonly warm: readonly number[];
  readonly policy: "reject" | "retry";
  readonly tapped: boolean;
  readonly remote: boolean;
  readonly negative: boolean;
}

const MOST = 12;

const fates = fc
  .uniqueArray(fc.tuple(fc.nat(MOST), fc.constantFrom<Fate>("raises", "is set aside", "fails once")), {
    maxLength: 4,
    selector: ([n]) => n,
  })
  .map((pairs) => new Map(pairs));

const shapes: fc.Arbitrary<Shape> = fc.record({
  numbers: fc.array(fc.nat(MOST), { maxLength: 40 }),
  first: fates,
  second: fates,
  size: fc.integer({ min: 1, max: 9 }),
  inFlight: fc.integer({ min: 1, max: 4 }),
  each: fc.tuple(fc.boolean(), fc.boolean()),
  warm: fc.uniqueArray(fc.nat(MOST), { maxLength: 6 }),
  policy: fc.constantFrom("reject", "retry"),
  tapped: fc.boolean(),
  remote: fc.boolean(),
  negative: fc.boolean(),
});

/** More than any record needs: fused stages count their attempts together, so that their bound would show whether they are. */
const RETRY = retry({ attempts: 50, on: ["ConnectionError"], backoff: 1, then: "reject" });

/** The functions of the two stages. What fails once fails until it was tried by itself: then a batch may be searched for it, and does not depend on how. */
function functionsOf({ first, second, each }: Shape) {
  const computed: number[] = [];
  const tried = new Set<string>();
  const one =
    (stage: string, all: ReadonlyMap<number, Fate>) =>
    ({ n, trail }: Traveller): unknown => {
      if (stage === "first") computed.push(n);
      const fate = all.get(n);
      if (fate === "raises") throw Object.assign(new Error(`${n} is bad`), { name: "ValueError" });
      if (fate === "fails once" && !tried.has(`${stage} ${n}`)) {
        tried.add(`${stage} ${n}`);
        throw Object.assign(new Error("not yet"), { name: "ConnectionError" });
      }
      return fate === "is set aside" ? reject(`${n} has no label`) : { n, trail: `${trail}>${stage}` };
    };
  const of = (stage: "first" | "second", all: ReadonlyMap<number, Fate>, isEach: boolean) =>
    isEach
      ? one(stage, all)
      : async (payloads: Traveller[]): Promise<unknown[]> => {
          await hops(payloads.length);
          return payloads.map(one(stage, all));
        };
  return { computed, modules: { first: of("first", first, each[0]), second: of("second", second, each[1]) } };
}

interface Outcome {
  readonly items: readonly Item<Traveller>[];
  readonly summary: RunSummary;
  readonly computed: readonly number[];
  readonly seen: readonly string[];
}

async function carryOut(
  shape: Shape,
  cache: ReturnType<typeof cacheOf>["cache"] | undefined,
  fuse: boolean,
): Promise<Outcome> {
  const { computed, modules } = functionsOf(shape);
  const session = await inlineSession(modules as never);
  const [first, second] = shape.each;
  const options = { module: "model", batch: { size: shape.size }, inFlight: { perProcess: shape.inFlight } };
  const seen: string[] = [];
  const started = pipe<Traveller>("p").python<Traveller>("first", {
    ...options,
    function: "first",
    each: first,
    cache,
  });
  const tapped = shape.tapped
    ? started.tap("look", ({ n, trail }, { id }) => void seen.push(`${id} ${n} ${trail}`))
    : started;
  const built = tapped
    .python<Traveller>("second", { ...options, function: "second", each: second, fuse })
    .onError("*", shape.policy === "retry" ? RETRY : "reject");
  if (fuse) expect(fusionOf(built.plan).groups).toHaveLength(1);
  const run = built.run(
    shape.numbers.map((n) => ({ n, trail: "" })),
    { session },
  );
  const { items } = await consume(run);
  return { items, summary: await run.done, computed, seen };
}

function comparable({ items, summary }: Outcome): unknown {
  return {
    status: summary.status,
    items: items.map(({ id, payload, route }) => ({ id, payload, route })),
    rejected: summary.rejected.map(({ id, stage, reason }) => `${id} ${stage} ${reason}`).sort(),
    ledger: summary.ledger,
  };
}

function cacheOf({ warm, remote, negative }: Shape) {
  const { table, age, kept } = scriptedTable<string>({ remote });
  for (const n of warm) age(n, ">first", n);
  const cache = cached(table, ({ n }: Traveller) => n, {
    keptOf: ({ trail }: Traveller) => trail,
    outputOf: (trail, { n }: Traveller) => ({ n, trail }),
    ...(negative && { negative: { ttl: "1m" } }),
  });
  return { cache, kept };
}

/** What fails once is a matter of how often it was tried, which a cache changes. */
function withoutMoods(shape: Shape): Shape {
  const steady = (all: ReadonlyMap<number, Fate>): Map<number, Fate> =>
    new Map([...all].filter(([, fate]) => fate !== "fails once" || shape.policy === "retry"));
  return { ...shape, first: steady(shape.first), second: steady(shape.second) };
}

/** A cache does not know that what it has would be rejected now. */
function coldWhereRejected(shape: Shape): Shape {
  const rejected = (n: number): boolean => ["raises", "is set aside"].includes(shape.first.get(n) ?? "");
  return { ...shape, warm: shape.warm.filter((n) => !rejected(n)) };
}

test("whether a stage has a cache, and is fused, does not show in outputs, rejections and books", async () => {
  await fc.assert(
    fc.asyncProperty(shapes.map(withoutMoods).map(coldWhereRejected), async (shape) => {
      const expected = comparable(await carryOut(shape, undefined, false));
      for (const fuse of [true, false]) {
        const outcome = await carryOut(shape, cacheOf(shape).cache, fuse);
        expect(comparable(outcome)).toEqual(expected);
        expectBalance(outcome.summary.ledger);
      }
    }),
    { numRuns: 200 },
  );
}, 60_000);

test("no key that gives a result is computed more than once but for what fails, and each that was computed is there", async () => {
  await fc.assert(
    fc.asyncProperty(shapes.map(coldWhereRejected), fc.boolean(), async (shape, fuse) => {
      // What fails with others is computed again with them, whether it was fused or not.
      const calm = { ...shape, first: new Map(), second: new Map() };
      const { cache, kept } = cacheOf(calm);
      const { computed, items } = await carryOut(calm, cache, fuse);
      const missing = new Set(shape.numbers.filter((n) => !shape.warm.includes(n)));
      expect([...computed].sort()).toEqual([...missing].sort());
      expect([...missing].every((n) => kept.has(JSON.stringify(n)))).toBe(true);
      expect(items).toHaveLength(shape.numbers.length);
    }),
    { numRuns: 100 },
  );
}, 60_000);

test("the counts of a cache add up to the records that came to an end in its stage", async () => {
  await fc.assert(
    fc.asyncProperty(shapes, fc.boolean(), async (shape, fuse) => {
      const { summary } = await carryOut(shape, cacheOf(shape).cache, fuse);
      const cache = summary.stats.stages.first?.cache as CacheStats;
      const { hits, misses, shared, negative, routed, failed } = cache;
      const counts = [hits, misses, shared, negative, routed, failed];
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(shape.numbers.length);
      expect(summary.ledger.stages.first?.in).toBe(shape.numbers.length);
    }),
    { numRuns: 100 },
  );
}, 60_000);

test("a tap sees the same of the records that come through, hits or not", async () => {
  await fc.assert(
    fc.asyncProperty(shapes.map(coldWhereRejected), async (shape) => {
      const calm = { ...shape, tapped: true, second: new Map() };
      const [fused, plain] = [
        await carryOut(calm, cacheOf(calm).cache, true),
        await carryOut({ ...calm, policy: "reject" }, undefined, false),
      ];
      const through = new Set(fused.items.map(({ id }) => String(id)));
      const of = ({ seen }: Outcome) =>
        [...new Set(seen)].filter((each) => through.has(each.split(" ")[0] as string));
      const both = new Set(plain.items.map(({ id }) => String(id)));
      expect(
        of(fused)
          .filter((each) => both.has(each.split(" ")[0] as string))
          .sort(),
      ).toEqual(of(plain).sort());
    }),
    { numRuns: 100 },
  );
}, 60_000);
