import { type NodeContext, pipe } from "slither-ts";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { StagePlan } from "../../../src/plan/plan.js";
import { Load, metered } from "../../../src/run/explain/load.js";
import type { NodeStage } from "../../../src/stage/node.js";
import { deferred } from "../../dispatch/deferred.js";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"] });
});

afterEach(() => {
  vi.useRealTimers();
});

test("two records at once count as two", () => {
  const load = new Load();
  load.begin();
  vi.advanceTimersByTime(10);
  load.begin();
  vi.advanceTimersByTime(5);
  load.end();
  load.end();
  vi.advanceTimersByTime(100);
  expect(load.ms).toBe(20);
});

test("one that is not done counts up to now", () => {
  const load = new Load();
  load.add(3);
  load.begin();
  vi.advanceTimersByTime(10);
  expect(load.ms).toBe(13);
});

describe("a node stage that works on several records at once is at work", () => {
  const load = (): { load: Load; call: (run: NodeStage["run"]) => unknown } => {
    const made = new Load();
    const call = (run: NodeStage["run"]): unknown => {
      const [stage] = pipe("p").node("n", run as () => unknown, { concurrency: 2 }).plan.stages;
      return (metered(stage as StagePlan, made) as NodeStage).run(7, {} as NodeContext);
    };
    return { load: made, call };
  };

  test("until its function gives back", () => {
    const { load: work, call } = load();
    const result = call((payload) => {
      vi.advanceTimersByTime(4);
      return [payload];
    });
    vi.advanceTimersByTime(10);
    expect({ result, ms: work.ms }).toEqual({ result: [7], ms: 4 });
  });

  test("until it throws", () => {
    const { load: work, call } = load();
    const run = (): never => {
      vi.advanceTimersByTime(4);
      throw new RangeError("no");
    };
    expect(() => call(run)).toThrow(new RangeError("no"));
    vi.advanceTimersByTime(10);
    expect(work.ms).toBe(4);
  });

  test("until what it gives back is there", async () => {
    const { load: work, call } = load();
    const { promise, resolve } = deferred<string>();
    const result = call(() => promise);
    vi.advanceTimersByTime(6);
    resolve("done");
    expect(await result).toBe("done");
    vi.advanceTimersByTime(10);
    expect(work.ms).toBe(6);
  });

  test("until that has failed", async () => {
    const { load: work, call } = load();
    await expect(call(() => Promise.reject(new RangeError("no")))).rejects.toThrow(new RangeError("no"));
    vi.advanceTimersByTime(10);
    expect(work.ms).toBe(0);
  });

  test("which is asked for once, as it may begin with that", async () => {
    const { call } = load();
    let asked = 0;
    const result = call(() => ({
      // biome-ignore lint/suspicious/noThenProperty: a query that is sent when it is awaited.
      then(resolve: (value: string) => void) {
        asked += 1;
        resolve("rows");
      },
    }));
    expect(await result).toBe("rows");
    expect(asked).toBe(1);
  });
});

test("any other stage is left as it is", () => {
  const made = pipe<number>("p")
    .node("one", Number)
    .tap("look", () => {})
    .python("two", { module: "m", function: "f" });
  for (const stage of made.plan.stages) expect(metered(stage, new Load())).toBe(stage);
});
