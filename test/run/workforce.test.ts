import { expect, test } from "vitest";
import { enlist, type Workforce } from "../../src/run/workforce.js";
import type { Executor } from "../../src/session/replicas.js";
import type { Session } from "../../src/session/session.js";
import { quiet } from "../dispatch/deferred.js";
import { batchRequest } from "../helpers/batch-request.js";
import { rejection } from "../helpers/rejection.js";
import { type ScriptedWorker, scriptedEngine } from "../pipe/scripted-engine.js";

function enlisted(session: Session | undefined, replicas?: number): Promise<Workforce> {
  const use = { drain: () => {}, done: Promise.resolve() };
  return enlist({ session, replicas, use, signal: new AbortController().signal });
}

function ask(probes: Executor | undefined): Promise<unknown> {
  const options = { owner: "run", attempts: 1, changesState: false };
  const asked = (probes as Executor).execute(batchRequest([1]), { target: "model.predict" }, options);
  asked.catch(() => {});
  return asked.then(({ batch }) => batch?.results);
}

/** The worker that was sent something. */
async function asked(workers: readonly ScriptedWorker[]): Promise<ScriptedWorker | undefined> {
  await quiet();
  return workers.find(({ sent }) => sent.length > 0);
}

test("a run without a session has no probes", async () => {
  expect((await enlisted(undefined)).probes).toBeUndefined();
});

test("a run has probes of its session, which end before it is dismissed", async () => {
  const { engine, workers } = scriptedEngine({ forks: true });
  const session = await engine.session({ id: "a" });
  await session.checkpoint();
  const { probes, dismiss } = await enlisted(session);
  const asking = ask(probes);
  const probe = await asked(workers);
  expect(probe?.pid).not.toBe(session.pid);

  await dismiss();

  expect(await rejection(asking, Error)).toMatchObject({ code: "SLITHER_CALL_ABORTED", session: "a" });
  expect(probe?.killed).toBe(true);
  expect(session.state).toBe("ready");
});

test("a run with replicas has probes of what the replicas are copies of", async () => {
  const { engine, workers } = scriptedEngine({ forks: true });
  const session = await engine.session({ id: "a", checkpoint: "manual" });
  const { probes, executor, dismiss } = await enlisted(session, 2);
  const before = workers.length;

  const asking = ask(probes);
  const probe = await asked(workers);

  expect(executor?.width).toBe(2);
  expect(workers.indexOf(probe as ScriptedWorker)).toBe(before);
  probe?.answer(0);
  expect(await asking).toEqual([1]);
  await dismiss();
  expect(workers.filter(({ dead }) => !dead)).toEqual([workers[0]]);
});
