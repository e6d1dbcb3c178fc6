import {
  batchView,
  PythonError,
  type Ref,
  type Session,
  type SessionOptions,
  type View,
  type ViewContext,
  view,
} from "slither-ts";
import { describe, expect, test } from "vitest";
import { rejection } from "../helpers/rejection.js";

const PRICES = new Map([
  ["ink", 3],
  ["pen", 2],
]);

const price = view("price", ({ key }: { key: string }) => PRICES.get(key));
const prices = batchView<string>("prices", (keys) => keys.map((key) => PRICES.get(key)));

/**
 * What Python that asks sees, on every engine.
 *
 * @param askingSession gives a session that has these views, and a module `asking`; it closes with its test.
 */
export function testViews(
  name: string,
  askingSession: (views: readonly View[], options?: SessionOptions) => Promise<Session>,
): void {
  describe(`views of calls on ${name}`, () => {
    test("a view answers a question with its params", async () => {
      const sum = view("sum", ({ left, right }: { left: number; right: number }) => left + right);
      const session = await askingSession([sum]);

      expect(await session.call("asking", "ask", ["sum", { left: 1, right: 2 }])).toBe(3);
    });

    test("a view may answer with a promise", async () => {
      const session = await askingSession([view("later", async ({ key }) => `${key} at last`)]);

      expect(await session.call("asking", "ask", ["later", { key: "ink" }])).toBe("ink at last");
    });

    test.each(["price", "prices"])("%s can be asked for one key and for many", async (name) => {
      const session = await askingSession([price, prices]);

      expect(await session.call("asking", "ask", [name, { key: "ink" }])).toBe(3);
      expect(await session.call("asking", "ask", [name, { keys: ["pen", "ink", "pen"] }])).toEqual([2, 3, 2]);
      expect(await session.call("asking", "ask", [name, { keys: [] }])).toEqual([]);
    });

    test.each(["price", "prices"])("%s gives None where its function gives undefined", async (name) => {
      const session = await askingSession([price, prices]);

      expect(await session.call("asking", "ask", [name, { key: "gum" }])).toBeNull();
      expect(await session.call("asking", "ask", [name, { keys: ["gum", "ink"] }])).toEqual([null, 3]);
    });

    test("a view that is asked for many keys gets each of them with the other params", async () => {
      const scaled = view("scaled", async ({ key, by }: { key: number; by: number }) => key * by);
      const session = await askingSession([scaled]);

      expect(await session.call("asking", "ask", ["scaled", { keys: [1, 2], by: 10 }])).toEqual([10, 20]);
    });

    test("a batch view gets all keys at once, and the other params", async () => {
      const calls: unknown[] = [];
      const scaled = batchView<number, number, { by: number }>("scaled", async (keys, _, params) => {
        calls.push({ keys, params });
        return keys.map((key) => key * params.by);
      });
      const session = await askingSession([scaled]);

      expect(await session.call("asking", "ask", ["scaled", { keys: [1, 2], by: 10 }])).toEqual([10, 20]);
      expect(await session.call("asking", "ask", ["scaled", { key: 3, by: 10 }])).toBe(30);
      expect(calls).toEqual([
        { keys: [1, 2], params: { by: 10 } },
        { keys: [3], params: { by: 10 } },
      ]);
    });

    test("views are asked from setup, from the making of objects, and from their methods", async () => {
      const answers: unknown[] = [];
      const setup = async (session: Session) => {
        answers.push(await session.call("asking", "ask", ["price", { key: "ink" }]));
      };
      const session = await askingSession([price], { setup });

      const asker: Ref = await session.create("asking", "Asker");
      answers.push(await asker.call("ask", ["price", { key: "pen" }]));

      expect(answers).toEqual([3, 2]);
    });

    test("the context of a call says who asks, and has nothing of a run", async () => {
      const contexts: ViewContext[] = [];
      const session = await askingSession([view("who", (_, context) => void contexts.push(context))]);

      await session.call("asking", "ask", ["who"]);

      expect({ ...contexts[0], signal: contexts[0]?.signal.aborted }).toEqual({
        view: "who",
        session: "a",
        run: undefined,
        pipe: undefined,
        stage: undefined,
        metadata: undefined,
        stores: undefined,
        attempt: 1,
        signal: false,
      });
    });

    test("what a view gives back goes through the same encoding as arguments", async () => {
      const given = { ink: [1] };
      const session = await askingSession([
        view("mutable", () => given),
        view("date", () => ({ since: new Date() })),
      ]);

      expect(await session.call("asking", "ask", ["mutable"])).toEqual(given);
      expect(await session.call("asking", "caught", ["date"])).toMatch(/^ViewError: .*answer\.since/);
    });

    test("what a view throws is a ViewError with its message", async () => {
      const broken = view("broken", () => {
        throw new TypeError("no such table");
      });
      const session = await askingSession([broken, view("rejects", () => Promise.reject(new Error("gone")))]);

      const error = await rejection(session.call("asking", "ask", ["broken"]), PythonError);

      expect(error).toMatchObject({ pythonType: "ViewError", pythonModule: "slither_worker" });
      expect(error.pythonMessage).toBe("no such table");
      expect(await session.call("asking", "caught", ["rejects"])).toBe("ViewError: gone");
    });

    test("one of many keys that fails fails the question", async () => {
      const session = await askingSession([
        view("odd", async ({ key }: { key: number }) => {
          if (key % 2 === 0) throw new Error(`${key} is even`);
          return key;
        }),
      ]);

      expect(await session.call("asking", "caught", ["odd", { keys: [1, 2, 4] }])).toBe(
        "ViewError: 2 is even",
      );
    });

    test.each([
      ["too few", [1], "an array of 1"],
      ["too many", [1, 2, 3], "an array of 3"],
      ["no array", { 0: 1, 1: 2, length: 2 }, "an object (Object)"],
    ])("a batch view that gives back %s names what it got", async (_, values, got) => {
      const session = await askingSession([batchView("values", () => values as unknown[])]);

      expect(await session.call("asking", "caught", ["values", { keys: ["x", "y"] }])).toBe(
        `ViewError: expected batch view "values" to give back an array of 2, one value for each key, got ${got}`,
      );
    });

    test.each([
      ["prices", {}, 'expected batch view "prices" to be asked with `key` or `keys`, got neither'],
      ["prices", { key: 1, keys: [2] }, 'expected view "prices" to be asked with `key` or `keys`, got both'],
      ["price", { key: 1, keys: [2] }, 'expected view "price" to be asked with `key` or `keys`, got both'],
    ])("%s asked with %j is a ViewError", async (name, params, message) => {
      const session = await askingSession([price, prices]);

      expect(await session.call("asking", "caught", [name, params])).toBe(`ViewError: ${message}`);
    });

    test("a view that does not exist is refused, with the name that was meant", async () => {
      const session = await askingSession([price]);

      expect(await session.call("asking", "caught", ["pricee"])).toBe(
        "ViewRefusedError: unknown view `pricee`, did you mean `price`?; give it to the option `views` of engine.session(), or of the engine",
      );
    });
  });
}
