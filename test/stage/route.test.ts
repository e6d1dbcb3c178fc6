import { expect, test } from "vitest";
import { END } from "../../src/plan/topology.js";
import { type Route, routeOperator } from "../../src/stage/route.js";
import { stand, through } from "./context.js";

function route(routes: readonly Route[]) {
  return { kind: "route" as const, name: "stage", routes };
}

const byConfidence: Route[] = [
  ["high", (payload) => (payload as number) >= 0.9],
  ["some", (payload) => (payload as number) >= 0.5],
];

test("a record goes to the first route that matches, and to `default` when none does", async () => {
  const { context } = stand();
  const { items } = await through(routeOperator(route(byConfidence), context), [[0.95, 0.6, 0.1]]);
  expect(items.map((each) => each.route)).toEqual(["high", "some", "default"]);
});

test("in a branch, a record that matches no route stays in the output of the branch", async () => {
  const { context } = stand({ directions: { line: "low", next: END, onward: END, to: () => END } });
  const { items } = await through(routeOperator(route(byConfidence), context), [[0.95, 0.1]]);
  expect(items.map((each) => each.route)).toEqual(["high", "low"]);
});

test("predicates behind the one that matched are not asked", async () => {
  const { context } = stand();
  let asked = 0;
  const routes: Route[] = [
    ["first", () => true],
    [
      "second",
      () => {
        asked += 1;
        return true;
      },
    ],
  ];
  await through(routeOperator(route(routes), context), [[1]]);
  expect(asked).toBe(0);
});

test("the payload stays what it was", async () => {
  const { context } = stand();
  const payload = { confidence: 1 };
  const { items } = await through(routeOperator(route([["all", () => true]]), context), [[payload]]);
  expect(items[0]?.payload).toBe(payload);
});

test.each([
  ["a promise", async () => true, "a Promise (await it first)"],
  ["a truthy value", () => 1, "`1` (number)"],
  ["nothing", () => undefined, "`undefined`"],
  ["null", () => null, "`null`"],
  ["a text", () => "true", '`"true"` (string)'],
])("a predicate that gives back %s is refused, and named", async (_, predicate, got) => {
  const { context } = stand();
  const { thrown } = await through(
    routeOperator(route([["high", predicate as unknown as Route[1]]]), context),
    [[1]],
  );
  const { cause } = thrown as { cause: Error };
  expect(cause).toBeInstanceOf(TypeError);
  expect(cause.message).toBe(`expected the predicate of route high to return true or false, got ${got}`);
});

test("under reject, a record whose predicate throws is set aside, and goes to no output", async () => {
  const { context, rejections } = stand({ policy: "reject" });
  const error = new Error("no such field");
  const predicate = (payload: unknown): boolean => {
    if (payload === 2) throw error;
    return true;
  };
  const { payloads } = await through(routeOperator(route([["all", predicate]]), context), [[1, 2, 3]]);
  expect(payloads).toEqual([1, 3]);
  expect(rejections).toMatchObject([{ id: 1, payload: 2, stage: "stage", error }]);
});

test("under halt, a predicate that throws ends the stage after what came before", async () => {
  const { context } = stand();
  const error = new Error("no such field");
  const predicate = (payload: unknown): boolean => {
    if (payload === 2) throw error;
    return true;
  };
  const { payloads, thrown } = await through(routeOperator(route([["all", predicate]]), context), [
    [1, 2, 3],
  ]);
  expect({ payloads, cause: (thrown as Error).cause }).toEqual({ payloads: [1], cause: error });
});
