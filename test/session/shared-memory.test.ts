import { readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { type Dtype, MemoryLimitError, NdArray, ValueNotSupportedError, WorkerDiedError } from "slither-ts";
import { describe, expect, test } from "vitest";
import { typedArrayFrom } from "../../src/wire/ndarray.js";
import { kill } from "../helpers/crash.js";
import { descriptors, descriptorsDownTo } from "../helpers/descriptors.js";
import { sharedEngine, testEngine } from "../helpers/engine.js";
import { isAlive } from "../helpers/processes.js";
import { rejection } from "../helpers/rejection.js";
import { temporaryFolder } from "../helpers/temporary.js";

const FROM = 256;

const engine = sharedEngine({ preload: ["numpy"], sharedMemory: { from: FROM } });

const BYTES = { bool: 1, int8: 1, int16: 2, int32: 4, int64: 8, uint8: 1, uint16: 2, uint32: 4, uint64: 8 };
const WIDTHS: Readonly<Record<Dtype, number>> = { ...BYTES, float32: 4, float64: 8 };

/** Arrays of every dtype and shape, about as large as where shared memory begins. */
const arrays = fc
  .record({
    dtype: fc.constantFrom(...(Object.keys(WIDTHS) as Dtype[])),
    shape: fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 4 }),
    seed: fc.integer(),
  })
  .map(({ dtype, shape, seed }) => {
    const elements = shape.reduce((product, length) => product * length, 1);
    const bytes = Uint8Array.from({ length: elements * WIDTHS[dtype] }, (_, index) =>
      dtype === "bool" ? (seed >> (index % 31)) & 1 : Math.imul(seed, index + 1) >> 3,
    );
    return new NdArray(dtype, shape, typedArrayFrom(dtype, bytes));
  });

const bytesOf = ({ data }: NdArray): Buffer => Buffer.from(data.buffer, data.byteOffset, data.byteLength);

test("arrays of every dtype, shape and size come back bit by bit, wherever they are in a value", async () => {
  const session = await engine().session();
  await fc.assert(
    fc.asyncProperty(fc.array(arrays, { maxLength: 5 }), async (given) => {
      const value = { list: given, deep: [new Map([[1, given[0] ?? null]])] };
      const { list, deep } = await session.call<typeof value>("echo", "echo", [value], { idempotent: true });

      expect(list.map(({ dtype, shape }) => [dtype, shape])).toEqual(
        given.map(({ dtype, shape }) => [dtype, shape]),
      );
      expect(list.map(bytesOf)).toEqual(given.map(bytesOf));
      expect(deep[0]?.get(1) ?? undefined).toEqual(given[0]);
    }),
  );
});

test.each([FROM - 8, FROM, FROM + 8])("typed arrays of %i bytes come as they were", async (bytes) => {
  const session = await engine().session();
  const elements = Float64Array.from({ length: bytes / 8 }, (_, index) => index + 0.5);

  const back = await session.call<NdArray>("echo", "echo", [elements]);

  expect(back).toEqual(new NdArray("float64", [bytes / 8], elements));
});

test.each(["C", "Fortran", "swapped bytes", "strided", "broadcast"])(
  "an array from Python in the order %s has its elements in C order",
  async (how) => {
    const session = await engine().session();
    const row = (index: number): number[] =>
      Array.from({ length: 30 }, (_, column) => (how === "broadcast" ? 0 : index * 30) + column);

    const array = await session.call<NdArray>("shared_arrays", "laid_out", [how, 20, 30]);

    expect(array.toArray()).toEqual(Array.from({ length: 20 }, (_, index) => row(index)));
  },
);

test("the array that Python gets is its own: it may write to it, and nothing else sees that", async () => {
  const session = await engine().session();
  const elements = new Float64Array(1000).fill(2);

  const [first, second] = await Promise.all([
    session.call("shared_arrays", "zero", [elements]),
    session.call("shared_arrays", "zero", [elements]),
  ]);

  expect([first, second]).toEqual([
    [2000, 0],
    [2000, 0],
  ]);
  expect(elements[0]).toBe(2);
});

test("what the caller writes to an array after the call does not reach Python", async () => {
  const session = await engine().session();
  const elements = new Float64Array(1000).fill(2);

  const calls = [1, 2, 3].map((value) => {
    elements.fill(value);
    return session.call("numpy", "sum", [elements]);
  });
  elements.fill(0);

  expect(await Promise.all(calls)).toEqual([1000, 2000, 3000]);
});

test("an array that Python keeps is not changed by later calls, which use the same memory", async () => {
  const session = await engine().session();
  await session.call("shared_arrays", "keep", [new Float64Array(1000).fill(1)]);
  await session.call("shared_arrays", "facts", [new Float64Array(1000).fill(5)]);

  expect(await session.call("shared_arrays", "sum_of_kept")).toBe(1000);
});

test("a call that is made again because its worker died has the array as it was given", async () => {
  const session = await engine().session();
  await session.checkpoint();
  const path = join(temporaryFolder(), "died");
  const sum = session.call("shared_arrays", "sum_and_end_once", [new Float64Array(1000).fill(1), path], {
    idempotent: true,
  });
  // Both wait in line until the session is back; neither may take the memory of the other.
  const other = session.call("numpy", "sum", [new Float64Array(1000).fill(7)], { idempotent: true });

  expect(await sum).toBe(2000);
  expect(await other).toBe(7000);
});

test("a batch of records with arrays goes through", async () => {
  const session = await engine().session();
  const records = Array.from({ length: 40 }, (_, index) => new Float64Array(100).fill(index));

  const sums = await session.call("echo", "echo", [records]);

  expect((sums as NdArray[]).map(({ data }) => Number(data[99]))).toEqual(records.map((_, index) => index));
});

test("a result of which a part cannot be sent is refused by its path, and the session goes on", async () => {
  const session = await engine().session();
  const before = await session.call("shared_arrays", "descriptors");

  const error = await rejection(
    session.call("shared_arrays", "with_what_cannot_be_sent", [1000]),
    ValueNotSupportedError,
  );

  expect(error.path).toBe("result[1]");
  expect(await session.call("shared_arrays", "descriptors")).toBe(before);
});

test("an answer whose worker dies before it is read ends as the worker does", async () => {
  const own = await testEngine({ preload: ["numpy"], sharedMemory: { from: FROM } });
  const session = await own.session();
  await session.checkpoint();
  const pid = session.pid as number;
  own.on("session-log", ({ line }) => {
    // Nothing is read meanwhile.
    while (line === "answering" && isAlive(pid));
  });

  const error = await rejection(session.call("shared_arrays", "ones_and_end", [1000]), WorkerDiedError);

  expect(error).toMatchObject({
    pid,
    signal: "SIGKILL",
    during: "shared_arrays.ones_and_end",
    reason: undefined,
  });
  expect(await session.call("echo", "echo", [1])).toBe(1);
});

describe("nothing is left", () => {
  test("after a thousand arrays in both directions", async () => {
    const own = await testEngine({ preload: ["numpy"], minIdle: 0, sharedMemory: { from: FROM } });
    const session = await own.session({ checkpoint: "manual" });
    const array = new Float64Array(1000);
    const round = (): Promise<unknown> => session.call("echo", "echo", [[array, array]]);
    await round();
    const inPython = await session.call("shared_arrays", "descriptors");
    const before = descriptors();

    for (let index = 0; index < 500; index++) await round();

    expect(await session.call("shared_arrays", "descriptors")).toBe(inPython);
    expect(await descriptorsDownTo(before)).toBeLessThanOrEqual(before);
  });

  test("of calls that are never carried out", async () => {
    const own = await testEngine({ preload: ["numpy"], minIdle: 0, sharedMemory: { from: FROM } });
    const session = await own.session({ checkpoint: "manual" });
    await session.call("echo", "echo", [new Float64Array(1000)]);
    const before = descriptors();
    const calls = Array.from({ length: 20 }, () =>
      session.call("numpy", "sum", [new Float64Array(1000)], { signal: AbortSignal.abort() }),
    );

    await Promise.allSettled(calls);

    expect(await descriptorsDownTo(before)).toBeLessThanOrEqual(before);
  });

  test("of calls whose worker is killed", async () => {
    const own = await testEngine({ preload: ["numpy"], minIdle: 0, sharedMemory: { from: FROM } });
    await own.session({ checkpoint: "manual" });
    const before = descriptors();
    const session = await own.session({ checkpoint: "manual" });
    const calls = Array.from({ length: 20 }, () => session.call("time", "sleep", [new Float64Array(100)]));
    kill(session);

    await Promise.allSettled(calls);

    expect(await descriptorsDownTo(before)).toBeLessThanOrEqual(before);
  });

  test("in /dev/shm, where nothing ever has a name", async () => {
    using _ = await engine().share(new Float64Array(1000));
    const files = readdirSync("/proc/self/fd").flatMap((name) => {
      try {
        return readlinkSync(`/proc/self/fd/${name}`);
      } catch {
        // That of the folder itself.
        return [];
      }
    });

    const shared = files.filter((file) => file.startsWith("/dev/shm/"));
    expect(shared.length).toBeGreaterThan(0);
    expect(shared.filter((file) => !/^\/dev\/shm\/#\d+ \(deleted\)$/.test(file))).toEqual([]);
  });
});

test("more answers with arrays at once than there are descriptors for come all the same", async () => {
  const session = await engine().session();

  const all = await Promise.all(
    Array.from({ length: 100 }, (_, index) =>
      session.call<NdArray>("echo", "echo", [new Float64Array(100).fill(index)], { idempotent: true }),
    ),
  );

  expect(all.map(({ data }) => data[0])).toEqual(all.map((_, index) => index));
});

test("an engine without shared memory carries the same arrays", async () => {
  const own = await testEngine({ preload: ["numpy"], sharedMemory: false });
  const session = await own.session();
  const array = new NdArray("int16", [2, 100_000], new Int16Array(200_000).fill(-3));

  expect(await session.call("echo", "echo", [array])).toEqual(array);
});

test("a private array counts for limits.memory", async () => {
  const session = await engine().session({ limits: { memory: "64MB" } });

  await rejection(
    session
      .call("shared_arrays", "keep", [new Float64Array(20 * 2 ** 20)])
      .then(() => session.call("hog", "take_at_once", [1])),
    MemoryLimitError,
  );
});
