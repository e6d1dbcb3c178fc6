import { filter, pipe } from "slither-ts";
import { expect, test } from "vitest";
import { inlineSession } from "./inline-session.js";
import { expectBalance, haltOf } from "./runs.js";

function* endless(): Generator<number> {
  for (let n = 0; ; n += 1) yield n;
}

test("a pipe that never waits for anything can be aborted by a timer", async () => {
  const error = await haltOf(
    pipe<number>("p")
      .node("none", () => filter("all"))
      .run(endless(), { signal: AbortSignal.timeout(30) }),
  );
  expect(error.status).toBe("aborted");
  expectBalance(error.ledger);
});

test("a policy that tries for ever can be aborted by a timer", async () => {
  const error = await haltOf(
    pipe<number>("p")
      .node("never", () => {
        throw new Error("no");
      })
      .onError("never", () => "retry")
      .run([1], { signal: AbortSignal.timeout(30) }),
  );
  expect(error.status).toBe("aborted");
  expectBalance(error.ledger);
});

test("a run whose python stage waits in a schema that never answers can be aborted, and left", async () => {
  const session = await inlineSession({ same: (payloads: unknown[]) => payloads });
  const stuck = {
    "~standard": { version: 1 as const, vendor: "test", validate: () => new Promise<never>(() => {}) },
  };
  const waiting = pipe<number>("p").python("same", {
    module: "model",
    function: "same",
    input: stuck,
    batch: { size: 1 },
  });
  const error = await haltOf(waiting.run([1], { session, signal: AbortSignal.timeout(30) }));
  expect(error.status).toBe("aborted");
  expectBalance(error.ledger);

  const left = waiting.run([1], { session });
  const begun = new Promise((resolve) => left.on("stage-start", resolve));
  const items = left[Symbol.asyncIterator]();
  void items.next();
  await begun;
  await items.return(undefined);
  expect((await left.done).ledger).toMatchObject({ in: 1, unfinished: 1, balanced: true });
});
