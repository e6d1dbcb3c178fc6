import { view } from "slither-ts";
import { expect, test } from "vitest";
import { testViews } from "./conformance.js";
import { asking, askingSession, inlineEngine } from "./sessions.js";

testViews("inline()", askingSession);

test("a session has its own views and those of its engine, and its own where both have the name", async () => {
  const engine = inlineEngine({
    modules: { asking },
    views: [view("here", () => "of the engine"), view("there", () => "of the engine")],
  });
  const own = await engine.session({ views: [view("here", () => "of the session")] });
  const other = await engine.session();

  expect(await own.call("asking", "ask", ["here"])).toBe("of the session");
  expect(await own.call("asking", "ask", ["there"])).toBe("of the engine");
  expect(await other.call("asking", "ask", ["here"])).toBe("of the engine");
});

test("a question that is asked when no call runs is refused", async () => {
  const asked: unknown[] = [];
  const session = await askingSession([view("late", () => asked.push("late"))]);

  await session.call("asking", "ask_later", ["late"]);
  await new Promise((resolve) => setImmediate(resolve));

  expect(asked).toEqual([]);
});

test("twenty sessions that ask at once each get their own answers", async () => {
  const engine = inlineEngine({
    modules: { asking },
    views: [
      view("who", async ({ key }: { key: number }, { session }) => {
        await new Promise((resolve) => setTimeout(resolve, key % 3));
        return `${session} ${key}`;
      }),
    ],
  });
  const ids = Array.from({ length: 20 }, (_, index) => `s${index}`);
  const sessions = await Promise.all(ids.map((id) => engine.session({ id })));
  const keys = Array.from({ length: 25 }, (_, index) => index);

  const answers = await Promise.all(
    sessions.map((session) =>
      Promise.all(keys.map((key) => session.call("asking", "ask", ["who", { key }]))),
    ),
  );

  expect(answers).toEqual(ids.map((id) => keys.map((key) => `${id} ${key}`)));
});
