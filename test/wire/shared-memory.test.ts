import { readFileSync } from "node:fs";
import { NdArray, SharedArrayError } from "slither-ts";
import { afterEach, describe, expect, test, vi } from "vitest";
import { packable, packBody } from "../../src/wire/encode.js";
import { type BlockReader, unpack } from "../../src/wire/extensions.js";
import { bytesOf, type Dtype, typedArrayFrom } from "../../src/wire/ndarray.js";
import { Extension } from "../../src/wire/protocol.js";
import { encodeRequest } from "../../src/wire/request.js";
import { SharedArray } from "../../src/wire/shared-array.js";
import { lending } from "../../src/wire/shared-loans.js";
import { SharedMemory } from "../../src/wire/shared-memory.js";
import { descriptors, descriptorsDownTo } from "../helpers/descriptors.js";
import { thrown } from "../helpers/rejection.js";

const disk = vi.hoisted(() => ({ writeSync: undefined as (() => number) | undefined, blocks: 0, free: 0 }));

vi.mock("node:fs", async (original) => {
  const fs = await original<typeof import("node:fs")>();
  return {
    ...fs,
    writeSync: (...args: Parameters<typeof fs.writeSync>) => (disk.writeSync ?? fs.writeSync)(...args),
    statfsSync: () => ({ blocks: disk.blocks, bavail: disk.free, bsize: 4096 }),
  };
});

afterEach(() => {
  Object.assign(disk, { writeSync: undefined, blocks: 0, free: 0 });
});

const site = { session: "a", target: "numpy.sum" };

/** The request, and whether its body holds the elements itself. */
function requestWith(memory: SharedMemory, ...args: unknown[]) {
  const request = {
    kind: "call",
    module: "numpy",
    function: "sum",
    args,
    kwargs: {},
    returns: "value",
  } as const;
  const encoded = encodeRequest(request, site, memory);
  return { ...encoded, loans: encoded.loans, isLarge: encoded.body.byteLength > 1000 };
}

const array = (count = 1000): Float64Array => new Float64Array(count).fill(1);

describe("a request", () => {
  test("lends what is large enough, and sends the rest", () => {
    const memory = new SharedMemory(8000);

    expect(requestWith(memory, array(999))).toMatchObject({ isLarge: true, loans: undefined });
    const { isLarge, loans } = requestWith(memory, array(1000));

    expect(isLarge).toBe(false);
    loans?.end();
    memory.close();
  });

  test("has one descriptor for all its arrays, and gives it back when it is over", async () => {
    const memory = new SharedMemory(1);
    const before = descriptors();
    const { loans } = requestWith(memory, array(), [array(), { deep: array() }]);
    expect(descriptors()).toBe(before + 1);
    loans?.end();
    loans?.end();

    expect(await descriptorsDownTo(before)).toBeLessThanOrEqual(before);
    memory.close();
  });

  test("holds nothing when it is refused", () => {
    const memory = new SharedMemory(1);
    const before = descriptors();
    expect(() => requestWith(memory, array(), { when: new Date(0) })).toThrow("args[1].when");
    memory.close();

    expect(descriptors()).toBe(before);
  });

  test("is lent the memory of one that is over, and never that of one that is not", () => {
    const memory = new SharedMemory(1);
    const placesOf = (body: Buffer): number[] =>
      [...body.toString("latin1").matchAll(/\],\d+,(\d+),0\]/g)].map(([, descriptor]) => Number(descriptor));
    const first = requestWith(memory, array());
    const second = requestWith(memory, array());
    expect(placesOf(second.body)).not.toEqual(placesOf(first.body));
    first.loans?.end();
    const third = requestWith(memory, array());

    expect(placesOf(third.body)).toEqual(placesOf(first.body));
    second.loans?.end();
    third.loans?.end();
    memory.close();
  });

  test("sends its arrays when 64 others have lent theirs", () => {
    const memory = new SharedMemory(1);
    const requests = Array.from({ length: 65 }, () => requestWith(memory, array()));

    expect(requests.map(({ isLarge }) => isLarge)).toEqual([...Array(64).fill(false), true]);
    for (const { loans } of requests) loans?.end();
    memory.close();
  });
});

describe("arrays are sent", () => {
  test.each([
    ["is full", () => Object.assign(disk, { writeSync: full })],
    ["has twice as much room as they need, or less", () => Object.assign(disk, { blocks: 100, free: 3 })],
  ])("where /dev/shm %s", (_, arrange) => {
    const memory = new SharedMemory(1);
    const before = descriptors();
    arrange();
    const { isLarge, loans } = requestWith(memory, array());
    loans?.end();

    expect(isLarge).toBe(true);
    memory.close();
    expect(descriptors()).toBe(before);
  });

  test("where a worker has said that it cannot get at the memory of this process", () => {
    const memory = new SharedMemory(1);
    memory.turnOff();

    expect(requestWith(memory, array())).toMatchObject({ isLarge: true, loans: undefined });
  });

  test("where this process has become another user", () => {
    const memory = new SharedMemory(1);
    const user = process.geteuid?.() ?? 0;
    const asOther = vi.spyOn(process as { geteuid(): number }, "geteuid").mockReturnValue(user + 1);
    const { isLarge, loans } = requestWith(memory, array());
    asOther.mockRestore();
    loans?.end();

    expect(isLarge).toBe(true);
  });

  test("where a shared array has no room either, with each request", () => {
    const memory = new SharedMemory(1);
    disk.writeSync = full;
    const shared = memory.share(new NdArray("float64", [1000], array()));

    expect(requestWith(memory, shared).isLarge).toBe(true);
    shared.release();
    expect(thrown(() => requestWith(memory, shared), SharedArrayError).message).toContain("was released");
    memory.close();
  });
});

function full(): number {
  throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
}

interface Golden {
  readonly name: string;
  readonly from: "node" | "worker";
  readonly header: [dtype: Dtype, shape: number[], ...place: number[]];
  readonly data: string;
  readonly hex: string;
}

const golden = JSON.parse(
  readFileSync(new URL("../../protocol/golden/shared.json", import.meta.url), "utf8"),
) as Golden[];

describe("the golden array", () => {
  test.each(golden)("'$name' is read as it is meant", ({ header: [dtype, shape, ...place], data, hex }) => {
    const elements = typedArrayFrom(dtype, Buffer.from(data, "hex"));
    const read: BlockReader = ({ pid, descriptor, offset, bytes }) => {
      expect([pid, descriptor, offset, bytes]).toEqual([...place.slice(0, 3), bytesOf(dtype, shape)]);
      return elements.buffer as ArrayBuffer;
    };

    expect(unpack(extensionOf(Buffer.from(hex, "hex")), undefined, read)).toEqual(
      new NdArray(dtype, shape, elements),
    );
  });

  test.each(golden.filter(({ from }) => from === "node"))(
    "'$name' is written byte for byte",
    ({ header: [dtype, shape, pid, descriptor, offset, key], data, hex }) => {
      const given = new NdArray(dtype, shape, typedArrayFrom(dtype, Buffer.from(data, "hex")));
      const block = { descriptor, write: () => true, bytes: 0, close: () => {} } as never;
      const memory = new SharedMemory(1);
      vi.spyOn(memory, "borrow").mockReturnValue(block);
      const own = process.pid;
      Object.defineProperty(process, "pid", { value: pid });
      // What comes before it in the same block.
      const before = Array.from({ length: (offset ?? 0) / 64 }, () => new Uint32Array(16));
      const isCopy = pid !== undefined && key === undefined;
      const value = isCopy
        ? given
        : new SharedArray(memory, key ?? 1, given, pid === undefined ? undefined : block);
      const { body, loans } = lending(memory, () => ({
        body: packBody(packable([...before, value], "a", "args"), "args"),
      }));
      Object.defineProperty(process, "pid", { value: own });

      expect(loans).toBeDefined();
      const written = extensionOf(Buffer.from(hex, "hex"));
      expect(body.subarray(-written.byteLength).toString("hex")).toBe(written.toString("hex"));
    },
  );
});

/** A payload of fewer than 256 bytes as MessagePack writes the extension. */
function extensionOf(payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0xc7, payload.byteLength, Extension.SHARED]), payload]);
}
