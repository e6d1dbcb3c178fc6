import { pipe } from "slither-ts";
import { crash, inline } from "slither-ts/testing";
import { beforeEach, expect, test } from "vitest";
import { deferred } from "../dispatch/deferred.js";
import { inlineSession } from "../pipe/inline-session.js";
import { upTo } from "../pipe/inputs.js";
import { haltOf } from "../pipe/runs.js";
import { type Point, Sdk } from "./sdk.js";

let sdk: Sdk;

beforeEach(() => {
  sdk = new Sdk();
  return () => sdk[Symbol.asyncDispose]();
});

let pipes = 0;

/** A pipe of a name of its own: records are counted by it for as long as the process lives. */
function scoring() {
  pipes += 1;
  const name = `scoring-${pipes}`;
  return pipe<number>(name)
    .node("clean", (n) => n)
    .python<number>("predict", { module: "model", function: "predict", batch: { size: 4 } });
}

const functions = {
  predict: (payloads: number[]) => {
    if (payloads.includes(3)) throw new Error("three");
    return payloads;
  },
};

/** Records by stage and outcome, of one pipe. */
async function recordsOf(name: string): Promise<Record<string, Point["value"]>> {
  const points = await sdk.points("slither.records");
  const own = points.filter(({ attributes }) => attributes["slither.pipe.name"] === name);
  return Object.fromEntries(
    own.map(({ attributes, value }) => [
      `${attributes["slither.stage.name"]} ${attributes["slither.record.outcome"]}`,
      value,
    ]),
  );
}

test("records are counted by stage and outcome, over all runs of a pipe", async () => {
  const session = await inlineSession(functions);
  const made = scoring().onError("predict", "reject");
  for (const count of [2, 6]) await made.run(upTo(count), { session }).collect();
  expect(await recordsOf(made.plan.name)).toEqual({
    "clean in": 8,
    "clean out": 8,
    "clean rejected": 0,
    "clean filtered": 0,
    "predict in": 8,
    "predict out": 7,
    "predict rejected": 1,
    "predict filtered": 0,
  });
});

test("records of a run that goes on are counted already", async () => {
  const reached = deferred();
  const go = deferred();
  const run = pipe<number>("endless")
    .node(
      "clean",
      async (n) => {
        if (n === 3) {
          reached.resolve();
          await go.promise;
        }
        return n;
      },
      { concurrency: 1 },
    )
    .run(upTo(5));
  const collected = run.collect();
  await reached.promise;
  const during = await recordsOf("endless");
  go.resolve();
  await collected;
  expect([during["clean in"], (await recordsOf("endless"))["clean in"]]).toEqual([5, 5]);
  expect(during["clean out"]).toBeLessThan(5);
});

test("runs are counted by how they ended", async () => {
  const made = scoring();
  const session = await inlineSession(functions);
  await made.run(upTo(2), { session }).collect();
  await made.run(upTo(2), { session }).collect();
  await haltOf(made.run(upTo(4), { session }));
  const about = { "slither.pipe.name": made.plan.name };
  expect(await sdk.points("slither.runs")).toMatchObject([
    { value: 2, attributes: { ...about, "slither.run.status": "completed" } },
    { value: 1, attributes: { ...about, "slither.run.status": "halted", "error.type": "SLITHER_PYTHON" } },
  ]);
  const durations = await sdk.points("slither.run.duration");
  expect(durations.map(({ value }) => value)).toMatchObject([{ count: 2 }, { count: 1 }]);
});

test("batches are measured in seconds, and those that failed apart", async () => {
  const made = scoring().onError("predict", "reject");
  const session = await inlineSession(functions);
  const run = made.run(upTo(4), { session });
  const durations = { stop: 0, failure: 0 };
  run.on("batch-stop", ({ durationMs }) => {
    durations.stop += durationMs;
  });
  run.on("batch-failure", ({ durationMs }) => {
    durations.failure += durationMs;
  });
  await run.collect();
  const points = await sdk.points("slither.batch.duration");
  const sums = points.map(({ attributes, value }) => [
    attributes["error.type"],
    (value as { count: number }).count,
    (value as { sum: number }).sum,
  ]);
  expect(sums).toEqual([
    ["SLITHER_PYTHON", 3, expect.closeTo(durations.failure / 1_000, 9)],
    [undefined, 2, expect.closeTo(durations.stop / 1_000, 9)],
  ]);
  expect(await sdk.points("slither.batch.compute.duration")).toMatchObject([{ value: { count: 2 } }]);
  expect(await sdk.points("slither.batch.size")).toMatchObject([
    { value: { count: 5, sum: 4 + 2 + 2 + 1 + 1 } },
  ]);
});

test("the sessions of all engines that are open are counted", async () => {
  const count = async (): Promise<unknown> => (await sdk.points("slither.session.count"))[0]?.value;
  const one = inline({ modules: {} });
  const other = inline({ modules: {} });
  await one.session({ id: "a" });
  const session = await other.session({ id: "a" });
  await other.session({ id: "b" });
  await expect(other.session({ id: "c", setup: () => Promise.reject(new Error("no")) })).rejects.toThrow(
    "no",
  );
  expect(await count()).toBe(3);
  await session.close();
  expect(await count()).toBe(2);
  await one.close();
  await other.close();
  expect(await count()).toBe(0);
});

test("a session that was lost is not open", async () => {
  await using engine = inline({
    modules: { model: functions },
    faults: () => crash({ signal: "SIGKILL" }),
  });
  await engine.session();
  const session = await engine.session();
  await expect(session.call("model", "predict", [[1]])).rejects.toThrow();
  expect(session.state).toBe("lost");
  expect(await sdk.points("slither.session.count")).toMatchObject([{ value: 1 }]);
});

test("sessions that were opened before there was an SDK are counted", async () => {
  await sdk[Symbol.asyncDispose]();
  const engine = inline({ modules: {} });
  await engine.session();
  sdk = new Sdk();
  await engine.session();
  expect(await sdk.points("slither.session.count")).toMatchObject([{ value: 2 }]);
  await engine.close();
});

test("the starts of sessions, their failures and their recoveries are measured", async () => {
  await using engine = inline({
    modules: { model: { predict: (payloads: number[]) => payloads } },
    faults: ({ attempt }) => (attempt === 1 ? crash({ signal: "SIGKILL" }) : undefined),
  });
  const failing = engine.session({ setup: () => Promise.reject(new TypeError("no")) });
  await expect(failing).rejects.toThrow("no");
  const session = await engine.session({ setup: () => {} });
  const recovered = new Promise((resolve) => engine.on("session-recovery", resolve));
  await expect(session.call("model", "predict", [[1]])).rejects.toThrow();
  await recovered;
  expect(await sdk.points("slither.session.start.duration")).toMatchObject([{ value: { count: 1 } }]);
  expect(await sdk.points("slither.session.failures")).toMatchObject([
    { value: 1, attributes: { "error.type": "TypeError" } },
  ]);
  expect(await sdk.points("slither.session.recoveries")).toMatchObject([
    { value: 1, attributes: { "slither.session.origin": "setup" } },
  ]);
});

test("the function of each stage of a trip is measured by itself, and the trip under the first", async () => {
  const step = (name: string) => ({ module: "model", function: name, batch: { size: 2 } });
  const made = pipe<number>("p")
    .python<number>("first", step("double"))
    .python<number>("second", step("double"));
  const run = made.run(upTo(2), { session: await inlineSession({ double: (all: number[]) => all }) });
  await run.collect();
  const { stages } = (await run.done).stats;
  const points = await sdk.points("slither.batch.compute.duration");
  const sums = points.map(({ attributes, value }) => [
    attributes["slither.stage.name"],
    (value as { sum: number }).sum,
  ]);
  expect(sums).toEqual([
    ["first", expect.closeTo((stages.first?.computeMs ?? 0) / 1_000, 9)],
    ["second", expect.closeTo((stages.second?.computeMs ?? 0) / 1_000, 9)],
  ]);
  const trips = await sdk.points("slither.batch.duration");
  expect(trips.map(({ attributes }) => attributes["slither.stage.name"])).toEqual(["first"]);
});
