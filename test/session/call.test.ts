import { type Tuple, tuple, ValueNotSupportedError } from "slither-ts";
import { describe, expect, test } from "vitest";
import { sharedEngine, sharedSession } from "../helpers/engine.js";
import { rejection } from "../helpers/rejection.js";
import { makeGate } from "../helpers/temporary.js";

const session = sharedSession();
const engine = sharedEngine();

describe("a call", () => {
  test("passes positional and keyword arguments", async () => {
    const result = await session().call("echo", "echo_all", [1, "two"], { kwargs: { three: 3 } });

    expect(result).toEqual([[1, "two"], { three: 3 }]);
  });

  test("needs no arguments", async () => {
    expect(await session().call("echo", "echo_all")).toEqual([[], {}]);
  });

  test("reaches a method of a class by its dotted name", async () => {
    expect(await session().call("scorer", "Model.load", ["model.bin"])).toBe("loaded model.bin");
  });

  test("reaches a function of the standard library", async () => {
    expect(await session().call("os.path", "join", ["a", "b"])).toBe("a/b");
  });

  test("takes a tuple that came from Python as its arguments", async () => {
    const pair = (await session().call("echo", "echo", [tuple("a", "b")])) as Tuple<string>;

    expect(await session().call("echo", "echo_all", pair)).toEqual([["a", "b"], {}]);
  });

  test("sends its arguments as they were when it was made", async () => {
    const gate = makeGate();
    const features = [1, 2];
    const options = { a: features };
    const earlier = session().call("gate", "wait", [gate.path]);
    const call = session().call("echo", "echo_all", [features], { kwargs: options });

    features.push(3);
    options.a = [];
    await gate.open();

    await earlier;
    expect(await call).toEqual([[[1, 2]], { a: [1, 2] }]);
  });

  test("whose arguments cannot be carried fails alone, and is not sent", async () => {
    const own = await engine().session({ id: "own" });
    const before = own.call("order", "note", [1]);
    const refused = rejection(own.call("order", "note", [new Date(0)]), ValueNotSupportedError);
    const after = own.call("order", "note", [2]);

    expect((await refused).message).toBe(
      "session own: order.note: expected args[0] to be a value that Python can be given, got Date (use date.toISOString() or date.getTime())",
    );
    await Promise.all([before, after]);
    expect(await own.call("order", "notes")).toEqual([1, 2]);
  });

  test("whose keyword arguments cannot be carried names them", async () => {
    const call = session().call("echo", "echo_all", [], { kwargs: { model: { when: undefined } } });

    expect((await rejection(call, ValueNotSupportedError)).path).toBe("kwargs.model.when");
  });
});

test("200 calls at once are carried out and answered in the order in which they were made", async () => {
  const own = await engine().session();
  const answered: number[] = [];
  const numbers = Array.from({ length: 200 }, (_, index) => index);

  const results = await Promise.all(
    numbers.map(async (number) => {
      const result = await own.call<number>("order", "note", [number]);
      answered.push(result);
      return result;
    }),
  );

  expect(results).toEqual(numbers);
  expect(answered).toEqual(numbers);
  expect(await own.call("order", "notes")).toEqual(numbers);
});
