import { RefError, type Session } from "slither-ts";
import { describe, expect, test } from "vitest";
import { sharedEngine, testEngine } from "../helpers/engine.js";
import { nextEvent, record } from "../helpers/events.js";
import { rejection } from "../helpers/rejection.js";

const engine = sharedEngine();

async function open(): Promise<Session> {
  return engine().session({ checkpoint: "manual" });
}

describe("a fork", () => {
  test("has the globals of its session, and a future of its own", async () => {
    const session = await open();
    await session.call("order", "note", [1]);

    const twin = await session.fork();
    await Promise.all([session.call("order", "note", [2]), twin.call("order", "note", [3])]);

    expect(await session.call("order", "notes")).toEqual([1, 2]);
    expect(await twin.call("order", "notes")).toEqual([1, 3]);
  });

  test("is a process of its own, that knows its own id", async () => {
    const session = await open();

    const twin = await session.fork({ id: "the twin" });

    expect(twin.pid).not.toBe(session.pid);
    expect(await twin.call("process", "pid")).toBe(twin.pid);
    expect(await twin.call("process", "session")).toBe("the twin");
  });

  test("is named after its session where nothing else is said, and known to the engine", async () => {
    const session = await engine().session({ id: "parent" });

    const [one, two] = await session.fork({ count: 2 });
    const three = await (one as Session).fork();

    expect([one?.id, two?.id, three.id]).toEqual(["parent/fork-1", "parent/fork-2", "parent/fork-1/fork-1"]);
    for (const fork of [one, two, three]) expect(engine().sessions.get(fork?.id as string)).toBe(fork);
  });

  test("of a fork has the state of both", async () => {
    const session = await open();
    await session.call("order", "note", [1]);
    const child = await session.fork();
    await child.call("order", "note", [2]);

    const grandchild = await child.fork();

    expect(await grandchild.call("order", "notes")).toEqual([1, 2]);
  });

  test("waits for its turn: it has what the calls before it have done, and nothing of those after it", async () => {
    const session = await open();

    const [, twin] = await Promise.all([
      session.call("order", "note", [1]),
      session.fork(),
      session.call("order", "note", [2]),
    ]);

    expect(await twin.call("order", "notes")).toEqual([1]);
  });

  test("prints under its own name", async () => {
    const session = await open();
    const twin = await session.fork();
    const line = nextEvent(engine(), "session-log", (event) => event.session === twin.id);

    await twin.call("printer", "many", [1]);

    expect(await line).toMatchObject({ pid: twin.pid, line: "line 0" });
  });

  test("is told as the start and the stop of a session, with what it is a fork of", async () => {
    const own = await testEngine();
    const session = await own.session({ id: "a" });
    const events = record(own, "session-start", "session-stop");

    const twin = await session.fork({ id: "b" });
    await twin.close();

    expect(events).toEqual([
      {
        name: "session-start",
        event: { session: "b", pid: twin.pid, durationMs: expect.any(Number), forkOf: "a" },
      },
      { name: "session-stop", event: { session: "b", pid: twin.pid, durationMs: expect.any(Number) } },
    ]);
  });
});

describe("refs in a fork", () => {
  test("mean the same objects, with a future of their own", async () => {
    const session = await open();
    const model = await session.create("model", "Model");
    await model.call("fit", [[1, 2]]);
    const twin = await session.fork();

    await model.in(twin).call("fit", [[10]]);

    expect(await model.get("sum_")).toBe(3);
    expect(await model.in(twin).get("sum_")).toBe(10);
    expect(await twin.call("model", "sum_of", [model.in(twin)])).toBe(10);
  });

  test("can be asked for through any number of forks", async () => {
    const session = await open();
    const model = await session.create("model", "Model", [], { kwargs: { rate: 3 } });

    const grandchild = await (await session.fork()).fork();

    expect(await model.in(grandchild).call("predict", [2])).toBe(6);
  });

  test("that were made without waiting before the fork are there", async () => {
    const session = await open();

    const [model, twin] = await Promise.all([session.create("model", "Model"), session.fork()]);

    expect(await model.in(twin).get("sum_")).toBe(0);
  });

  test("live on in the fork when they are released in the session, and the other way round", async () => {
    const session = await open();
    const [one, two] = await Promise.all([
      session.create("model", "Model"),
      session.create("model", "Model"),
    ]);
    const twin = await session.fork();

    one.release();
    two.in(twin).release();

    expect(await one.in(twin).get("sum_")).toBe(0);
    expect(await two.get("sum_")).toBe(0);
  });

  test("of the session itself are refused in the fork, and those from after it are not there", async () => {
    const session = await engine().session({ id: "origin" });
    const before = await session.create("model", "Model");
    const twin = await session.fork({ id: "later twin" });
    const after = await session.create("model", "Model");

    await rejection(twin.call("model", "sum_of", [before]), RefError);

    expect(() => after.in(twin)).toThrow(
      "session later twin has no copy of the model.Model of session origin: expected a fork of origin that was made while this ref was held",
    );
  });
});

describe("several forks at once", () => {
  test("have the same state, each for itself", async () => {
    const session = await open();
    await session.call("counter", "increment");

    const forks = await session.fork({ count: 5 });

    expect(new Set(forks.map(({ pid }) => pid)).size).toBe(5);
    expect(await Promise.all(forks.map((fork) => fork.call("counter", "increment")))).toEqual(
      Array(5).fill(2),
    );
  });
});
