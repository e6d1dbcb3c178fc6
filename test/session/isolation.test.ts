import { expect, test } from "vitest";
import { sharedEngine, testEngine } from "../helpers/engine.js";

const engine = sharedEngine();

test("the globals of a module live on from call to call", async () => {
  const session = await engine().session();

  await session.call("counter", "increment");
  await session.call("counter", "increment");

  expect(await session.call("counter", "increment")).toBe(3);
});

test("two sessions do not see each other's globals, under the same name and the same key", async () => {
  const [left, right] = await Promise.all([engine().session(), engine().session()]);

  await Promise.all([
    left.call("memory", "put", ["model", "left"]),
    right.call("memory", "put", ["model", "right"]),
  ]);

  expect(await left.call("memory", "get", ["model"])).toBe("left");
  expect(await right.call("memory", "get", ["model"])).toBe("right");
});

test("what one session put is not there in another", async () => {
  const [left, right] = await Promise.all([engine().session(), engine().session()]);

  await left.call("memory", "put", ["secret", 1]);

  expect(await right.call("memory", "get", ["secret"])).toBeNull();
});

test("each session is a process of its own, whose id it tells", async () => {
  const [left, right] = await Promise.all([engine().session(), engine().session()]);

  expect(await left.call("process", "pid")).toBe(left.pid);
  expect(await right.call("process", "pid")).toBe(right.pid);
  expect(new Set([left.pid, right.pid, process.pid]).size).toBe(3);
});

test("Python code can ask for the id of its session", async () => {
  const session = await engine().session({ id: "tenant 7/ü" });

  expect(await session.call("process", "session")).toBe("tenant 7/ü");
});

test("sessions without an id are numbered, past those that are taken", async () => {
  const own = await testEngine();

  await own.session({ id: "session-2" });
  const numbered = [await own.session(), await own.session()];

  expect(numbered.map(({ id }) => id)).toEqual(["session-1", "session-3"]);
});

test("an engine knows its open sessions by their ids", async () => {
  const own = await testEngine();
  const a = await own.session({ id: "a" });
  const b = await own.session({ id: "b" });

  expect([...own.sessions]).toEqual([
    ["a", a],
    ["b", b],
  ]);
  await a.close();
  expect([...own.sessions.keys()]).toEqual(["b"]);
});
