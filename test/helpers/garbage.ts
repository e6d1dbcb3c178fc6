import { setImmediate as nextRound } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** What nobody holds is gone afterwards. */
export function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
}

/**
 * How many of these are still held after a while: timers, and code that is being compiled, keep things for a moment.
 *
 * @param few when it is no more than that, it is not waited for longer. Default 2: the last one may still be on the stack.
 */
export async function heldOf(
  references: readonly WeakRef<object>[],
  few = 2,
  wait: () => Promise<unknown> = nextRound,
): Promise<number> {
  const held = (): number => references.filter((reference) => reference.deref() !== undefined).length;
  for (let round = 0; round < 60; round++) {
    // What was dereferenced or made in a turn is kept to its end.
    await wait();
    collectGarbage();
    if (held() <= few) break;
  }
  return held();
}
