import { CacheError, cached, filter, many, pipe, reject, routeTo, type TableKey } from "slither-ts";
import { fakeClock } from "slither-ts/testing";
import { describe, expect, onTestFinished, test } from "vitest";
import { quiet } from "../dispatch/deferred.js";
import { scriptedTable } from "./cache-tables.js";
import { inlineSession } from "./inline-session.js";
import { expectBalance, haltOf } from "./runs.js";

const same = (count: number): string[] => Array<string>(count).fill("same");

/** `embed` with a cache, and how many records each of its trips had. */
async function embedding(cache: ReturnType<typeof cached<TableKey, string, string>>) {
  const trips: number[] = [];
  const embed = (all: string[]) => {
    trips.push(all.length);
    return all.map((text) => (text === "bad" ? reject("no vector") : `new ${text}`));
  };
  const built = pipe<string>("p").python<string>("embed", {
    module: "model",
    function: "embed",
    batch: { size: 200 },
    cache,
  });
  return { built, trips, session: await inlineSession({ embed }) };
}

const keyOf = (text: string): TableKey => text;

describe("equal records of which nothing can be kept are computed in two trips, not in one each", () => {
  test.each([false, true])("because the table cannot be written (remote: %s)", async (remote) => {
    const { table, failing } = scriptedTable<string>({ remote });
    failing.write = new Error("read only");
    const { built, trips, session } = await embedding(cached(table, keyOf));
    const run = built.onError("*", "reject").run(same(50), { session });
    const { rejected, stats, ledger } = await run.collect();
    expect(trips).toEqual([1, 49]);
    expect(rejected).toHaveLength(50);
    expect(stats.stages.embed?.cache).toMatchObject({ misses: 50, shared: 0 });
    expectBalance(ledger);
  });

  test("because `keptOf` throws", async () => {
    const { table } = scriptedTable<string>();
    const keptOf = (): string => {
      throw new Error("not this one");
    };
    const cache = cached(table, keyOf, { keptOf, outputOf: (value: string) => value });
    const { built, trips, session } = await embedding(cache);
    const { rejected } = await built.onError("*", "reject").run(same(50), { session }).collect();
    expect([trips, rejected.length]).toEqual([[1, 49], 50]);
  });
});

describe.each([false, true])("equal records in a node stage (remote: %s)", (remote) => {
  test.each([
    ["filter()", () => filter("no")],
    ["many()", (text: string) => many([text])],
    ["routeTo()", () => routeTo("elsewhere")],
    ["reject()", () => reject("no")],
  ])("of which %s keeps nothing are computed at once when the first is", async (_, decide) => {
    const { table } = scriptedTable<string>({ remote });
    let [active, most, calls] = [0, 0, 0];
    const work = async (text: string) => {
      active += 1;
      calls += 1;
      most = Math.max(most, active);
      await quiet();
      active -= 1;
      return decide(text) as never;
    };
    const built = pipe<string>("p").node("embed", work, { cache: cached(table, keyOf), concurrency: 20 });
    const { ledger } = await built.run(same(20)).collect();
    expect([calls, most]).toEqual([20, 19]);
    expectBalance(ledger);
  });
});

describe.each(["node", "python"])("a table that gives no array of values (%s stage)", (kind) => {
  const pipeOf = async (table: object) => {
    const cache = cached<TableKey, string, string>(table as never, keyOf);
    const { built, session } = await embedding(cache);
    const node = pipe<string>("p").node("embed", (text: string) => text, { cache: cache as never });
    return { built: kind === "node" ? node : built, session };
  };

  test.each([
    ["undefined", undefined],
    ["an array of 0", []],
  ])("fails by name, and keeps nobody waiting: %s", async (shown, given) => {
    for (const getMany of [() => given, async () => given]) {
      const { built, session } = await pipeOf({ ...scriptedTable().table, getMany });
      for (let time = 0; time < 2; time++) {
        const { cause } = await haltOf(built.run(["a"], { session }));
        expect(cause).toBeInstanceOf(CacheError);
        const { message } = cause as Error;
        expect(message).toContain("expected getMany() to give an array of 1, one for each key");
        expect(message).toContain(`got ${shown === "undefined" ? "`undefined`" : shown}`);
      }
    }
  });

  test("or whose values cannot be judged lets go of its keys", async () => {
    const odd = { value: "a", ageMs: Symbol("no age"), isExpired: false };
    const { built, session } = await pipeOf({ ...scriptedTable().table, getMany: async () => [odd] });
    for (let time = 0; time < 2; time++)
      expect((await haltOf(built.run(["a"], { session }))).stage).toBe("embed");
  });
});

describe("a key that was rejected and that the table has by now", () => {
  test.each(["node", "python"])("is not rejected (%s stage)", async (kind) => {
    const { table, age } = scriptedTable<string>();
    const cache = cached(table, keyOf, { negative: { ttl: "1h" } });
    const { built, session } = await embedding(cache);
    const node = pipe<string>("p").node("embed", () => reject("no vector") as never, {
      cache: cache as never,
    });
    const run = (kind === "node" ? node : built).run.bind(kind === "node" ? node : built);
    const collect = () => run(["bad"], { session, clock: fakeClock() }).collect();
    expect((await collect()).rejected).toHaveLength(1);
    expect((await collect()).stats.stages.embed?.cache).toMatchObject({ negative: 1 });
    age("bad", "by hand", 0);
    const { outputs, stats } = await collect();
    expect(outputs.default.map(({ payload }) => payload)).toEqual(["by hand"]);
    expect(stats.stages.embed?.cache).toMatchObject({ hits: 1, negative: 0 });
  });
});

test("a key that is none is blamed on the `keyOf` of its stage, not on the table", async () => {
  const { built, session } = await embedding(cached(scriptedTable<string>().table, () => [{}] as never));
  const { cause } = await haltOf(built.run(["a"], { session }));
  expect((cause as Error).message).toBe(
    "cache of stage embed: keyOf: expected a key to be a string, number, bigint, boolean, or an array of these, got an object (Object)",
  );
});

test.each([true, false])(
  "a node stage that works on many records at once warns of no listeners (cache: %s)",
  async (isCached) => {
    const warnings: string[] = [];
    const onWarning = ({ name }: Error): void => void warnings.push(name);
    process.on("warning", onWarning);
    onTestFinished(() => void process.off("warning", onWarning));
    const { table } = scriptedTable<string>({ remote: true });
    const work = async (text: string) => {
      await quiet();
      return text;
    };
    const cache = isCached ? cached(table, keyOf) : undefined;
    const records = Array.from({ length: 100 }, (_, n) => `${n}`);
    await pipe<string>("p")
      .node("embed", work, { concurrency: 50, cache: cache as never })
      .run(records)
      .collect();
    await quiet();
    expect(warnings).toEqual([]);
  },
);
