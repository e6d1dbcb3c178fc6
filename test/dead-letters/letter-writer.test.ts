import type { DeadLetterSink, Rejection } from "slither-ts";
import { expect, test } from "vitest";
import { LetterWriter } from "../../src/dead-letters/letter-writer.js";
import { type Deferred, deferred, quiet } from "../dispatch/deferred.js";

/** A writer whose sink waits for the test, with what came of its letters. */
function writing() {
  const writes: Deferred<void>[] = [];
  const sink: DeadLetterSink = {
    write: () => {
      const write = deferred();
      writes.push(write);
      return write.promise;
    },
    close: async () => {},
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
  await expect(writer.end()).rejects.toThrow("full");
  expect({ written, unwritten }).toEqual({ written: [], unwritten: [1] });
});

test("what the sink takes after it was given up is unwritten, and does not become written", async () => {
  const { writer, writes, written, unwritten } = writing();
  writer.add(rejectionOf(1));
  await expect(writer.end(1)).rejects.toMatchObject({ code: "SLITHER_DEAD_LETTER" });
  writes[0]?.resolve();
  await quiet();
  expect({ written, unwritten }).toEqual({ written: [], unwritten: [1] });
});
