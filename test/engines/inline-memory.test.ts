import { inline } from "slither-ts/testing";
import { expect, onTestFinished, test } from "vitest";
import { heldOf } from "../helpers/garbage.js";

test("an inline session keeps nothing of the results that it has given", async () => {
  const engine = inline({ modules: { made: { record: () => ({ n: 1 }) } } });
  onTestFinished(() => engine.close());
  const session = await engine.session();
  const results: WeakRef<object>[] = [];
  for (let call = 0; call < 20; call++)
    results.push(new WeakRef<object>(await session.call("made", "record")));

  expect(await heldOf(results)).toBeLessThan(3);
});
