import { expect, test } from "vitest";
import { packable, packBody } from "../../src/wire/encode.js";
import * as first from "../../src/wire/extensions.js";
import { Tuple, tuple } from "../../src/wire/tuple.js";

test("two copies of this library that share one msgpackr each decode their own messages", async () => {
  const body = packBody(packable([tuple(3, 1), new Map([[1, "a"]])], "a", "args"), "args");

  // The query makes it a module of its own, whose extensions are the last that msgpackr was given.
  const second = (await import(`${"../../src/wire/extensions.js"}?second`)) as typeof first;

  expect(second.unpack).not.toBe(first.unpack);
  for (const { unpack } of [first, second, first]) {
    const [pair, map] = unpack(body) as [Tuple, Map<unknown, unknown>];
    expect(pair).toBeInstanceOf(Tuple);
    expect([...pair]).toEqual([3, 1]);
    expect(map).toEqual(new Map([[1, "a"]]));
  }
});
