import { EngineFullError, type Session } from "slither-ts";
import { expect, test } from "vitest";
import { batchRequest } from "../helpers/batch-request.js";
import { testEngine } from "../helpers/engine.js";
import { rejection } from "../helpers/rejection.js";
import { scriptedEngine } from "../pipe/scripted-engine.js";

const { signal } = new AbortController();

async function makeAndClose(session: Session, count: number): Promise<number> {
  const replicas = await session.replicas(count, signal);
  await replicas.close();
  return replicas.width;
}

test("replicas that are asked for twice at once do not block each other where each fits alone", async () => {
  const { engine } = scriptedEngine({ forks: true, maxProcesses: 5 });
  const session = await engine.session({ checkpoint: "manual", queueTimeout: "2s" });

  const widths = await Promise.all([makeAndClose(session, 3), makeAndClose(session, 3)]);

  expect(widths).toEqual([3, 3]);
});

test("replicas for which there can never be room with the process that keeps their state are refused at once", async () => {
  const { engine } = scriptedEngine({ forks: true, maxProcesses: 3 });
  const session = await engine.session({ checkpoint: "manual" });

  const error = await rejection(session.replicas(3, signal), EngineFullError);

  expect(error).toMatchObject({ limit: 3, wanted: 4, waitedMs: 0 });
});

test("replicas give back the room for a checkpoint that was made while they waited for theirs", async () => {
  const engine = await testEngine({ maxProcesses: 6, minIdle: 0 });
  const other = await engine.session();
  const session = await engine.session({ checkpoint: "manual" });
  await session.checkpoint();
  await session.call("counter", "increment");
  const waiting = session.replicas(3, signal);

  await session.checkpoint();
  await other.close();
  await waiting;

  expect((await engine.session({ queueTimeout: "20ms" })).state).toBe("ready");
});

test("replicas of a session that changes while they wait for room wait for room for its new state, too", async () => {
  const engine = await testEngine({ maxProcesses: 6, minIdle: 0 });
  const [first, second] = await Promise.all([engine.session(), engine.session()]);
  const session = await engine.session({ checkpoint: "manual" });
  await session.checkpoint();
  const waiting = session.replicas(3, signal);

  await session.call("counter", "increment");
  await first.close();
  await second.close();
  const replicas = await waiting;

  const request = batchRequest([1], "counter", "counts");
  const options = { attempts: 3, changesState: false, owner: "run" };
  const { batch } = await replicas.execute(request, { target: "counts" }, options);
  expect(batch?.results).toEqual([1]);
  await replicas.close();
});
