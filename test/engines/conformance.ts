import {
  BatchResultError,
  CallAbortedError,
  CallTimeoutError,
  type Engine,
  ForkRefusedError,
  NdArray,
  OptionsError,
  PipeHaltedError,
  PythonError,
  PythonFunctionError,
  PythonImportError,
  pipe,
  RecordRejectedError,
  Ref,
  RefError,
  type Session,
  SessionClosedError,
  SessionLostError,
  SharedArrayError,
  ValueNotSupportedError,
} from "slither-ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { rejection } from "../helpers/rejection.js";
import { testBatches } from "./batch-conformance.js";

/** What an engine is tested with. */
export interface Candidate {
  readonly name: string;
  /** An engine that has the module `conformance`: see fixtures/python/conformance.py. */
  open(): Promise<Engine>;
  /** Whether its sessions are processes, whose code can be stopped. */
  readonly processes: boolean;
  /** Whether its sessions can be copied. */
  readonly copies: boolean;
}

/** What holds on every engine: a pipe, and whatever else works on one, works on all. */
export function testConformance({ name, open, processes, copies }: Candidate): void {
  describe(`the ${name} engine`, () => {
    let engine: Engine;
    beforeAll(async () => {
      engine = await open();
    });
    afterAll(() => engine.close({ timeout: 1 }));

    describe("calls", () => {
      test("pass arguments and give back results", async () => {
        const session = await engine.session();

        expect(await session.call("conformance", "echo", [{ a: [1, null, "x"] }])).toEqual({
          a: [1, null, "x"],
        });
      });

      test("pass keyword arguments", async () => {
        const session = await engine.session();

        expect(await session.call("conformance", "greet", ["Ada"])).toBe("hello Ada");
        expect(await session.call("conformance", "greet", ["Ada"], { kwargs: { greeting: "hi" } })).toBe(
          "hi Ada",
        );
      });

      test("work on copies of their arguments", async () => {
        const session = await engine.session();
        const values = [1, 2];

        expect(await session.call("conformance", "set_first", [values])).toEqual(["changed", 2]);
        expect(values).toEqual([1, 2]);
      });

      test("made at once are carried out in order", async () => {
        const session = await engine.session();

        const results = await Promise.all(
          Array.from({ length: 20 }, () => session.call("conformance", "increment")),
        );

        expect(results).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
      });

      test("change a state that belongs to their session alone", async () => {
        const [left, right] = await Promise.all([engine.session(), engine.session()]);

        await left.call("conformance", "increment");
        await left.call("conformance", "increment");

        expect(await right.call("conformance", "increment")).toBe(1);
      });
    });

    describe("failures", () => {
      test("of the code arrive with their class and text, and the session goes on", async () => {
        const session = await engine.session({ id: "failing" });

        const error = await rejection(session.call("conformance", "fail"), PythonError);

        expect(error.message).toBe("session failing: conformance.fail raised ValueError: no good");
        expect(error).toMatchObject({
          pythonType: "ValueError",
          pythonMessage: "no good",
          session: "failing",
        });
        expect(error.isA("ValueError")).toBe(true);
        expect(error.pythonBases.length).toBeGreaterThan(0);
        expect(await session.call("conformance", "echo", [1])).toBe(1);
      });

      test("to find the module name it", async () => {
        const session = await engine.session();

        const error = await rejection(session.call("no_such_module", "f"), PythonImportError);

        expect(error).toMatchObject({
          module: "no_such_module",
          missing: "no_such_module",
          session: session.id,
        });
      });

      test("to find the function suggest another", async () => {
        const session = await engine.session();

        const error = await rejection(session.call("conformance", "incremnt"), PythonFunctionError);

        expect(error).toMatchObject({ target: "conformance.incremnt", suggestions: ["increment"] });
        expect(error.message).toBe(
          `session ${session.id}: conformance.incremnt does not exist, did you mean increment?`,
        );
      });

      test.each(["constructor", "__proto__"])("to find %s are not answered by JavaScript", async (odd) => {
        const session = await engine.session();

        await rejection(session.call("conformance", odd), PythonFunctionError);
        await rejection(session.call(odd, "toString"), PythonImportError);
      });

      test("to carry an argument name its place", async () => {
        const session = await engine.session();

        const error = await rejection(
          session.call("conformance", "echo", [{ when: new Date(0) }]),
          ValueNotSupportedError,
        );

        expect(error).toMatchObject({ path: "args[0].when", typeName: "Date", direction: "argument" });
      });

      test("to carry a result name it", async () => {
        const session = await engine.session();

        const error = await rejection(session.call("conformance", "opaque"), ValueNotSupportedError);

        expect(error).toMatchObject({ path: "result", direction: "result" });
      });
    });

    describe("shared arrays", () => {
      test("arrive as arrays, in any session, until they are released", async () => {
        const shared = await engine.share(Float64Array.of(1, 2));
        const array = new NdArray("float64", [2], Float64Array.of(1, 2));
        for (const session of [await engine.session(), await engine.session()])
          expect(await session.call("conformance", "echo", [[shared, shared]])).toEqual([array, array]);
        shared.release();

        const session = await engine.session();
        const error = await rejection(session.call("conformance", "echo", [shared]), SharedArrayError);
        expect(error.message).toContain("was released");
      });
    });

    describe("refs", () => {
      test("keep an object in the session", async () => {
        const session = await engine.session();
        const box = await session.create("conformance", "Box", [3]);

        expect(await box.call("add", [4])).toBe(7);
        expect(await box.get("value")).toBe(7);
        expect(await box.call("", [10])).toBe(70);
      });

      test("are what a method gives back that gives back its object", async () => {
        const session = await engine.session();
        const box = await session.create("conformance", "Box", [3]);

        expect(await box.call("itself")).toBe(box);
        expect(box).toBeInstanceOf(Ref);
      });

      test("stand for their objects in arguments", async () => {
        const session = await engine.session();
        const boxes = [
          await session.create("conformance", "Box", [1]),
          await session.create("conformance", "Box", [2]),
        ];

        expect(await session.call("conformance", "unbox", [boxes])).toEqual([1, 2]);
      });

      test("to a value that can be sent are sent as it", async () => {
        const session = await engine.session();
        const list = await session.create("conformance", "echo", [[1, 2]]);

        expect(await session.call("conformance", "echo", [list])).toEqual([1, 2]);
      });

      test("tell when there is no such method or attribute", async () => {
        const session = await engine.session();
        const box = await session.create("conformance", "Box", [1]);

        await rejection(box.call("remove"), PythonFunctionError);
        await rejection(box.get("size"), PythonFunctionError);
      });

      test("are refused in another session", async () => {
        const [session, other] = await Promise.all([engine.session(), engine.session()]);
        const box = await session.create("conformance", "Box", [1]);

        await rejection(other.call("conformance", "unbox", [[box]]), RefError);
      });

      test("are refused after their release, but not for calls that were made before", async () => {
        const session = await engine.session();
        const box = await session.create("conformance", "Box", [1]);
        const before = [box.call("add", [1]), box.call("add", [1])];

        box.release();

        expect(await Promise.all(before)).toEqual([2, 3]);
        await rejection(box.get("value"), RefError);
      });
    });

    describe("copies", () => {
      test.runIf(copies)("have the state of their original, and a future of their own", async () => {
        const session = await engine.session();
        await session.call("conformance", "increment");

        const twin = await session.fork();

        expect(await twin.call("conformance", "increment")).toBe(2);
        expect(await session.call("conformance", "increment")).toBe(2);
      });

      test.runIf(!copies)("are refused, with a reason", async () => {
        const session = await engine.session();

        const error = await rejection(session.fork(), ForkRefusedError);

        expect(error.reason).not.toBe("");
        expect(await session.call("conformance", "increment")).toBe(1);
      });
    });

    describe("pipes", () => {
      const doubling = pipe<number>("doubling").python<number>("double", {
        module: "conformance",
        function: "double",
        batch: { size: 3 },
      });

      test("process every record, in order", async () => {
        const session = await engine.session();
        const input = Array.from({ length: 10 }, (_, index) => index);

        const { outputs } = await doubling.run(input, { session }).collect();

        expect(outputs.default.map(({ payload }) => payload)).toEqual(input.map((value) => value * 2));
      });

      test.each([
        ["too_few", 1],
        ["no_list", undefined],
      ])("halt when a batch function gives back what %s does", async (name, got) => {
        const session = await engine.session();
        const broken = pipe<number>("broken").python<number>("score", {
          module: "conformance",
          function: name,
        });

        const error = await rejection(broken.run([1, 2], { session }).collect(), PipeHaltedError);

        expect(error.cause).toBeInstanceOf(BatchResultError);
        expect(error.cause).toMatchObject({
          expected: 2,
          got,
          stage: "score",
          target: `conformance.${name}`,
        });
      });

      const rejecting = (name: string) =>
        pipe<number>("rejecting").python<number>("check", { module: "conformance", function: name });

      test("set aside the records that their function rejects, whatever the policy", async () => {
        const session = await engine.session();
        const run = rejecting("set_aside_negative").run([1, -2, 3, -4], { session });

        const { outputs, rejected } = await run.collect();

        expect(outputs.default.map(({ payload }) => payload)).toEqual([1, 3]);
        expect(rejected.map(({ id, reason, attempts }) => [id, reason, attempts])).toEqual([
          [1, "-2 is negative", 1],
          [3, "-4 is negative", 1],
        ]);
        expect(rejected[0]?.error).toBeInstanceOf(RecordRejectedError);
      });

      test("halt when what rejects a record stands elsewhere than in its place", async () => {
        const session = await engine.session();

        const error = await rejection(
          rejecting("nest_rejected").run([1], { session }).collect(),
          PipeHaltedError,
        );

        expect(error.cause).toBeInstanceOf(ValueNotSupportedError);
        expect(error.cause).toMatchObject({ path: "result[0][0]", direction: "result" });
      });

      test("take what rejects a record for an exception when it is raised", async () => {
        const session = await engine.session();
        const lenient = rejecting("raise_rejected").onError("check", "reject");

        const { rejected } = await lenient.run([1], { session }).collect();

        expect(rejected.map(({ reason }) => reason)).toEqual(["all of them"]);
        const error = rejected[0]?.error as PythonError;
        expect(error).toBeInstanceOf(PythonError);
        expect(error).toMatchObject({ pythonType: "Rejected", pythonModule: "slither_worker" });
      });

      test("reject the bad record alone where they may", async () => {
        const session = await engine.session();
        const careful = pipe<number>("careful")
          .python<number>("check", { module: "conformance", function: "reject_negative" })
          .onError("check", "reject");

        const { outputs, rejected } = await careful.run([1, 2, -3, 4], { session }).collect();

        expect(outputs.default.map(({ payload }) => payload)).toEqual([1, 2, 4]);
        expect(rejected.map(({ payload }) => payload)).toEqual([-3]);
      });
    });

    describe("pipes whose function takes one record", () => {
      const judging = pipe<number | string>("judging").python<number>("judge", {
        module: "conformance",
        function: "judge",
        each: true,
      });

      test("process every record, in order", async () => {
        const session = await engine.session();

        const { outputs } = await judging.run([3, 1, 2], { session }).collect();

        expect(outputs.default.map(({ payload }) => payload)).toEqual([3, 1, 2]);
      });

      test("halt with what was raised for one record", async () => {
        const session = await engine.session({ id: "judge" });

        const error = await rejection(judging.run([1, "bad"], { session }).collect(), PipeHaltedError);

        expect(error.cause).toBeInstanceOf(PythonError);
        expect((error.cause as Error).message).toBe(
          "session judge: stage judge: conformance.judge raised ValueError: no good",
        );
      });

      test("reject exactly the records that fail, each in one try", async () => {
        const session = await engine.session();
        const lenient = judging.onError("judge", "reject");

        const { outputs, rejected } = await lenient
          .run(["bad", 1, "opaque", 2, "bad"], { session })
          .collect();

        expect(outputs.default.map(({ payload }) => payload)).toEqual([1, 2]);
        expect(rejected.map(({ id, attempts }) => [id, attempts])).toEqual([
          [0, 1],
          [2, 1],
          [4, 1],
        ]);
        expect(rejected.map(({ error }) => error)).toMatchObject([
          { pythonType: "ValueError" },
          { path: "result.box", direction: "result" },
          { pythonType: "ValueError" },
        ]);
      });

      test("set aside the records for which Rejected is given back or raised, whatever the policy", async () => {
        const session = await engine.session();

        const { outputs, rejected } = await judging.run(["raised", 1, "rejected"], { session }).collect();

        expect(outputs.default.map(({ payload }) => payload)).toEqual([1]);
        expect(rejected.map(({ id, reason }) => [id, reason])).toEqual([
          [0, "too late"],
          [2, "too early"],
        ]);
        expect(rejected.every(({ error }) => error instanceof RecordRejectedError)).toBe(true);
      });

      test("halt when there is no such function, whatever the policy", async () => {
        const session = await engine.session();
        const missing = pipe<number>("missing")
          .python<number>("judge", { module: "conformance", function: "jduge", each: true })
          .onError("judge", "reject");

        const error = await rejection(missing.run([1], { session }).collect(), PipeHaltedError);

        expect(error.cause).toBeInstanceOf(PythonFunctionError);
      });
    });

    testBatches(() => engine);

    describe("limits", () => {
      const GRACE = processes ? "20s" : "50ms";

      /** A session whose code was stopped does, one whose worker had to be killed is lost. */
      async function goesOn(session: Session): Promise<void> {
        if (processes) expect(await session.call("conformance", "echo", [1])).toBe(1);
        else await rejection(session.call("conformance", "echo", [1]), SessionLostError);
        expect(session.state).toBe(processes ? "ready" : "lost");
      }

      test("a call that passes its deadline while it is running is stopped, with its session where it cannot be", async () => {
        const session = await engine.session({ limits: { cancelGrace: GRACE } });
        const hanging = session.call("conformance", "hang", [], { timeout: "200ms" });
        const running = rejection(hanging, CallTimeoutError);

        expect((await running).fate).toBe(processes ? "cancelled" : "killed");

        await goesOn(session);
      });

      test("a call that is aborted while it is running is stopped, with its session where it cannot be", async () => {
        const session = await engine.session({ limits: { cancelGrace: GRACE } });
        const controller = new AbortController();
        const hanging = session.call("conformance", "hang", [], { signal: controller.signal });
        const running = rejection(hanging, CallAbortedError);

        controller.abort();

        expect((await running).fate).toBe(processes ? "cancelled" : "killed");
        await goesOn(session);
      });

      test("a call that was aborted before never runs", async () => {
        const session = await engine.session();

        const call = session.call("conformance", "increment", [], { signal: AbortSignal.abort() });

        expect((await rejection(call, CallAbortedError)).fate).toBe("never ran");
        expect(await session.call("conformance", "increment")).toBe(1);
      });
    });

    describe("sessions", () => {
      test("say which process they are, where they are one", async () => {
        const session = await engine.session();

        expect(typeof session.pid).toBe(processes ? "number" : "undefined");
      });

      test("have ids of their own", async () => {
        await engine.session({ id: "taken" });

        const error = await rejection(engine.session({ id: "taken" }), OptionsError);

        expect(error.message).toBe(
          'engine.session(): expected `id` to be new in this engine, got "taken", which is open',
        );
      });

      test("that are closed finish what was asked before, and take no more", async () => {
        const session = await engine.session();
        const before = session.call("conformance", "increment");

        const closing = session.close();

        await rejection(session.call("conformance", "increment"), SessionClosedError);
        expect(await before).toBe(1);
        await closing;
        expect(session.state).toBe("closed");
      });

      test("that do not finish in time are closed all the same", async () => {
        const session = await engine.session();
        const running = rejection(session.call("conformance", "hang"), SessionClosedError);
        const waiting = rejection(session.call("conformance", "increment"), SessionClosedError);

        await session.close({ timeout: "50ms" });

        await Promise.all([running, waiting]);
      });

      test("tell of their start and their end", async () => {
        const told: string[] = [];
        const own = await open();
        own.on("session-start", ({ session }) => told.push(`start ${session}`));
        own.on("session-stop", ({ session }) => told.push(`stop ${session}`));

        await own.session({ id: "a" });
        await own.close();

        expect(told).toEqual(["start a", "stop a"]);
        await rejection(own.session(), SessionClosedError);
      });
    });
  });
}
