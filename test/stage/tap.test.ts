// biome-ignore-all lint/suspicious/noThenProperty: `then` is an option of retry().
import { filter, many, reject, retry, routeTo } from "slither-ts";
import { describe, expect, test } from "vitest";
import type { NodeContext } from "../../src/stage/node.js";
import { type TapStage, tapOperator } from "../../src/stage/tap.js";
import { drained } from "../dispatch/chunks.js";
import { deferred, quiet } from "../dispatch/deferred.js";
import { item, stand, through } from "./context.js";
import { noWaits } from "./waits.js";

function tap(run: (payload: never, context: NodeContext) => unknown, when?: TapStage["when"]): TapStage {
  return { kind: "tap", name: "note", run: run as TapStage["run"], when };
}

test("each record is shown, in order, and goes on as it came, whatever the function gives back", async () => {
  const { context } = stand();
  const seen: number[] = [];
  const note = tap((n: number) => seen.push(n));
  const items = [item(1, { id: "a", meta: { seen: true } }), item(2)];
  async function* upstream() {
    yield items;
  }
  const { values } = await drained(tapOperator(note, context)(upstream()));
  expect(seen).toEqual([1, 2]);
  expect(values.flat()).toEqual(items);
  expect(values.flat()[0]).toBe(items[0]);
  expect(context.books.counts).toMatchObject({ out: 2, rejected: 0 });
});

test("it is given what a node stage is given", async () => {
  const { context, stopping } = stand({ metadata: { city: "Bern" }, stores: { cache: 1 } });
  let given: NodeContext | undefined;
  const note = tap((_, its) => {
    given = its;
  });
  await through(tapOperator(note, context), [[1]]);
  expect(given).toEqual({
    id: 0,
    meta: {},
    metadata: { city: "Bern" },
    stores: { cache: 1 },
    session: undefined,
    signal: stopping.signal,
  });
});

test("a record goes on when the function is done with it, and the next one is shown then", async () => {
  const { context } = stand();
  const gate = deferred();
  const seen: number[] = [];
  const note = tap((n: number) => {
    seen.push(n);
    return n === 1 ? gate.promise : undefined;
  });
  const running = through(tapOperator(note, context), [[1, 2]]);
  await quiet();
  expect(seen).toEqual([1]);
  gate.resolve();
  expect((await running).payloads).toEqual([1, 2]);
  expect(seen).toEqual([1, 2]);
});

test("it is shown only the records that `when` says, which knows everything but the payload", async () => {
  const { context } = stand({ metadata: { even: 0 } });
  const seen: number[] = [];
  const note = tap(
    (n: number) => seen.push(n),
    ({ id, metadata }) => (id as number) % 2 === metadata.even,
  );
  const { payloads } = await through(tapOperator(note, context), [[10, 11, 12, 13]]);
  expect(seen).toEqual([10, 12]);
  expect(payloads).toEqual([10, 11, 12, 13]);
});

describe("a record fails in the tap", () => {
  const broken = new RangeError("broken");
  const notBoolean = "expected `when` of tap note to return true or false, got";

  test.each<[string, TapStage, unknown]>([
    [
      "when its function throws",
      tap(() => {
        throw broken;
      }),
      broken,
    ],
    ["when its promise is rejected", tap(() => Promise.reject(broken)), broken],
    [
      "when it throws what is no Error, which is its cause",
      tap(() => {
        throw "out of stock";
      }),
      expect.objectContaining({ message: "out of stock", cause: "out of stock" }),
    ],
    [
      "when its promise is rejected with nothing",
      tap(() => Promise.reject()),
      expect.objectContaining({ message: "undefined" }),
    ],
    [
      "when `when` throws",
      tap(
        () => {},
        () => {
          throw broken;
        },
      ),
      broken,
    ],
    ...([undefined, 1, Promise.resolve(true)] as const).map((value): [string, TapStage, unknown] => [
      `when \`when\` gives back ${typeof value}`,
      tap(
        () => {},
        () => value as unknown as boolean,
      ),
      expect.objectContaining({ name: "TypeError", message: `${notBoolean} ${typeof value}` }),
    ]),
  ])("%s", async (_, note, error) => {
    const { context, rejections } = stand({ policy: "reject" });
    expect((await through(tapOperator(note, context), [["raw"]])).payloads).toEqual([]);
    expect(rejections).toMatchObject([{ stage: "stage", payload: "raw", attempts: 1 }]);
    expect(rejections[0]?.error).toEqual(error);
    expect(rejections[0]?.error).toBeInstanceOf(Error);
  });

  test.each([filter("no"), reject("no"), many([1]), routeTo("late")])(
    "when it decides on it, as only a node stage can: %o",
    async (result) => {
      const message = `expected tap note to give nothing back, got a ${result.constructor.name}; use node() to decide on records`;
      for (const given of [result, Promise.resolve(result)]) {
        const { context, rejections } = stand({ policy: "reject" });
        await through(
          tapOperator(
            tap(() => given),
            context,
          ),
          [[1]],
        );
        expect(rejections).toMatchObject([{ reason: message }]);
        expect(rejections[0]?.error).toBeInstanceOf(TypeError);
      }
    },
  );

  test("which ends the run under halt, after what came before it", async () => {
    const note = tap((n: number) => {
      if (n === 2) throw broken;
    });
    const { payloads, thrown } = await through(tapOperator(note, stand().context), [[1, 2, 3]]);
    expect(payloads).toEqual([1]);
    expect(thrown).toMatchObject({ stage: "stage", cause: broken });
  });

  test("and is shown again under retry", async () => {
    const seen: number[] = [];
    const note = tap((n: number) => {
      if (seen.push(n) < 3) throw broken;
    });
    const { context } = stand({ policy: retry({ attempts: 3, on: [RangeError] }), clock: noWaits() });
    expect((await through(tapOperator(note, context), [[7]])).payloads).toEqual([7]);
    expect(seen).toEqual([7, 7, 7]);
  });
});
