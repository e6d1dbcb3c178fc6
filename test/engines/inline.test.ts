import {
  ForkRefusedError,
  PipeHaltedError,
  PythonError,
  PythonImportError,
  pipe,
  reject,
  tuple,
  ValueNotSupportedError,
} from "slither-ts";
import { inline } from "slither-ts/testing";
import { expect, onTestFinished, test } from "vitest";
import { rejection } from "../helpers/rejection.js";
import { testConformance } from "./conformance.js";
import { conformance } from "./inline-modules.js";

testConformance({
  name: "inline",
  open: async () => inline({ modules: { conformance } }),
  processes: false,
  copies: false,
});

function inlineEngine(...options: Parameters<typeof inline>): ReturnType<typeof inline> {
  const engine = inline(...options);
  onTestFinished(() => engine.close({ timeout: 1 }));
  return engine;
}

test("a module that is given as an object is shared by all sessions", async () => {
  let calls = 0;
  const engine = inlineEngine({ modules: { counter: { count: () => ++calls } } });
  const [left, right] = await Promise.all([engine.session(), engine.session()]);

  await left.call("counter", "count");

  expect(await right.call("counter", "count")).toBe(2);
});

test("a module that was not given is named, with those that were", async () => {
  const session = await inlineEngine({ modules: { scorer: {}, trainer: {} } }).session({ id: "a" });

  const error = await rejection(session.call("scorers", "predict"), PythonImportError);

  expect(error.message).toBe("session a: inline() was given no module scorers; it has scorer, trainer");
});

test("a fake may be asynchronous, and calls still take turns", async () => {
  const order: string[] = [];
  const slow = async (name: string) => {
    order.push(`${name} begins`);
    await new Promise((resolve) => setImmediate(resolve));
    order.push(`${name} ends`);
    return name;
  };
  const session = await inlineEngine({ modules: { m: { slow } } }).session();

  await Promise.all([session.call("m", "slow", ["a"]), session.call("m", "slow", ["b"])]);

  expect(order).toEqual(["a begins", "a ends", "b begins", "b ends"]);
});

test("what a fake is given is what Python would be: tuples stay, bigints that are small are numbers", async () => {
  let given: unknown;
  const take = (value: unknown) => {
    given = value;
    return null;
  };
  const session = await inlineEngine({ modules: { m: { take } } }).session();

  await session.call("m", "take", [[tuple(1n), new Map([["a", 1]])]]);

  expect(given).toStrictEqual([tuple(1), new Map([["a", 1]])]);
});

test("what a fake throws is the cause of the error", async () => {
  const thrown = new TypeError("broken fake");
  const session = await inlineEngine({
    modules: {
      m: {
        fail: () => {
          throw thrown;
        },
      },
    },
  }).session();

  const error = await rejection(session.call("m", "fail"), PythonError);

  expect(error.cause).toBe(thrown);
  expect(error).toMatchObject({ pythonType: "TypeError", pythonMessage: "broken fake" });
  expect(error.traceback).toContain("inline.test.ts");
});

class Timeout extends RangeError {}
class ReadTimeout extends Timeout {
  override readonly name = "ReadTimeout";
}

test.each([
  [new TypeError("a"), ["inline.Error"]],
  [new ReadTimeout("a"), ["inline.Timeout", "inline.RangeError", "inline.Error"]],
  [Object.assign(new Error("a"), { name: "ConnectionError" }), ["inline.Error"]],
  ["no error at all", []],
])("what a fake throws knows its classes: %s", async (thrown, bases) => {
  const fail = () => {
    throw thrown;
  };
  const session = await inlineEngine({ modules: { m: { fail } } }).session();

  const error = await rejection(session.call("m", "fail"), PythonError);

  expect(error).toMatchObject({ pythonModule: "inline", pythonBases: bases });
});

test("the array of a fake that rejects records stays as it is", async () => {
  const results = [1, reject("odd"), 3];
  const session = await inlineEngine({ modules: { m: { check: () => results } } }).session();
  const checking = pipe<number>("checking").python<number>("check", { module: "m", function: "check" });

  const { rejected } = await checking.run([1, 2, 3], { session }).collect();

  expect(rejected.map(({ id, reason }) => [id, reason])).toEqual([[1, "odd"]]);
  expect(results).toEqual([1, reject("odd"), 3]);
});

test("a fake of one record that is running when its worker is killed is the last", async () => {
  const given: number[] = [];
  let wake = (_: unknown): void => {};
  const hang = (payload: number) => {
    given.push(payload);
    return new Promise((resolve) => {
      wake = resolve;
    });
  };
  const engine = inlineEngine({ modules: { m: { hang } } });
  const session = await engine.session({ limits: { cancelGrace: "20ms" } });
  const hanging = pipe<number>("hanging").python("hang", {
    module: "m",
    function: "hang",
    each: true,
    timeout: "20ms",
  });

  await rejection(hanging.run([1, 2, 3], { session }).collect(), PipeHaltedError);
  wake(1);
  await new Promise((resolve) => setImmediate(resolve));

  expect(given).toEqual([1]);
});

test("what rejects a record cannot be sent", async () => {
  const session = await inlineEngine({ modules: { m: { take: () => null } } }).session();

  const error = await rejection(session.call("m", "take", [reject("a")]), ValueNotSupportedError);

  expect(error.message).toMatch(/got Reject \(it may only stand in place of the result of a record\)$/);
});

test("a fake that gives back nothing is told to give back null", async () => {
  const session = await inlineEngine({ modules: { m: { nothing: () => {} } } }).session();

  const error = await rejection(session.call("m", "nothing"), ValueNotSupportedError);

  expect(error.message).toMatch(/got undefined \(use null, or leave the key out\)$/);
});

test("a session cannot be copied, for want of a process", async () => {
  const session = await inlineEngine({ modules: {} }).session({ id: "a" });

  const error = await rejection(session.fork(), ForkRefusedError);

  expect(error.message).toBe("session a cannot be copied: inline() has no processes");
});

test("a batch that was sent behind a killed one is never carried out", async () => {
  const given: number[] = [];
  let wake = (_: unknown): void => {};
  const hang = (payloads: number[]) => {
    given.push(...payloads);
    return new Promise((resolve) => {
      wake = resolve;
    });
  };
  const session = await inlineEngine({ modules: { m: { hang } } }).session();
  const hanging = pipe<number>("hanging").python("hang", {
    module: "m",
    function: "hang",
    batch: { size: 1 },
    timeout: "20ms",
  });

  await rejection(hanging.run([1, 2, 3], { session }).collect(), PipeHaltedError);
  wake([1]);
  await new Promise((resolve) => setImmediate(resolve));

  expect(given).toEqual([1]);
});
