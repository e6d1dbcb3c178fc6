import { pipe } from "slither-ts";
import { expect, test } from "vitest";
import { heldOf } from "../helpers/garbage.js";
import { upTo } from "./inputs.js";

test.each([
  ["without a signal", () => undefined],
  ["with a signal that outlives it", () => new AbortController().signal],
])("a run that has ended keeps nothing of its input: %s", async (_, signalOf) => {
  const signal = signalOf();
  const inputs = await Promise.all(
    upTo(20).map(async () => {
      const input = upTo(100).map((n) => ({ n }));
      await pipe<{ n: number }>("p")
        .node("same", (record) => record)
        .run(input, signal === undefined ? {} : { signal })
        .collect();
      return new WeakRef(input);
    }),
  );
  expect(await heldOf(inputs)).toBeLessThan(3);
});
