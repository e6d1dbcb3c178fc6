import { ForkRefusedError } from "slither-ts";
import { expect, test } from "vitest";
import { testEngine } from "../helpers/engine.js";
import { nextEvent } from "../helpers/events.js";
import { rejection } from "../helpers/rejection.js";
import { makeGate } from "../helpers/temporary.js";

test("work that was left in joblib's pool skips the checkpoint, and keeps nobody waiting", async () => {
  const engine = await testEngine();
  const session = await engine.session({ id: "a" });
  const gate = makeGate();
  const skipped = nextEvent(engine, "session-checkpoint-skip");

  await session.call("process_pool", "submit", [gate.path]);

  const { reason } = await skipped;
  expect(reason).toContain("your code left work in joblib's pool of processes that is not done yet");
  expect((await rejection(session.checkpoint(), ForkRefusedError)).message).toContain(reason);
  expect(session.state).toBe("ready");

  await gate.open();
  expect(await session.call("process_pool", "result")).toBe("through");
  await session.checkpoint();
  expect(session.state).toBe("ready");
});
