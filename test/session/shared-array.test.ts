import {
  MemoryLimitError,
  NdArray,
  OptionsError,
  PythonError,
  type Session,
  SharedArray,
  SharedArrayError,
} from "slither-ts";
import { describe, expect, test } from "vitest";
import { crash, kept } from "../helpers/crash.js";
import { descriptors, descriptorsDownTo } from "../helpers/descriptors.js";
import { sharedEngine, testEngine } from "../helpers/engine.js";
import { rejection } from "../helpers/rejection.js";

const engine = sharedEngine({ preload: ["numpy"] });

const ones = (count: number): Float64Array => new Float64Array(count).fill(1);

const mappingsOf = (session: Session): Promise<unknown> =>
  session.call("shared_arrays", "mappings", [], { idempotent: true });

test("a shared array says what it is", async () => {
  using shared = await engine().share(new NdArray("int16", [2, 3], Int16Array.of(1, 2, 3, 4, 5, 6)));

  expect(shared).toBeInstanceOf(SharedArray);
  expect(shared).toMatchObject({ dtype: "int16", shape: [2, 3], bytes: 12, released: false });
});

test("every session of the engine gets it, any number of times, inside of arguments and of batches, and can only read it", async () => {
  using shared = await engine().share(new NdArray("float64", [2, 500], ones(1000)));
  const sessions = await Promise.all([engine().session(), engine().session()]);
  const facts = ["float64", [2, 500], false, 1000];

  for (const session of sessions) {
    const twice = [shared, shared].map((array) => session.call("shared_arrays", "facts", [array]));
    expect(await Promise.all(twice)).toEqual([facts, facts]);
    expect(await session.call("builtins", "len", [{ deep: [shared] }])).toBe(1);
    expect(await mappingsOf(session)).toBe(1);
  }
});

test("what becomes of the elements that it was made of does not matter", async () => {
  const elements = ones(1000);
  using shared = await engine().share(elements);
  elements.fill(7);
  const session = await engine().session();

  expect(await session.call("numpy", "sum", [shared])).toBe(1000);
});

test("writing to it is a ValueError, and so is making it writable", async () => {
  using shared = await engine().share(ones(1000));
  const session = await engine().session();

  for (const how of ["zero", "make_writable"]) {
    const error = await rejection(session.call("shared_arrays", how, [shared]), PythonError);
    expect(error.pythonType).toBe("ValueError");
  }
  expect(await session.call("numpy", "sum", [shared])).toBe(1000);
});

test("one that comes back is an array like any other", async () => {
  using shared = await engine().share(new NdArray("uint8", [3], Uint8Array.of(1, 2, 3)));
  const session = await engine().session();

  expect(await session.call("echo", "echo", [shared])).toEqual(
    new NdArray("uint8", [3], Uint8Array.of(1, 2, 3)),
  );
});

test.each([
  ["nothing", new Float64Array()],
  ["a plain array", [1, 2]],
  ["bytes", new Uint8Array(3)],
])("of %s is shared, or refused with what to give instead", async (_, value) => {
  const session = await engine().session();
  const sharing = engine().share(value as Float64Array);

  if (value instanceof Float64Array) {
    using shared = await sharing;
    expect(await session.call("shared_arrays", "facts", [shared])).toEqual(["float64", [0], false, 0]);
  } else {
    const error = await rejection(sharing, OptionsError);
    expect(error.message).toMatch(/^engine.share\(\): expected an NdArray or a typed array, got a/);
  }
});

describe("after its release", () => {
  test("it is refused", async () => {
    const shared = await engine().share(ones(10));
    const session = await engine().session({ id: "refusing" });
    shared.release();
    shared.release();

    const error = await rejection(session.call("numpy", "sum", [shared]), SharedArrayError);

    expect(shared.released).toBe(true);
    expect(error.code).toBe("SLITHER_SHARED_ARRAY");
    expect(error.message).toBe(
      "the shared array of float64, shape (10), was released and cannot be used any more",
    );
  });

  test("calls that were made before still have it", async () => {
    const shared = await engine().share(ones(10));
    const session = await engine().session();
    const sums = [1, 2].map(() => session.call("numpy", "sum", [shared]));
    shared.release();

    expect(await Promise.all(sums)).toEqual([10, 10]);
    expect(await mappingsOf(session)).toBe(0);
  });

  test("Python goes on with what it holds, and the memory goes when it lets go", async () => {
    const shared = await engine().share(ones(1000));
    const session = await engine().session();
    await session.call("shared_arrays", "keep", [shared]);
    shared.release();

    expect(await session.call("shared_arrays", "sum_of_kept")).toBe(1000);
    expect(await mappingsOf(session)).toBe(1);
    await session.call("shared_arrays", "keep", [null]);
    expect(await mappingsOf(session)).toBe(0);
  });

  test("forks let go of it, and a session that is brought back from an earlier checkpoint", async () => {
    const shared = await engine().share(ones(1000));
    const session = await engine().session({ id: "with-checkpoint" });
    const checkpoint = kept(engine(), "with-checkpoint");
    await session.call("numpy", "sum", [shared]);
    await checkpoint;
    const fork = await session.fork();
    expect(await mappingsOf(fork)).toBe(1);
    shared.release();

    expect(await mappingsOf(fork)).toBe(0);
    await crash(engine(), session);
    expect(await mappingsOf(session)).toBe(0);
  });

  test("no descriptor is left", async () => {
    const own = await testEngine({ preload: ["numpy"], minIdle: 0 });
    const session = await own.session({ checkpoint: "manual" });
    await session.call("shared_arrays", "facts", [ones(1)]);
    const [inPython, here] = [await session.call("shared_arrays", "descriptors"), descriptors()];

    for (let index = 0; index < 100; index++) {
      using shared = await own.share(ones(100));
      await session.call("numpy", "sum", [shared]);
    }

    expect(await session.call("shared_arrays", "descriptors")).toBe(inPython);
    expect(await descriptorsDownTo(here)).toBeLessThanOrEqual(here);
  });
});

test("of another engine it is refused", async () => {
  const own = await testEngine();
  using shared = await own.share(ones(10));
  const session = await engine().session();

  const error = await rejection(session.call("numpy", "sum", [shared]), SharedArrayError);

  expect(error.message).toBe(
    "the shared array of float64, shape (10), belongs to another engine; share the array with the engine of this session, too",
  );
});

test("it ends with its engine, which shares nothing any more", async () => {
  const own = await testEngine();
  const shared = await own.share(ones(10));
  await own.close();

  expect(shared.released).toBe(true);
  const error = await rejection(own.share(ones(1)), SharedArrayError);
  expect(error.message).toBe("the engine was closed, so it shares no array");
});

test("a session that comes back from a crash has it, and a new process maps it again", async () => {
  using shared = await engine().share(ones(1000));
  const session = await engine().session({ setup: (made) => made.call("shared_arrays", "keep", [shared]) });
  await session.checkpoint();

  await crash(engine(), session);

  expect(await session.call("shared_arrays", "sum_of_kept")).toBe(1000);
  expect(await session.call("numpy", "sum", [shared])).toBe(1000);
  expect(await mappingsOf(session)).toBe(1);
});

test("a session that has never had it gets it after a crash", async () => {
  using shared = await engine().share(ones(1000));
  const session = await engine().session();
  await session.checkpoint();
  await session.call("numpy", "sum", [shared], { idempotent: true });

  await crash(engine(), session);

  expect(await session.call("numpy", "sum", [shared])).toBe(1000);
});

test("without shared memory it is the same for Python, also that it can only be read", async () => {
  const own = await testEngine({ preload: ["numpy"], sharedMemory: false });
  using shared = await own.share(new NdArray("float64", [2, 500], ones(1000)));
  const session = await own.session();

  expect(await session.call("shared_arrays", "facts", [shared])).toEqual(["float64", [2, 500], false, 1000]);
  const error = await rejection(session.call("shared_arrays", "make_writable", [shared]), PythonError);
  expect(error.pythonType).toBe("ValueError");
  expect(await mappingsOf(session)).toBe(0);
});

describe("limits.memory", () => {
  const MEMORY = "64MB" as const;
  const large = 20 * 2 ** 20;

  test("does not count it: it belongs to the engine", async () => {
    using shared = await engine().share(ones(large));
    const session = await engine().session({ limits: { memory: MEMORY } });
    await session.call("shared_arrays", "keep", [shared]);

    expect(await session.call("hog", "leak", [10])).toBe(1);
    // It runs for long enough to be looked at a few times.
    await session.call("time", "sleep", [0.3]);
    expect(await session.call("shared_arrays", "sum_of_kept")).toBe(large);
  });

  test("counts what the session has beside it", async () => {
    using shared = await engine().share(ones(large));
    const session = await engine().session({ limits: { memory: MEMORY } });
    await session.call("shared_arrays", "keep", [shared]);

    await rejection(session.call("hog", "take_at_once", [150]), MemoryLimitError);
  });
});
