// biome-ignore-all lint/suspicious/noThenProperty: `then` is an option of retry().
import {
  OptionsError,
  type PipeHaltedError,
  type PolicyFunction,
  pipe,
  reject,
  retry,
  routeTo,
  type Session,
} from "slither-ts";
import { expect, test } from "vitest";
import { deferred, quiet } from "../dispatch/deferred.js";
import { noWaits, Waits } from "../stage/waits.js";
import { inlineSession } from "./inline-session.js";
import { upTo } from "./inputs.js";
import { consume, expectBalance, haltOf } from "./runs.js";

class Flaky extends Error {}

const double = (payloads: number[]): number[] => payloads.map((n) => n * 2);

/** A session with `double`, and `check`, which raises for these records. */
async function session(...bad: number[]): Promise<Session> {
  const check = (payloads: number[]): number[] =>
    payloads.map((n) => {
      if (bad.includes(n)) throw new RangeError(`${n} is bad`);
      return n * 10;
    });
  return inlineSession({ double, check });
}

const checking = pipe<number>("p").python<number>("check", {
  module: "model",
  function: "check",
  batch: { size: 4 },
});

test("what fails in a batch goes to its output, with its failure and the payload that the stage was given", async () => {
  const run = pipe<number>("p")
    .node("add", (n) => n + 100)
    .python<number>("check", { module: "model", function: "check", batch: { size: 4 } })
    .onError("check", routeTo("late"))
    .run(upTo(10), { session: await session(103, 108) });
  const { outputs, ledger, rejected } = await run.collect();
  expect(outputs.late).toMatchObject([
    { id: 3, payload: 103, input: 3, route: "late" },
    { id: 8, payload: 108, input: 8, route: "late" },
  ]);
  expect(outputs.late?.[0]?.failure).toMatchObject({
    stage: "check",
    reason: "session inline: stage check: model.check raised RangeError: 103 is bad",
    error: { code: "SLITHER_PYTHON" },
    traceback: expect.stringContaining("103 is bad"),
    attempts: 3,
  });
  expect(outputs.default.map(({ failure }) => failure)).toEqual(Array(8).fill(undefined));
  expect(rejected).toEqual([]);
  expect(ledger).toMatchObject({
    out: 10,
    routes: { late: 2, default: 8 },
    stages: { check: { leftEarly: 2 } },
  });
  expectBalance(ledger);
});

test("what left early keeps its place in the order, past later stages of any kind", async () => {
  const run = checking
    .onError("check", routeTo("late"))
    .python<number>("double", { module: "model", function: "double", batch: { size: 3 } })
    .node("same", (n) => n)
    .route("split", [["all", () => true]])
    .run(upTo(12), { session: await session(0, 5, 6, 11) });
  const { items, thrown } = await consume(run);
  expect(thrown).toBeUndefined();
  expect(items.map(({ id, route, payload }) => [id, route, payload])).toEqual(
    upTo(12).map((n) => ([0, 5, 6, 11].includes(n) ? [n, "late", n] : [n, "all", n * 20])),
  );
  const { ledger } = await run.done;
  expectBalance(ledger);
  expect(ledger.stages.double).toMatchObject({ in: 8, out: 8, leftEarly: 0 });
});

test("an output that a policy names is there although nothing goes to it", async () => {
  const { outputs } = await checking
    .onError("check", retry({ then: routeTo("late") }))
    .run([1], { session: await session() })
    .collect();
  expect(outputs.late).toEqual([]);
});

test("an output may have a name that every object has", async () => {
  const run = pipe<number>("p")
    .node("send", (n) => routeTo(["toString", "__proto__", "constructor"][n] as string))
    .run(upTo(3));
  const { outputs, ledger } = await run.collect();
  expect(Object.entries(outputs).map(([name, items]) => [name, items?.length])).toEqual([
    ["default", 0],
    ["toString", 1],
    ["__proto__", 1],
    ["constructor", 1],
  ]);
  expectBalance(ledger);
});

test("a node function is tried again after each wait, which doubles, and its record keeps its place", async () => {
  const clock = noWaits();
  let tries = 0;
  const run = pipe<number>("p")
    .node("call", (n) => {
      if (n === 2 && tries++ < 3) throw new Flaky("busy");
      return n;
    })
    .onError("call", retry({ attempts: 4, backoff: "1s", jitter: false, on: [Flaky] }))
    .run(upTo(5), { clock });
  const { items, thrown } = await consume(run);
  expect({ payloads: items.map(({ payload }) => payload), thrown }).toEqual({
    payloads: upTo(5),
    thrown: undefined,
  });
  expect(clock.asked).toEqual([1_000, 2_000, 4_000]);
  expectBalance((await run.done).ledger);
});

test("a node function whose tries are used up is dealt with as `then` says, with its last error", async () => {
  let tries = 0;
  const failing = pipe<number>("p").node("call", (): number => {
    throw new Flaky(`busy ${++tries}`);
  });
  const policy = { attempts: 3, on: [Flaky] };
  const clock = noWaits();
  const halted = await haltOf(failing.onError("call", retry(policy)).run([1], { clock }));
  expect(halted).toMatchObject({ stage: "call", cause: { message: "busy 3" } });
  const rejecting = failing.onError("call", retry({ ...policy, then: "reject" })).run([1], { clock });
  expect((await rejecting.collect()).rejected).toMatchObject([{ reason: "busy 6", attempts: 3 }]);
  const routing = failing.onError("call", retry({ ...policy, then: routeTo("late") })).run([1], { clock });
  expect((await routing.collect()).outputs.late).toMatchObject([
    { failure: { reason: "busy 9", attempts: 3 } },
  ]);
});

test("a batch that waits for its retry does not hold up the ones behind it, and still comes out first", async () => {
  const clock = new Waits();
  const answered = deferred();
  let failed = false;
  const own = await inlineSession({
    check: (payloads: number[]) => {
      if (payloads.includes(0) && !failed) {
        failed = true;
        throw new Flaky("busy");
      }
      if (payloads.includes(8)) answered.resolve();
      return payloads;
    },
  });
  const run = checking
    .onError("check", retry({ on: ["Error"], jitter: false }))
    .run(upTo(12), { session: own, clock });
  const consuming = consume(run);
  await clock.count(1);
  await answered.promise;
  clock.end();
  expect((await consuming).items.map(({ id }) => id)).toEqual(upTo(12));
  expectBalance((await run.done).ledger);
});

test("reject({ max }) rejects so many, and ends the run by name with the next; what was good before is delivered", async () => {
  const run = checking
    .onError("check", reject({ max: 2 }))
    .run(upTo(12), { session: await session(1, 3, 6) });
  const { items, thrown } = await consume(run);
  expect(items.map(({ id }) => id)).toEqual([0, 2, 4, 5]);
  expect(thrown).toMatchObject({
    stage: "check",
    cause: { code: "SLITHER_TOO_MANY_REJECTED", max: 2, stage: "check" },
    ledger: { rejected: 2, out: 4 },
  });
  expectBalance((thrown as PipeHaltedError).ledger);
});

test("reject({ max }) holds for the stage, not for the run; decisions count too", async () => {
  const run = pipe<number>("p")
    .node("first", (n) => (n < 3 ? reject("small") : n))
    .node("second", (n) => (n > 6 ? reject("large") : n))
    .onError("*", reject({ max: 3 }))
    .run(upTo(10));
  const { rejected, status, ledger } = await run.collect();
  expect({ rejected: rejected.length, status }).toEqual({ rejected: 6, status: "completed" });
  expectBalance(ledger);
  const strict = pipe<number>("p")
    .node("first", () => reject("all"))
    .onError("first", reject({ max: 0 }));
  expect(await haltOf(strict.run([1]))).toMatchObject({
    stage: "first",
    ledger: { rejected: 0, unfinished: 1 },
  });
});

test("a function decides for each failure", async () => {
  const policy = ((_, failed) => {
    if (Array.isArray(failed)) return "reject";
    return (failed as { payload: number }).payload > 5 ? routeTo("large") : "reject";
  }) satisfies PolicyFunction;
  const run = checking.onError("check", policy).run(upTo(12), { session: await session(2, 7) });
  const { outputs, rejected, ledger } = await run.collect();
  expect(rejected.map(({ id }) => id)).toEqual([2]);
  expect(outputs.large?.map(({ id }) => id)).toEqual([7]);
  expectBalance(ledger);
});

test("a function that throws, or decides on what is no policy, ends the run with that", async () => {
  const broken = new Error("the policy");
  const throwing = checking.onError("check", () => {
    throw broken;
  });
  const error = await haltOf(throwing.run(upTo(4), { session: await session(1) }));
  expect(error).toMatchObject({ stage: "check", cause: broken });
  expectBalance(error.ledger);
  const nonsense = pipe<number>("p")
    .node("call", () => {
      throw new Flaky("busy");
    })
    .onError("call", (() => "perhaps") as never);
  expect((await haltOf(nonsense.run([1]))).cause).toBeInstanceOf(OptionsError);
});

test("a retry of a stateful stage is refused by name; under `*` it is passed over", async () => {
  const stateful = pipe<number>("p").python<number>("check", {
    module: "model",
    function: "check",
    stateful: true,
  });
  expect(() => stateful.onError("check", retry())).toThrow(
    "expected no retry() for stage check, which is stateful",
  );
  const run = stateful.onError("*", retry({ on: ["RangeError"], then: "reject" })).run(upTo(3), {
    session: await session(1),
    clock: noWaits(),
  });
  expect((await run.collect()).rejected.map(({ attempts }) => attempts)).toEqual([1, 1, 1]);
});

test("a run that is left while a record waits for its retry ends at once", async () => {
  const clock = new Waits();
  const run = pipe<number>("p")
    .node("call", (n) => {
      if (n === 3) throw new Flaky("busy");
      return n;
    })
    .onError("call", retry({ on: [Flaky] }))
    .run(upTo(200), { clock });
  const items = run[Symbol.asyncIterator]();
  const next = items.next();
  await clock.count(1);
  await quiet();
  await items.return(undefined);
  expect((await next).value).toMatchObject({ id: 0 });
  const { status, ledger } = await run.done;
  expect(status).toBe("stopped");
  expectBalance(ledger);
});
