import { pipe, type RunEvents, type Session } from "slither-ts";
import { inline } from "slither-ts/testing";
import { expect, test } from "vitest";
import { deferred } from "../dispatch/deferred.js";
import { testEngine } from "../helpers/engine.js";
import { inlineSession } from "./inline-session.js";
import { asyncNumbers, upTo } from "./inputs.js";
import { haltOf } from "./runs.js";

const NAMES = [
  "run-start",
  "run-stop",
  "run-failure",
  "stage-start",
  "stage-stop",
  "stage-failure",
  "batch-start",
  "batch-stop",
  "batch-failure",
] as const;

type Seen = { [Name in keyof RunEvents]: { name: Name } & RunEvents[Name] }[keyof RunEvents];

interface Emits {
  on<Name extends keyof RunEvents>(name: Name, listener: (event: RunEvents[Name]) => void): () => void;
}

/** Every event of a run, as they come. */
function listen(emitter: Emits): Seen[] {
  const seen: Seen[] = [];
  for (const name of NAMES) emitter.on(name, (event) => seen.push({ ...event, name } as Seen));
  return seen;
}

const duration = expect.any(Number);
const steps = [{ stage: "predict", name: "model.double", beganMs: duration, endedMs: duration }];
const functions = {
  double: (payloads: number[]) => payloads.map((n) => n * 2),
  fail: (payloads: number[]) => {
    if (payloads.includes(3)) throw new Error("three");
    return payloads;
  },
};

function scoring(functionName: keyof typeof functions, size: number) {
  return pipe<number>("scoring")
    .node("clean", (n) => n)
    .python<number>("predict", { module: "model", function: functionName, batch: { size } });
}

test("a run that completes tells its start and end, and those of its stages and batches, with counts", async () => {
  const session = await inlineSession(functions);
  const run = scoring("double", 4).run(upTo(6), { session });
  const seen = listen(run);
  await run.collect();
  const ofRun = { run: run.id, pipe: "scoring", session: "inline" };
  const clean = { ...ofRun, stage: "clean", kind: "node" };
  const predict = { ...ofRun, stage: "predict", kind: "python" };
  const [first, second] = [
    { ...ofRun, stage: "predict", batch: 0, size: 4, probe: false },
    { ...ofRun, stage: "predict", batch: 1, size: 2, probe: false },
  ];
  const counts = { durationMs: duration, in: 6, out: 6, rejected: 0, filtered: 0 };
  expect(seen.slice(0, 4)).toEqual([
    { name: "run-start", ...ofRun },
    { name: "stage-start", ...clean },
    { name: "stage-start", ...predict },
    { name: "batch-start", ...first },
  ]);
  expect(seen).toContainEqual({ name: "batch-start", ...second });
  expect(seen).toContainEqual({
    name: "batch-stop",
    ...first,
    durationMs: duration,
    computeMs: duration,
    steps,
  });
  expect(seen).toContainEqual({
    name: "batch-stop",
    ...second,
    durationMs: duration,
    computeMs: duration,
    steps,
  });
  expect(seen).toContainEqual({ name: "stage-stop", ...clean, ...counts });
  expect(seen.slice(-2)).toEqual([
    { name: "stage-stop", ...predict, ...counts },
    { name: "run-stop", ...ofRun, status: "completed", durationMs: duration },
  ]);
  expect(seen).toHaveLength(10);
});

test("durations are milliseconds: compute within batch within stage within run", async () => {
  const session = await inlineSession(functions);
  const run = scoring("double", 10).run(upTo(10), { session });
  const seen = listen(run);
  await run.collect();
  const batch = seen.find((event) => event.name === "batch-stop");
  const stage = seen.find((event) => event.name === "stage-stop" && event.stage === "predict");
  const whole = seen.find((event) => event.name === "run-stop");
  const durations = [
    batch?.computeMs,
    batch?.durationMs,
    stage && "durationMs" in stage && stage.durationMs,
    whole?.durationMs,
  ];
  expect(durations.every((each) => typeof each === "number" && each >= 0)).toBe(true);
  expect(durations).toEqual([...durations].sort((a, b) => Number(a) - Number(b)));
});

test("a stage that fails tells so with the error, the stages around it stop, and the run fails", async () => {
  const session = await inlineSession(functions);
  const run = scoring("fail", 2)
    .node("after", (n) => n)
    .run(asyncNumbers({ count: 6 }).input, { session });
  const seen = listen(run);
  const { cause } = await haltOf(run);
  expect(seen).toContainEqual(
    expect.objectContaining({ name: "batch-failure", stage: "predict", batch: 1, size: 2, error: cause }),
  );
  const failed = seen.filter((event) => event.name === "stage-failure");
  expect(failed).toEqual([expect.objectContaining({ stage: "predict", error: cause, durationMs: duration })]);
  const stopped = seen.flatMap((event) => (event.name === "stage-stop" ? [[event.stage, event.out]] : []));
  expect(Object.fromEntries(stopped)).toMatchObject({ after: 2 });
  expect(stopped.map(([stage]) => stage).toSorted()).toEqual(["after", "clean"]);
  expect(seen.at(-1)).toMatchObject({ name: "run-failure", status: "halted", error: cause });
});

test("a stage that a later one finds to blame has failed, and the later one has not", async () => {
  // Without a copy to go back to, the session is lost, and the batches of both stages with it.
  const session = await (await testEngine({ forkserver: false })).session();
  const stage = (name: string, size: number) => ({
    module: "fatal_records",
    function: name,
    batch: { size },
  });
  const run = pipe<number | [number, string]>("p")
    .python<number>("kills", stage("predict", 10))
    .node("between", (n) => n)
    .python<number>("after", stage("pass_on", 1))
    .run([...upTo(15), [15, "leave"]], { session });
  const seen = listen(run);
  const halted = await haltOf(run);
  expect(halted.stage).toBe("kills");
  const ends = seen.flatMap(({ name, ...event }) =>
    name === "stage-failure" || name === "stage-stop" ? [[name, (event as { stage: string }).stage]] : [],
  );
  expect(Object.fromEntries(ends.map(([name, at]) => [at, name]))).toEqual({
    kills: "stage-failure",
    between: "stage-stop",
    after: "stage-stop",
  });
});

test("a batch has been answered when taps see it: how long they take is no part of it", async () => {
  const session = await inlineSession(functions);
  const step = { module: "model", function: "double", batch: { size: 2 } };
  const answered: unknown[] = [];
  const seen: unknown[] = [];
  const run = pipe<number>("p")
    .python<number>("first", step)
    .tap("look", () => void seen.push([...answered]))
    .python<number>("second", step)
    .run([1, 2], { session });
  run.on("batch-stop", ({ batch, durationMs }) => answered.push([batch, durationMs]));
  await run.collect();
  const { stages } = (await run.done).stats;
  const answer = [0, stages.first?.batchMs];
  expect(seen).toEqual([[answer], [answer]]);
});

test("when the input fails, no stage does: they stop, and the run fails with the input's error", async () => {
  const failure = new Error("disk full");
  const run = pipe<number>("p")
    .node("clean", (n) => n)
    .node("again", (n) => n)
    .run(asyncNumbers({ failAt: 2, failure }).input);
  const seen = listen(run);
  await haltOf(run);
  expect(seen.map(({ name }) => name)).toEqual([
    "run-start",
    "stage-start",
    "stage-start",
    "stage-stop",
    "stage-stop",
    "run-failure",
  ]);
  expect(seen.at(-1)).toMatchObject({ error: failure });
});

test("under reject, a batch that is searched tells each of its parts, and the stage stops with the rejected", async () => {
  const session = await inlineSession(functions);
  const run = scoring("fail", 4).onError("predict", "reject").run(upTo(4), { session });
  const seen = listen(run);
  await run.collect();
  const sizes = (name: Seen["name"]): number[] =>
    seen.flatMap((event) => (event.name === name && "size" in event ? [event.size] : []));
  expect({ failed: sizes("batch-failure"), stopped: sizes("batch-stop") }).toEqual({
    failed: [4, 2, 1],
    stopped: [2, 1],
  });
  expect(seen).toContainEqual(
    expect.objectContaining({ name: "stage-stop", stage: "predict", in: 4, out: 3, rejected: 1 }),
  );
});

test("an aborted run fails with the reason", async () => {
  const reason = new Error("the client went away");
  const run = pipe<number>("p").run([1], { signal: AbortSignal.abort(reason) });
  const seen = listen(run);
  await haltOf(run);
  expect(seen).toMatchObject([
    { name: "run-start" },
    { name: "run-failure", status: "aborted", error: reason },
  ]);
});

test("a stage that is interrupted by an abort does not fail, it stops", async () => {
  const controller = new AbortController();
  const started = deferred();
  const run = pipe<number>("p")
    .node("hang", () => {
      started.resolve();
      return new Promise(() => {});
    })
    .run([1], { signal: controller.signal });
  const seen = listen(run);
  const halting = haltOf(run);
  await started.promise;
  controller.abort(new Error("the client went away"));
  await halting;
  expect(seen.map(({ name }) => name)).toEqual(["run-start", "stage-start", "stage-stop", "run-failure"]);
});

test("a run that was left stops", async () => {
  const run = pipe<number>("p")
    .node("clean", (n) => n)
    .run(upTo(5));
  const seen = listen(run);
  for await (const _ of run) break;
  expect(seen.slice(-2)).toMatchObject([
    { name: "stage-stop", stage: "clean" },
    { name: "run-stop", status: "stopped" },
  ]);
});

test("a stage that no record reached tells nothing", async () => {
  const run = pipe<number>("p")
    .node("clean", (n) => n)
    .run([]);
  const seen = listen(run);
  await run.collect();
  expect(seen.map(({ name }) => name)).toEqual(["run-start", "run-stop"]);
});

test("the engine hears every run on its sessions, each under its own session", async () => {
  await using engine = inline({ modules: { model: functions } });
  const sessions: Session[] = [await engine.session({ id: "a" }), await engine.session({ id: "b" })];
  const seen = listen(engine);
  const runs = sessions.map((session) => scoring("double", 4).run(upTo(4), { session }));
  await Promise.all(runs.map((run) => run.collect()));
  for (const [index, run] of runs.entries()) {
    const own = seen.filter((event) => event.run === run.id);
    const [first, ...rest] = own.map(({ name }) => name);
    expect([first, rest.pop()]).toEqual(["run-start", "run-stop"]);
    // Which of two stages is through first is not said.
    const ofStage = (name: string) =>
      own.filter((event) => "stage" in event && event.stage === name).map((event) => event.name);
    expect(ofStage("clean")).toEqual(["stage-start", "stage-stop"]);
    expect(ofStage("predict")).toEqual(["stage-start", "batch-start", "batch-stop", "stage-stop"]);
    expect(rest).toHaveLength(6);
    expect(new Set(own.map(({ session }) => session))).toEqual(new Set([sessions[index]?.id]));
  }
});

test("a listener of a run hears that run alone", async () => {
  const session = await inlineSession(functions);
  const [heard, other] = [1, 2].map(() => scoring("double", 4).run(upTo(4), { session }));
  const seen = listen(heard as Emits);
  await Promise.all([heard?.collect(), other?.collect()]);
  expect(new Set(seen.map(({ run }) => run))).toEqual(new Set([heard?.id]));
});

test("a listener that was taken away hears nothing more", async () => {
  const session = await inlineSession(functions);
  const run = scoring("double", 2).run(upTo(8), { session });
  const sizes: number[] = [];
  const unsubscribe = run.on("batch-stop", ({ size }) => {
    sizes.push(size);
    unsubscribe();
  });
  await run.collect();
  expect(sizes).toEqual([2]);
});

test("a branch that no record comes to tells nothing, although what is not for it passes it by", async () => {
  const run = pipe<number>("p")
    .route("sign", [["negative", (n) => n < 0]])
    .branch("negative", (negative) => negative.node("explain", (n) => n))
    .run(upTo(3));
  const stages: string[] = [];
  run.on("stage-start", ({ stage }) => stages.push(`start ${stage}`));
  run.on("stage-stop", ({ stage }) => stages.push(`stop ${stage}`));
  await run.collect();
  expect(stages).toEqual(["start sign", "stop sign"]);
});
