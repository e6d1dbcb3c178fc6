import { NdArray, tuple } from "slither-ts";
import { expect, test } from "vitest";
import { ViewRefusedError, ViewTimeoutError } from "../../src/errors/view.js";
import type { ViewHost, ViewQuestion } from "../../src/view.js";
import { encodeFloat, encodeRef, packr, TaggedTuple, unpack } from "../../src/wire/extensions.js";
import { Kind } from "../../src/wire/protocol.js";
import { SharedMemory } from "../../src/wire/shared-memory.js";
import { answerCallback } from "../../src/wire/view-frames.js";
import { TestHandle } from "./notation.js";

const numbers = (): NdArray => new NdArray("float64", [1], Float64Array.of(1.5));
const handle = (id: number): TestHandle => new TestHandle(id);

/** What a host answers to a question, as Python is told it: the kind, and the body. */
async function asked(host: ViewHost | undefined, question: unknown[] = [9, "lookup", { key: 7 }, null, 0]) {
  const frame = { kind: Kind.CALLBACK, id: 3, body: packr.pack(question) };
  const { kind, body } = await answerCallback(frame, host, "a", handle);
  return { kind, body: unpack(body, handle) };
}

test.each<[string, unknown[], ViewQuestion]>([
  ["of one", [9, "lookup", { key: 7 }, null, 0], { name: "lookup", params: { key: 7 }, step: 0 }],
  ["of many", [9, "lookups", {}, [1, "b"], 2], { name: "lookups", params: {}, keys: [1, "b"], step: 2 }],
  [
    "with values that plain MessagePack has no form for",
    [9, "lookup", { at: new TaggedTuple(packr.pack([1])), zero: encodeFloat(-0) }, null, 0],
    { name: "lookup", params: { at: tuple(1), zero: -0 }, step: 0 },
  ],
])("a host gets a question %s as it was asked", async (_, body, question) => {
  const questions: ViewQuestion[] = [];

  await asked(async (asked) => questions.push(asked), body);

  expect(questions).toEqual([question]);
});

test.each<[string, unknown, unknown]>([
  ["a value", { mean: 0.5 }, { mean: 0.5 }],
  ["a list", [1, null], [1, null]],
  ["an array", numbers(), numbers()],
  ["a ref of the session", new TestHandle(7), new TestHandle(7)],
  ["nothing", undefined, null],
])("an answer that is %s is the result", async (_, value, told) => {
  expect(await asked(async () => value)).toEqual({ kind: Kind.CALLBACK_RESULT, body: [9, told] });
});

test.each([
  [200, Kind.CALLBACK_RESULT],
  [201, Kind.CALLBACK_ERROR],
])("an answer may nest as deep as an argument: %d levels", async (levels, kind) => {
  let value: unknown = 0;
  for (let level = 0; level < levels; level++) value = [value];
  expect((await asked(async () => value)).kind).toBe(kind);
});

test.each<[string, () => unknown, Record<string, string>]>([
  [
    "an error of any class",
    () => new RangeError("no such key\n7"),
    { code: "view_failed", message: "no such key\n7", type: "RangeError" },
  ],
  ["no error", () => "no", { code: "view_failed", message: "no" }],
  [
    "a value that has no text",
    () => Object.create(null),
    { code: "view_failed", message: "it threw a value that has no text" },
  ],
  [
    "a ViewRefusedError",
    () => new ViewRefusedError("not here", "lookup"),
    { code: "view_refused", message: "not here" },
  ],
  [
    "a ViewTimeoutError",
    () => new ViewTimeoutError("lookup", 500),
    { code: "view_timeout", message: 'view "lookup" took longer than 500 ms' },
  ],
])("what a host throws is told, where it is %s", async (_, error, told) => {
  const host = async (): Promise<never> => {
    throw error();
  };

  expect(await asked(host)).toEqual({ kind: Kind.CALLBACK_ERROR, body: [9, { view: "lookup", ...told }] });
});

test("what a host throws at once is told, too", async () => {
  const host = (): never => {
    throw new TypeError("no");
  };

  expect(await asked(host)).toMatchObject({ body: [9, { code: "view_failed", message: "no" }] });
});

test("without a host, a question is refused, and says how a view is listed", async () => {
  const { kind, body } = await asked(undefined);
  const [callback, error] = body as [number, Record<string, string>];

  expect({ kind, callback, error }).toMatchObject({
    kind: Kind.CALLBACK_ERROR,
    callback: 9,
    error: { code: "view_refused", view: "lookup" },
  });
  expect(error.message).toMatch(/^there is no view "lookup" here; list it in `views`/);
});

test.each<[string, () => unknown, RegExp]>([
  [
    "a value of no such type",
    () => ({ when: [new Date(0)] }),
    /^view "lookup": expected answer\.when\[0\] to be a value/,
  ],
  [
    "an object of another session",
    () => new TestHandle(7, "b"),
    /^view "lookup": .* session b was used in session a/,
  ],
  [
    "a shared array",
    () => new SharedMemory().share(numbers()),
    /^view "lookup": expected answer to be a value that Python can be given, got a shared array/,
  ],
])("an answer that cannot be carried fails with what it is, and whose: %s", async (_, value, message) => {
  const { kind, body } = await asked(async () => value());

  expect(kind).toBe(Kind.CALLBACK_ERROR);
  expect(body).toEqual([9, expect.objectContaining({ code: "view_failed", view: "lookup" })]);
  expect((body as [number, { message: string }])[1].message).toMatch(message);
});

test("a question with a ref that nothing holds fails alone", async () => {
  const ref = encodeRef(7);
  const frame = { kind: Kind.CALLBACK, id: 3, body: packr.pack([9, "lookup", { ref }, null, 0]) };
  const resolve = (id: number): never => {
    throw new RangeError(`nothing holds ${id}`);
  };

  const { kind, body } = await answerCallback(frame, async () => 1, "a", resolve);

  expect(kind).toBe(Kind.CALLBACK_ERROR);
  expect(unpack(body)).toEqual([
    9,
    { code: "view_failed", message: 'view "lookup": nothing holds 7', view: "lookup", type: "RangeError" },
  ]);
});
