import { expect, test } from "vitest";
import { packr, unpack } from "../../src/wire/extensions.js";
import { Kind } from "../../src/wire/protocol.js";
import { SharedMemory } from "../../src/wire/shared-memory.js";
import type { Connection } from "../../src/worker/connection.js";
import { welcome } from "../../src/worker/welcome.js";

/** Gives a worker its welcome; says what it was told. */
async function told(memory: SharedMemory | undefined, answer: unknown): Promise<unknown> {
  let body: Buffer | undefined;
  const calls = {
    send: (_kind: number, _id: number, sent: Buffer) => {
      body = sent;
    },
    onFrame: (_frame: unknown) => {},
  };
  const ready = welcome(calls as unknown as Connection, {
    session: "a",
    pythonPath: [],
    threads: {},
    reseed: false,
    memoryBytes: undefined,
    progress: undefined,
    memory,
  });
  calls.onFrame({ kind: Kind.READY, id: 0, body: packr.pack(answer) });
  await ready;
  return (unpack(body as Buffer) as { sharedMemory: unknown }).sharedMemory;
}

test("a worker is told from which size on arrays are put into shared memory, in whole bytes", async () => {
  const memory = new SharedMemory(307.2);

  expect(await told(memory, null)).toEqual([process.pid, 308]);
  expect(memory.from).toBe(308);
});

test("a worker that cannot get at shared memory turns it off for its engine, and the next one is not told of it", async () => {
  const memory = new SharedMemory(300);

  await told(memory, false);

  expect(await told(memory, null)).toBeNull();
  expect(memory.from).toBe(Number.POSITIVE_INFINITY);
});

test("without shared memory a worker is told of none", async () => {
  expect(await told(undefined, null)).toBeNull();
  expect(await told(new SharedMemory(), null)).toBeNull();
});
