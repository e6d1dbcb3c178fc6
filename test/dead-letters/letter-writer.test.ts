import type { DeadLetterSink, Rejection } from "slither-ts";
import { expect, test } from "vitest";
import { LetterWriter } from "../../src/dead-letters/letter-writer.js";
import { type Deferred, deferred, quiet } from "../dispatch/deferred.js";

/** A writer whose sink waits for the test, with what came of its letters. */
function writing(close: () => Promise<void> = async () => {}) {
  const writes: Deferred<void>[] = [];
  const sink: DeadLetterSink = {
    write: () => {
      const write = deferred();
      writes.push(write);
      return write.promise;
    },
    close,
  };
  const written: unknown[] = [];
  const unwritten: unknown[] = [];
  const writer = new LetterWriter(
    sink,
    { run: "r", pipe: "p" },
    {
      onWritten: (rejections) => written.push(...rejections.map(({ id }) => id)),
      onUnwritten: (rejections) => unwritten.push(...rejections.map(({ id }) => id)),
    },
  );
  return { writer, writes, written, unwritten };
}

const never = new AbortController().signal;

function rejectionOf(id: number): Rejection {
  const failure = { stage: "s", reason: "no", error: new Error("no"), traceback: undefined, attempts: 1 };
  return { ...failure, id, payload: id, input: id, meta: {} };
}

test("what was added together is written together, without being asked for, and has been written when the sink says so", async () => {
  const { writer, writes, written } = writing();
  for (const id of [1, 2]) writer.add(rejectionOf(id));
  await quiet();
  expect(writes).toHaveLength(1);
  expect(written).toEqual([]);
  writes[0]?.resolve();
  await quiet();
  expect(written).toEqual([1, 2]);
});

test("what the sink refuses is unwritten, and never written", async () => {
  const { writer, writes, written, unwritten } = writing();
  writer.add(rejectionOf(1));
  await quiet();
  writes[0]?.reject(new Error("full"));
  await expect(writer.end(never)).rejects.toThrow("full");
  expect({ written, unwritten }).toEqual({ written: [], unwritten: [1] });
});

test("what the sink takes after it was given up is unwritten, and does not become written", async () => {
  const { writer, writes, written, unwritten } = writing();
  writer.add(rejectionOf(1));
  await expect(writer.end(AbortSignal.abort())).rejects.toMatchObject({
    code: "SLITHER_DEAD_LETTER",
    message:
      "the dead-letter sink: expected the sink to take 1 letters in time when the run was aborted or left, got no answer; they are in `rejected`",
  });
  writes[0]?.resolve();
  await quiet();
  expect({ written, unwritten }).toEqual({ written: [], unwritten: [1] });
});

test("a sink is given up when it becomes too late while it is waited for", async () => {
  const { writer, unwritten } = writing();
  const tooLate = new AbortController();
  writer.add(rejectionOf(1));
  const ending = writer.end(tooLate.signal);
  await quiet();
  tooLate.abort();
  await expect(ending).rejects.toMatchObject({ code: "SLITHER_DEAD_LETTER" });
  expect(unwritten).toEqual([1]);
});

test("where only close() does not answer, the error names it, and no letter is unwritten", async () => {
  const { writer, writes, written, unwritten } = writing(() => new Promise(() => {}));
  const tooLate = new AbortController();
  writer.add(rejectionOf(1));
  const ending = writer.end(tooLate.signal);
  writes[0]?.resolve();
  await quiet();
  tooLate.abort();
  await expect(ending).rejects.toThrow(
    "expected close() of the sink, which has taken all letters, to end in time when the run was aborted or left, got no answer",
  );
  expect({ written, unwritten }).toEqual({ written: [1], unwritten: [] });
});
