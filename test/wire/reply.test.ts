import { ProtocolError, PythonError, ValueNotSupportedError } from "slither-ts";
import { expect, test } from "vitest";
import { packr } from "../../src/wire/extensions.js";
import { Kind } from "../../src/wire/protocol.js";
import { decodeReply, type Reply } from "../../src/wire/reply.js";
import { TestHandle } from "./notation.js";

const site = { session: "a", target: "scorer.predict", stage: "score" };

function read(kind: number, body: unknown): Reply {
  return decodeReply({ kind, id: 1, body: packr.pack(body) }, site, (ref) => new TestHandle(ref));
}

test("a result has its value and the time inside the function, and nothing that is rejected", () => {
  expect(read(Kind.RESULT, [[1, 2], 1500])).toEqual({
    value: [1, 2],
    computeNanoseconds: 1500,
    rejected: undefined,
  });
});

test("a result of a batch tells which records were set aside, and why", () => {
  const reply = read(Kind.RESULT, [[1, null], 1500, [[1, "negative age"]]]);

  expect(reply).toEqual({ value: [1, null], computeNanoseconds: 1500, rejected: [[1, "negative age"]] });
});

test("a result of single payloads tells which of them have failed, as the ERROR of a whole batch would", () => {
  const raised = {
    code: "exception",
    message: "bad",
    type: "ValueError",
    module: "builtins",
    bases: ["builtins.Exception"],
    traceback: "Traceback …",
    cause: null,
  };
  const refused = {
    code: "value",
    message: "…",
    direction: "result",
    path: ".seen[0]",
    type: "set",
    hint: "convert it with list(...)",
  };

  const { failed } = read(Kind.RESULT, [
    [1, null, null],
    1500,
    [],
    [
      [1, raised],
      [2, refused],
    ],
  ]);

  expect(failed?.map(([index]) => index)).toEqual([1, 2]);
  const [[, first], [, second]] = failed as [[number, PythonError], [number, ValueNotSupportedError]];
  expect(first).toBeInstanceOf(PythonError);
  expect(first).toMatchObject({ ...site, pythonType: "ValueError", traceback: "Traceback …" });
  expect(first.message).toBe("session a: stage score: scorer.predict raised ValueError: bad");
  expect(second).toBeInstanceOf(ValueNotSupportedError);
  expect(second).toMatchObject({ path: "result.seen[0]", typeName: "set", direction: "result" });
});

test("what is no answer is a breach of the protocol", () => {
  expect(() => read(Kind.CALL, [])).toThrow(ProtocolError);
});
