import { ProtocolError, PythonError, ValueNotSupportedError } from "slither-ts";
import { expect, test } from "vitest";
import { stepOf } from "../../src/errors/failed-step.js";
import { monotonicSeconds } from "../../src/wire/batch-reply.js";
import { packr } from "../../src/wire/extensions.js";
import { Kind } from "../../src/wire/protocol.js";
import { decodeReply, type Reply } from "../../src/wire/reply.js";
import { thrown } from "../helpers/rejection.js";
import { TestHandle } from "./notation.js";

const site = { session: "a", target: "features.featurize", stage: "featurize" };
const second = { session: "a", target: "scorer.predict", stage: "score" };
/** Before any stamp of a test, also where this process has only begun: then `performance.now()` is near 0. */
const LONG_AGO = -60_000;
const request = {
  kind: Kind.BATCH,
  body: Buffer.alloc(300),
  site,
  sites: [site, second],
  times: { asked: LONG_AGO, encoded: LONG_AGO },
};

const raised = {
  code: "exception",
  message: "bad",
  type: "ValueError",
  module: "builtins",
  bases: ["builtins.Exception"],
  traceback: "Traceback …",
  cause: null,
};

function read(kind: number, body: unknown): Reply {
  const frame = { kind, id: 1, body: packr.pack(body) };
  return decodeReply(frame, request, LONG_AGO, (ref) => new TestHandle(ref));
}

test("a result has its value and the time inside the function", () => {
  expect(read(Kind.RESULT, [[1, 2], 1500])).toEqual({ value: [1, 2], computeNanoseconds: 1500 });
});

test("a ref has its number and the class of its object", () => {
  expect(read(Kind.REF, [7, "scorer.Model", 1500])).toEqual({
    value: { ref: 7, typeName: "scorer.Model" },
    computeNanoseconds: 1500,
  });
});

test("rows have what came of a batch, and how long the two bodies were", () => {
  const body = [[2, null, ["one", "two"]], [0, 0, 0, 0, 0, 0, 0], [[1, 1, "negative age"]], []];

  const { value, batch } = read(Kind.ROWS, body);

  expect(value).toBeUndefined();
  expect(batch).toMatchObject({
    results: ["one", "two"],
    left: [{ index: 1, step: 1, why: "negative age" }],
    taps: [],
    bytes: { sent: 300, received: packr.pack(body).byteLength },
  });
});

test("the time of a batch is that in its steps, without what lies between them", () => {
  const received = monotonicSeconds() - 1;
  const stamps = [0, 0, 0, 100, 300, 500, 600].map((ms) => received + ms / 1_000);

  const { computeNanoseconds } = read(Kind.ROWS, [[0, null, []], stamps, [], []]);

  expect(computeNanoseconds / 1e6).toBeCloseTo(300, 3);
});

test("rows tell which records have failed, as the ERROR of a whole batch would", () => {
  const refused = {
    code: "value",
    message: "…",
    direction: "result",
    path: ".seen[0]",
    type: "set",
    hint: "convert it with list(...)",
  };
  const left = [
    [2, 1, refused],
    [1, 0, raised],
  ];

  const { batch } = read(Kind.ROWS, [[0, null, []], [0, 0, 0, 0, 0, 0], left, []]);

  const rows = (batch as NonNullable<Reply["batch"]>).left;
  expect(rows.map(({ index, step }) => [index, step])).toEqual([
    [1, 0],
    [2, 1],
  ]);
  const [first, last] = rows.map(({ why }) => why) as [PythonError, ValueNotSupportedError];
  expect(first).toBeInstanceOf(PythonError);
  expect(first).toMatchObject({ ...site, pythonType: "ValueError", traceback: "Traceback …" });
  expect(first.message).toBe("session a: stage featurize: features.featurize raised ValueError: bad");
  expect(last).toBeInstanceOf(ValueNotSupportedError);
  expect(last.message).toMatch(/^session a: stage score: scorer\.predict: expected result\.seen\[0\] to be/);
  expect([first, last].map(stepOf)).toEqual([0, 1]);
});

test.each([
  [{ ...raised, step: 1 }, 1, second],
  [{ ...raised, step: 0 }, 0, site],
  [raised, 0, site],
])("an error knows the step of its batch, and is named by its stage", (map, step, { stage, target }) => {
  const error = thrown(() => read(Kind.ERROR, map), PythonError);

  expect(error.message).toBe(`session a: stage ${stage}: ${target} raised ValueError: bad`);
  expect(stepOf(error)).toBe(step);
});

test("what is no answer is a breach of the protocol", () => {
  expect(() => read(Kind.CALL, [])).toThrow(ProtocolError);
});
