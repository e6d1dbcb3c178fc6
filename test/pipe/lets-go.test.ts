import { setImmediate as nextRound } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { pipe } from "slither-ts";
import { expect, test } from "vitest";
import { upTo } from "./inputs.js";

setFlagsFromString("--expose_gc");
const collectGarbage = runInNewContext("gc") as () => void;

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
  for (const _ of upTo(3)) {
    await nextRound();
    collectGarbage();
  }
  // The last one may still be on the stack.
  expect(inputs.filter((input) => input.deref() !== undefined).length).toBeLessThan(3);
});
