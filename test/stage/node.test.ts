import { expect, test } from "vitest";
import { type NodeContext, nodeOperator } from "../../src/stage/node.js";
import { drained } from "../dispatch/chunks.js";
import { deferred, quiet } from "../dispatch/deferred.js";
import { item, stand, through } from "./context.js";

function node(run: (payload: never, context: NodeContext) => unknown) {
  return {
    kind: "node" as const,
    name: "stage",
    run: run as (payload: unknown, context: NodeContext) => unknown,
  };
}

test("each payload becomes what the function gives back", async () => {
  const { context } = stand();
  const { payloads } = await through(
    nodeOperator(
      node((n: number) => n + 1),
      context,
    ),
    [[1, 2], [3]],
  );
  expect(payloads).toEqual([2, 3, 4]);
});

test("a promise is awaited, and the records stay in order", async () => {
  const { context } = stand();
  const gates = [deferred<string>(), deferred<string>()];
  const running = through(
    nodeOperator(
      node((index: number) => gates[index]?.promise),
      context,
    ),
    [[0, 1]],
  );
  gates[1]?.resolve("second");
  gates[0]?.resolve("first");
  expect((await running).payloads).toEqual(["first", "second"]);
});

test("records are worked on one after the other", async () => {
  const { context } = stand();
  let running = 0;
  let most = 0;
  const run = async (payload: number): Promise<number> => {
    running += 1;
    most = Math.max(most, running);
    await undefined;
    running -= 1;
    return payload;
  };
  await through(nodeOperator(node(run), context), [[1, 2, 3], [4]]);
  expect(most).toBe(1);
});

test("anything with a `then` is awaited, and nothing else is", async () => {
  const { context } = stand();
  // biome-ignore lint/suspicious/noThenProperty: a thenable is what this is about.
  const thenable = { then: (resolve: (value: string) => void) => resolve("awaited") };
  // biome-ignore lint/suspicious/noThenProperty: nor is this one a thenable.
  const notThenable = { then: "a field" };
  const values = [thenable, notThenable, null, undefined];
  const { payloads } = await through(
    nodeOperator(
      node((index: number) => values[index]),
      context,
    ),
    [[0, 1, 2, 3]],
  );
  expect(payloads).toEqual(["awaited", notThenable, null, undefined]);
});

test("everything but the payload goes on as it was", async () => {
  const { context } = stand();
  const before = item("raw", { id: "r-1", meta: { seen: true }, input: "the input", route: "default" });
  async function* upstream() {
    yield [before];
  }
  const { values } = await drained(
    nodeOperator(
      node(() => "new"),
      context,
    )(upstream()),
  );
  expect(values.flat()).toEqual([{ ...before, payload: "new" }]);
  expect(values[0]?.[0]?.meta).toBe(before.meta);
});

test("the function is given id, meta, metadata, stores and the signal of the stage", async () => {
  const stores = { features: {} };
  const metadata = { model: "m-1" };
  const { context } = stand({ stores, metadata });
  let seen: NodeContext | undefined;
  await through(
    nodeOperator(
      node((_, given) => {
        seen = given;
      }),
      context,
    ),
    [["a"]],
  );
  expect(seen).toEqual({ id: 0, meta: {}, metadata, stores, session: undefined, signal: context.stopped });
});

test("under halt, what came before the failure in its chunk is passed on, then the failure is thrown", async () => {
  const { context } = stand();
  const error = new Error("three");
  const run = (payload: number): number => {
    if (payload === 3) throw error;
    return payload;
  };
  const { payloads, thrown } = await through(nodeOperator(node(run), context), [
    [1, 2, 3, 4],
    [5, 6],
  ]);
  expect(payloads).toEqual([1, 2]);
  expect(thrown).toMatchObject({ stage: "stage", cause: error });
});

test("under halt, the failed record and those behind it in the chunk are unfinished", async () => {
  const { context } = stand();
  const run = (payload: number): number => {
    if (payload === 3) throw new Error("three");
    return payload;
  };
  await through(nodeOperator(node(run), context), [[1, 2, 3, 4]]);
  expect(context.books.counts).toMatchObject({ out: 2, rejected: 0, unfinished: 2 });
});

test("under halt, the stage stops itself and what is before it", async () => {
  const { context, stops } = stand();
  const error = new Error("broken");
  const run = (): never => {
    throw error;
  };
  await through(nodeOperator(node(run), context), [[1]]);
  expect(stops).toEqual([error]);
});

test("a stage that was stopped before does not fail itself: it throws the reason as it is", async () => {
  const { context, stopping, stops } = stand();
  const reason = new Error("enough");
  const run = (): Promise<never> => {
    stopping.abort(reason);
    return Promise.reject(new Error("too late"));
  };
  const { thrown } = await through(nodeOperator(node(run), context), [[1]]);
  expect(thrown).toBe(reason);
  expect(stops).toEqual([]);
});

test("under reject, a record whose function throws or rejects is set aside and the others go on", async () => {
  const { context, rejections } = stand({ policy: "reject" });
  const [thrown, rejected] = [new Error("thrown"), new Error("rejected")];
  const run = (payload: number): number | Promise<number> => {
    if (payload === 1) throw thrown;
    return payload === 2 ? Promise.reject(rejected) : payload;
  };
  const { payloads } = await through(nodeOperator(node(run), context), [[0, 1, 2, 3]]);
  expect(payloads).toEqual([0, 3]);
  expect(rejections.map(({ id, error }) => ({ id, error }))).toEqual([
    { id: 1, error: thrown },
    { id: 2, error: rejected },
  ]);
});

test("a chunk of which every record is rejected is not passed on", async () => {
  const { context } = stand({ policy: "reject" });
  const run = (): never => {
    throw new Error("broken");
  };
  const operator = nodeOperator(node(run), context);
  async function* upstream() {
    yield [item(1), item(2)];
  }
  expect((await drained(operator(upstream()))).values).toEqual([]);
});

test("a promise that never settles is given up when the stage is stopped, whatever its policy", async () => {
  const { context, rejections, stopping } = stand({ policy: "reject" });
  const running = through(
    nodeOperator(
      node(() => new Promise(() => {})),
      context,
    ),
    [[1, 2]],
  );
  await quiet();
  const reason = new Error("enough");
  stopping.abort(reason);
  expect((await running).thrown).toBe(reason);
  expect(rejections).toEqual([]);
  expect(context.books.counts).toMatchObject({ out: 0, rejected: 0, unfinished: 2 });
});
