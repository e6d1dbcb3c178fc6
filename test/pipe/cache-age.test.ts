// biome-ignore-all lint/suspicious/noThenProperty: `then` is an option of retry().
import { type CacheStats, cached, pipe, retry, routeTo, store, table } from "slither-ts";
import { fakeClock } from "slither-ts/testing";
import { describe, expect, test } from "vitest";
import { deferred, quiet } from "../dispatch/deferred.js";
import { scriptedTable } from "./cache-tables.js";
import { inlineSession } from "./inline-session.js";
import { expectBalance } from "./runs.js";

const OVER_AGE = ["mark", "recompute", routeTo("review")] as const;

const nameOf = (overAge: (typeof OVER_AGE)[number]): string =>
  typeof overAge === "string" ? overAge : "route";

const sumOf = ({ hits, misses, shared, negative, routed, failed }: CacheStats): number =>
  hits + misses + shared + negative + routed + failed;

/** A table whose clock the test moves, with a value that is 59 seconds old at `a`. */
async function nearlyOld({ ttl }: { ttl?: string | undefined } = {}) {
  const clock = fakeClock();
  const { kept } = store("s", { kept: table<string, string>({ ttl: ttl as never }) }, { clock });
  await kept.put("a", "old a");
  await clock.advance("59s");
  return { clock, kept };
}

type Overs = (typeof OVER_AGE)[number];

interface Setting {
  readonly overAge: Overs;
  readonly fuse?: boolean;
  /** Told of each look for a text, before anything else is done. */
  readonly onAsked?: (text: string) => void;
}

const options = { module: "model" };

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await quiet();
}

/** `embed`, whose values may be a minute old, and `label` behind it. */
function embedding(
  kept: Parameters<typeof cached<string, string, string>>[0],
  { overAge, fuse, onAsked }: Setting,
) {
  const keyOf = (text: string): string => {
    onAsked?.(text);
    return text;
  };
  const cache = cached(kept, keyOf, { maxAge: "1m", overAge });
  return pipe<string>("p", { id: (text) => text })
    .python<string, "review">("embed", { ...options, function: "embed", cache })
    .python<string>("label", { ...options, function: "label", fuse });
}

const label = (all: string[]) => all.map((text) => `label ${text}`);

describe.each(OVER_AGE.map((overAge) => [nameOf(overAge), overAge] as const))(
  "a value that becomes too old on its way (%s)",
  (name, overAge) => {
    test("beside a slow miss is judged when the batch leaves the stage", async () => {
      const { clock, kept } = await nearlyOld();
      const given: string[][] = [];
      const embed = async (all: string[]) => {
        given.push(all);
        await clock.advance("10m");
        return all.map((text) => `new ${text}`);
      };
      const { outputs, stats, ledger } = await embedding(kept, { overAge, fuse: false })
        .run(["a", "b"], { session: await inlineSession({ embed, label }) })
        .collect();
      const cache = stats.stages.embed?.cache as CacheStats;
      expect(outputs.default.map(({ payload }) => payload)).toEqual(
        {
          mark: ["label old a", "label new b"],
          recompute: ["label new a", "label new b"],
          route: ["label new b"],
        }[name],
      );
      expect(given).toEqual(name === "recompute" ? [["b"], ["a"]] : [["b"]]);
      expect(cache).toMatchObject({
        overAge: 1,
        marked: name === "mark" ? 1 : 0,
        recomputed: name === "recompute" ? 1 : 0,
        routed: name === "route" ? 1 : 0,
      });
      const [first] = name === "route" ? outputs.review : outputs.default;
      expect(first?.meta.cache).toEqual({
        embed:
          name === "recompute" ? { hit: false } : { hit: name === "mark", ageMs: 659_000, overAge: true },
      });
      expect(sumOf(cache)).toBe(2);
      expectBalance(ledger);
    });

    test("is not too old where the stage is fused, and its trip began before", async () => {
      const { clock, kept } = await nearlyOld();
      const embed = async (all: string[]) => {
        await clock.advance("10m");
        return all.map((text) => `new ${text}`);
      };
      const { outputs, stats } = await embedding(kept, { overAge, fuse: true })
        .run(["a", "b"], { session: await inlineSession({ embed, label }) })
        .collect();
      expect(outputs.default.map(({ payload }) => payload)).toEqual(["label old a", "label new b"]);
      expect(outputs.default[0]?.meta.cache).toEqual({ embed: { hit: true, ageMs: 59_000 } });
      expect(stats.stages.embed?.cache).toMatchObject({ hits: 1, misses: 1, overAge: 0 });
    });

    test.each([true, false])(
      "while others are waited for, with what they computed (fuse: %s)",
      async (fuse) => {
        const clock = fakeClock();
        const { kept } = store("s", { kept: table<string, string>() }, { clock });
        const gates = { k: deferred<void>(), s: deferred<void>() };
        const isGated = (text: string): text is keyof typeof gates => text in gates;
        const embed = async (all: string[]) => {
          for (const text of all) if (isGated(text)) await gates[text].promise;
          return all.map((text) => `new ${text}`);
        };
        const asked: string[] = [];
        const built = embedding(kept, { overAge, fuse, onAsked: (text) => void asked.push(text) });
        const runOf = async (texts: string[]) =>
          built.run(texts, { session: await inlineSession({ embed, label }) }).collect();
        const others = ["k", "s"].map((text) => runOf([text]));
        await until(() => asked.length === 2);
        const waiting = runOf(["k", "s"]);
        await until(() => asked.length === 4);
        gates.k.resolve();
        await until(() => kept.has("k"));
        await clock.advance("10m");
        gates.s.resolve();
        await Promise.all(others);
        const { outputs, stats } = await waiting;
        const cache = stats.stages.embed?.cache as CacheStats;
        const [first] = name === "route" ? outputs.review : outputs.default;
        expect([first?.id, first?.meta.cache]).toEqual([
          "k",
          {
            embed:
              name === "recompute" ? { hit: false } : { hit: name === "mark", ageMs: 600_000, overAge: true },
          },
        ]);
        expect(cache).toMatchObject({
          shared: name === "mark" ? 2 : 1,
          marked: name === "mark" ? 1 : 0,
          recomputed: name === "recompute" ? 1 : 0,
          overAge: 1,
        });
        expect(sumOf(cache)).toBe(2);
      },
    );

    test("before it is tried again because of a later stage is judged again", async () => {
      const { clock, kept } = await nearlyOld();
      let tries = 0;
      const flaky = async (all: string[]) => {
        tries += 1;
        if (tries > 1) return label(all);
        await clock.advance("60s");
        throw Object.assign(new Error("not yet"), { name: "ConnectionError" });
      };
      const embed = (all: string[]) => all.map((text) => `new ${text}`);
      const policy = retry({ attempts: 2, backoff: 1, on: ["ConnectionError"], then: "reject" });
      const { outputs, stats, ledger } = await embedding(kept, { overAge, fuse: true })
        .onError("*", policy)
        .run(["a"], { session: await inlineSession({ embed, label: flaky }) })
        .collect();
      const [item] = name === "route" ? outputs.review : outputs.default;
      expect(item).toMatchObject({
        payload: { mark: "label old a", recompute: "label new a", route: "a" }[name],
        meta: {
          cache: {
            embed:
              name === "recompute" ? { hit: false } : { hit: name === "mark", ageMs: 119_000, overAge: true },
          },
        },
      });
      const cache = stats.stages.embed?.cache as CacheStats;
      expect([cache.overAge, sumOf(cache)]).toEqual([1, 1]);
      expectBalance(ledger);
    });

    test("of a node stage that is tried again is judged again", async () => {
      const { clock, kept } = await nearlyOld();
      let tries = 0;
      const outputOf = (value: string): string => {
        tries += 1;
        if (tries === 1) throw new Error("not yet");
        return value;
      };
      const cache = cached(kept, (text: string) => text, { maxAge: "1m", overAge, outputOf });
      const { outputs, stats } = await pipe<string>("p")
        .node("embed", (text) => `new ${text}`, { cache: cache as never })
        .onError("embed", async () => {
          await clock.advance("10s");
          return "retry" as const;
        })
        .run(["a"])
        .collect();
      const { review = [], default: through } = outputs as Record<string, typeof outputs.default>;
      expect((name === "route" ? review : through)?.[0]).toMatchObject({
        payload: { mark: "old a", recompute: "new a", route: "a" }[name],
      });
      const counts = stats.stages.embed?.cache as CacheStats;
      expect([counts.overAge, sumOf(counts)]).toEqual([1, 1]);
    });
  },
);

test.each([true, false])(
  "a value that expires while a miss of its batch is computed is not used (with maxAge: %s)",
  async (isMarked) => {
    const { clock, kept } = await nearlyOld({ ttl: "1m" });
    const embed = async (all: string[]) => {
      await clock.advance("2h");
      return all.map((text) => `new ${text}`);
    };
    const cache = cached(kept, (text: string) => text, isMarked ? { maxAge: "1s", overAge: "mark" } : {});
    const { outputs, stats } = await pipe<string>("p")
      .python<string>("embed", { ...options, function: "embed", cache })
      .run(["a", "b"], { session: await inlineSession({ embed }) })
      .collect();
    expect(outputs.default.map(({ payload }) => payload)).toEqual(["new a", "new b"]);
    expect(stats.stages.embed?.cache).toMatchObject({ hits: 0, misses: 2, overAge: 0 });
  },
);

test("equal keys whose value is too old as soon as it is kept are computed in one more trip, not in one each", async () => {
  const clock = fakeClock();
  const { table: slow, age } = scriptedTable<string>();
  const { putMany } = slow;
  slow.putMany = async (entries) => {
    await clock.advance("2m");
    await putMany(entries);
    age("a", "new a", 120_000);
  };
  const trips: number[] = [];
  const embed = (all: string[]) => {
    trips.push(all.length);
    return all.map((text) => `new ${text}`);
  };
  const cache = cached(slow, (text: string) => text, { maxAge: "1m" });
  const { outputs } = await pipe<string>("p")
    .python<string>("embed", { ...options, function: "embed", cache })
    .run(Array<string>(9).fill("a"), { session: await inlineSession({ embed }), clock })
    .collect();
  expect([outputs.default.length, trips]).toEqual([9, [1, 8]]);
});
