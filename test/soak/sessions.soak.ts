import { expect, test } from "vitest";
import { testEngine } from "../helpers/engine.js";
import { isAlive } from "../helpers/processes.js";

const SESSIONS = 50;

test(`${SESSIONS} sessions at once count in the same global of the same module, each for itself`, async () => {
  const engine = await testEngine();
  const sessions = await Promise.all(Array.from({ length: SESSIONS }, () => engine.session()));
  const counts = await Promise.all(
    sessions.map(async (session, index) => {
      for (let call = 0; call < index; call++) await session.call("counter", "increment");
      return session.call("counter", "increment");
    }),
  );
  expect(counts).toEqual(Array.from({ length: SESSIONS }, (_, index) => index + 1));
  expect(new Set(sessions.map((session) => session.pid)).size).toBe(SESSIONS);
});

test("300 sessions that were opened, used and closed leave no process", async () => {
  const engine = await testEngine();
  const pids: number[] = [];
  for (let round = 0; round < 30; round++) {
    const sessions = await Promise.all(Array.from({ length: 10 }, () => engine.session()));
    for (const session of sessions) pids.push(session.pid as number);
    await Promise.all(sessions.map((session) => session.call("counter", "increment")));
    await Promise.all(sessions.map((session) => session.close()));
  }
  expect(pids.filter(isAlive)).toEqual([]);
});
