import { type Engine, OptionsError, pipe } from "slither-ts";
import { inline, recordEvents } from "slither-ts/testing";
import { expect, onTestFinished, test } from "vitest";
import { rejection, thrown } from "../helpers/rejection.js";

function doublingEngine(): Engine {
  const engine = inline({
    modules: { model: { double: (numbers: number[]) => numbers.map((each) => 2 * each) } },
  });
  onTestFinished(() => engine.close());
  return engine;
}

const doubled = pipe<number>("doubled").python<number>("double", {
  module: "model",
  function: "double",
  batch: { size: 2 },
});

test("every event of a run is recorded, in order, with its name", async () => {
  const session = await doublingEngine().session();
  const run = doubled.run([1, 2], { session });
  const recorder = recordEvents(run);

  await run.collect();

  expect(recorder.events.map(({ name }) => name)).toEqual([
    "run-start",
    "stage-start",
    "batch-start",
    "batch-stop",
    "stage-stop",
    "run-stop",
  ]);
  expect(recorder.of("batch-start").map(({ size }) => size)).toEqual([2]);
});

test("a recorder of an engine hears its sessions and their runs", async () => {
  const engine = doublingEngine();
  const recorder = recordEvents(engine);
  const session = await engine.session({ id: "a" });

  await doubled.run([1], { session }).collect();

  expect(recorder.of("session-start").map((event) => event.session)).toEqual(["a"]);
  expect(recorder.of("run-stop")).toHaveLength(1);
});

test("next() resolves with the next event for which the predicate holds", async () => {
  const engine = doublingEngine();
  const recorder = recordEvents(engine);
  const second = recorder.next("batch-start", ({ batch }) => batch === 1);
  const session = await engine.session();

  await doubled.run([1, 2, 3], { session }).collect();

  expect(await second).toMatchObject({ batch: 1, size: 1 });
});

test("a predicate that throws rejects its own promise alone", async () => {
  const engine = doublingEngine();
  const recorder = recordEvents(engine);
  const broken = recorder.next("session-start", () => {
    throw new RangeError("broken");
  });
  const whole = recorder.next("session-start");

  await Promise.all([engine.session({ id: "a" }), rejection(broken, RangeError)]);

  expect(await whole).toMatchObject({ session: "a" });
});

test("after stop() nothing is recorded, and who waits is told", async () => {
  const engine = doublingEngine();
  const recorder = recordEvents(engine);
  const waiting = recorder.next("session-start");

  recorder.stop();
  await engine.session();

  expect((await rejection(waiting, OptionsError)).message).toBe(
    "next(): expected another session-start event, got stop()",
  );
  await rejection(recorder.next("session-stop"), OptionsError);
  expect(recorder.events).toEqual([]);
});

test("names that do not exist and other sources are refused", async () => {
  const recorder = recordEvents(doublingEngine());

  expect(thrown(() => recorder.of("run-strat" as "run-start"), OptionsError).message).toBe(
    "of(): unknown event `run-strat`, did you mean `run-start`?",
  );
  await rejection(recorder.next("run-strat" as "run-start"), OptionsError);
  expect(thrown(() => recordEvents({} as Engine), OptionsError).message).toBe(
    "recordEvents(): expected an engine or a run, got an object (Object)",
  );
});
