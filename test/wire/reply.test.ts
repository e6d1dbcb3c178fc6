import { ProtocolError } from "slither-ts";
import { expect, test } from "vitest";
import { packr } from "../../src/wire/extensions.js";
import { Kind } from "../../src/wire/protocol.js";
import { decodeReply, type Reply } from "../../src/wire/reply.js";
import { TestHandle } from "./notation.js";

const site = { session: "a", target: "scorer.predict" };

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

test("what is no answer is a breach of the protocol", () => {
  expect(() => read(Kind.CALL, [])).toThrow(ProtocolError);
});
