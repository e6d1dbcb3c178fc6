import { many, pipe, SchemaError } from "slither-ts";
import { expect, test } from "vitest";
import { z } from "zod";
import { inlineSession } from "../pipe/inline-session.js";
import { expectBalance, haltOf } from "../pipe/runs.js";

const person = z.object({ name: z.string(), age: z.number().min(0) });
const people = [{ name: "ada", age: 36 }, { name: "bob", age: -1 }, { name: "eve" }];

const slow = {
  "~standard": {
    version: 1 as const,
    vendor: "test",
    validate: async (value: unknown) =>
      typeof value === "number" ? { value: value + 1 } : { issues: [{ message: "no number" }] },
  },
};

const broken = {
  "~standard": {
    version: 1 as const,
    vendor: "test",
    validate: (): never => {
      throw new TypeError("the schema is broken");
    },
  },
};

test("a node stage rejects what does not fit its input, with the path of the field", async () => {
  const { outputs, rejected, ledger } = await pipe<unknown>("p")
    .node("read", ({ name }) => name, { input: person })
    .onError("read", "reject")
    .run(people)
    .collect();
  expect(outputs.default.map(({ payload }) => payload)).toEqual(["ada"]);
  expect(rejected.map(({ error }) => (error as SchemaError).issues.map(({ path }) => path))).toEqual([
    [".age"],
    [".age"],
  ]);
  expect(rejected[0]?.error).toBeInstanceOf(SchemaError);
  expect(rejected[0]).toMatchObject({ payload: people[1], error: { stage: "read", direction: "input" } });
  expectBalance(ledger);
});

test("what goes on is what the schemas make of it, also when they are asynchronous", async () => {
  const { outputs } = await pipe<string>("p")
    .node("count", (word: string) => word.length, {
      input: z.string().transform((text) => text.trim()),
      output: slow,
    })
    .run(["  two "])
    .collect();
  expect(outputs.default[0]?.payload).toBe(4);
});

test("each of the records that a node stage makes of one is checked", async () => {
  const run = pipe<number>("p")
    .node("split", (number) => many([number, -number]), { output: z.number().min(0) })
    .onError("split", "reject")
    .run([1]);
  const { outputs, rejected } = await run.collect();
  expect(outputs.default).toEqual([]);
  expect(rejected).toHaveLength(1);
});

test("in a python stage only the payloads that do not fit fail, and Python is never given them", async () => {
  const given: unknown[] = [];
  const session = await inlineSession({
    names: (records: { name: string }[]) => {
      given.push(...records);
      return records.map(({ name }) => name);
    },
  });
  const { outputs, rejected, ledger } = await pipe<unknown>("p")
    .python<string>("names", { module: "model", function: "names", input: person })
    .onError("names", "reject")
    .run([...people, { name: "joe", age: 1, extra: true }], { session })
    .collect();
  expect(given).toEqual([people[0], { name: "joe", age: 1 }]);
  expect(outputs.default.map(({ id, payload }) => [id, payload])).toEqual([
    [0, "ada"],
    [3, "joe"],
  ]);
  expect(rejected.map(({ id, attempts }) => [id, attempts])).toEqual([
    [1, 1],
    [2, 1],
  ]);
  expectBalance(ledger);
});

test("in a python stage only the results that do not fit fail, and the function is not called again for them", async () => {
  let calls = 0;
  const session = await inlineSession({
    halve: (numbers: number[]) => {
      calls += 1;
      return numbers.map((number) => number / 2);
    },
  });
  const { outputs, rejected } = await pipe<number>("p")
    .python("halve", { module: "model", function: "halve", output: z.int() })
    .onError("halve", "reject")
    .run([2, 3, 4], { session })
    .collect();
  expect(outputs.default.map(({ payload }) => payload)).toEqual([1, 2]);
  expect(rejected.map(({ id, payload }) => [id, payload])).toEqual([[1, 3]]);
  expect(calls).toBe(1);
});

test("a batch of which nothing fits is not sent", async () => {
  const session = await inlineSession({
    names: () => expect.fail("it was called"),
  });
  const { rejected } = await pipe<unknown>("p")
    .python("names", { module: "model", function: "names", input: person })
    .onError("names", "reject")
    .run([1, 2], { session })
    .collect();
  expect(rejected).toHaveLength(2);
});

test("under halt, what does not fit ends the run, in a node and in a python stage", async () => {
  const session = await inlineSession({ same: (payloads: unknown[]) => payloads });
  const inNode = await haltOf(
    pipe<unknown>("p")
      .node("read", (one) => one, { input: person })
      .run(people),
  );
  expect(inNode.cause).toBeInstanceOf(SchemaError);
  const inPython = await haltOf(
    pipe<unknown>("p")
      .python("same", { module: "model", function: "same", output: person })
      .run(people, { session }),
  );
  expect(inPython.cause).toBeInstanceOf(SchemaError);
});

test("a schema that throws fails its record, by name", async () => {
  const session = await inlineSession({ same: (payloads: unknown[]) => payloads });
  const { rejected } = await pipe<unknown>("p")
    .python("same", { module: "model", function: "same", input: broken })
    .onError("same", "reject")
    .run([1], { session })
    .collect();
  expect(rejected[0]?.reason).toBe(
    "stage same: expected its input to fit the schema, got input: its schema threw: the schema is broken",
  );
  expect(rejected[0]?.error).toMatchObject({ cause: expect.any(TypeError) });
});

test("what is no schema is refused by name", () => {
  expect(() => pipe("p").node("n", (one) => one, { input: 5 as never })).toThrow(
    'pipe p: node("n"): expected `input` to be a schema with the Standard Schema interface',
  );
});

test("a schema may answer with a promise of its own kind", async () => {
  // biome-ignore lint/suspicious/noThenProperty: a thenable is what this is about.
  const thenable = { then: (settle: (result: unknown) => void) => settle({ value: "own" }) };
  const own = { "~standard": { version: 1 as const, vendor: "test", validate: () => thenable as never } };
  const { outputs } = await pipe<number>("p")
    .node("same", (one) => one, { output: own })
    .run([1])
    .collect();
  expect(outputs.default.map(({ payload }) => payload)).toEqual(["own"]);
});

test("a schema that gives back no result fails its record, and no other", async () => {
  const session = await inlineSession({ same: (payloads: unknown[]) => payloads });
  const none = {
    "~standard": {
      version: 1 as const,
      vendor: "test",
      validate: (value: unknown) => (value === 1 ? (undefined as never) : { value }),
    },
  };
  const { outputs, rejected } = await pipe<number>("p")
    .python("same", { module: "model", function: "same", input: none })
    .onError("same", "reject")
    .run([1, 2], { session })
    .collect();
  expect(rejected.map(({ error }) => error)).toEqual([expect.any(SchemaError)]);
  expect(outputs.default.map(({ payload }) => payload)).toEqual([2]);
});
