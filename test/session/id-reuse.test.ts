import { OptionsError, type Session, WorkerDiedError } from "slither-ts";
import { expect, test } from "vitest";
import { testEngine } from "../helpers/engine.js";
import { rejection } from "../helpers/rejection.js";
import { makeGate } from "../helpers/temporary.js";

test("an opening that fails leaves the id to the one that has taken it meanwhile", async () => {
  const engine = await testEngine();
  const gate = makeGate();
  let second: Promise<Session> | undefined;
  engine.on("session-failure", () => {
    second ??= engine.session({ id: "a", setup: (session) => session.call("gate", "wait", [gate.path]) });
  });
  const first = engine.session({ id: "a", setup: (session) => session.call("killer", "kill_self") });
  await rejection(first, WorkerDiedError);

  const error = await rejection(engine.session({ id: "a" }), OptionsError);

  expect(error.message).toContain('got "a", which is open');
  await gate.open();
  expect(engine.sessions.get("a")).toBe(await second);
});
