import { type Ref, RefError, type Session, SessionRolledBackError } from "slither-ts";
import { expect, test } from "vitest";
import { crash, kill, recovered } from "../helpers/crash.js";
import { sharedEngine } from "../helpers/engine.js";
import { printed } from "../helpers/events.js";
import { rejection } from "../helpers/rejection.js";

const engine = sharedEngine();

async function open(): Promise<Session> {
  return engine().session({ checkpoint: "manual", recovery: "accept-rollback" });
}

function fitted(session: Session): Promise<Ref> {
  return session.create("model", "Model", [], { kwargs: { rate: 2 } });
}

test("a ref that was held at the checkpoint means its object as it was then", async () => {
  const session = await open();
  const model = await fitted(session);
  await model.call("fit", [[1]]);
  await session.checkpoint();
  await model.call("fit", [[100]]);

  await crash(engine(), session);

  expect(await model.get("sum_")).toBe(1);
  expect(await model.call("fit", [[5]])).toBe(model);
});

test("a ref that was made after the checkpoint is refused, with the reason", async () => {
  const session = await open();
  await session.checkpoint();
  const late = await fitted(session);

  await crash(engine(), session);

  const error = await rejection(late.get("sum_"), RefError);
  expect(error.message).toBe(
    `session ${session.id}: the ref to the model.Model was made after the checkpoint that its session went back to, and cannot be used any more`,
  );
  expect(late.released).toBe(true);
});

test("making an object counts as a call that is lost", async () => {
  const session = await engine().session({ checkpoint: "manual" });
  await session.checkpoint();
  await session.create("model", "Model", [], { idempotent: true });

  await crash(engine(), session);

  const { lostCalls } = await rejection(session.call("echo", "echo"), SessionRolledBackError);
  expect(lostCalls).toEqual(["model.Model"]);
});

test("an object that was released after the checkpoint does not come back", async () => {
  const session = await open();
  const held = await session.create("builtins", "set");
  const weak = await session.create("weakref", "ref", [held]);
  await session.checkpoint();
  held.release();

  await crash(engine(), session);

  expect(await weak.call("")).toBeNull();
});

test("a call that waits with a ref from after the checkpoint does not get an object that has its number since", async () => {
  const session = await open();
  await session.checkpoint();
  const late = await fitted(session);
  const holding = printed(engine(), "holding");
  const running = session.call("gate", "hold").catch(() => {});
  const other = fitted(session);
  const waiting = rejection(late.call("fit", [[7]]), RefError);
  await holding;
  const back = recovered(engine(), session);

  kill(session);

  await Promise.all([running, waiting, back]);
  expect((await other).id).toBe(late.id);
  expect(await (await other).get("sum_")).toBe(0);
});

test("a release that waits does not let go of an object that has the number since", async () => {
  const session = await open();
  await session.checkpoint();
  const late = await fitted(session);
  const holding = printed(engine(), "holding");
  const running = session.call("gate", "hold").catch(() => {});
  const other = fitted(session);
  late.release();
  await holding;

  kill(session);

  await running;
  expect((await other).id).toBe(late.id);
  expect(await (await other).get("sum_")).toBe(0);
});

test("a ref that is made and then kept, without waiting in between, is held at the checkpoint", async () => {
  const session = await open();
  const [model] = await Promise.all([fitted(session), session.checkpoint()]);

  await crash(engine(), session);

  expect(await model.get("sum_")).toBe(0);
});

test("a ref whose call was given up, and came to its end all the same, holds nothing", async () => {
  const session = await open();
  const swallowing = printed(engine(), "swallowing");
  const controller = new AbortController();
  const call = session
    .create("stubborn", "swallow_and_make", [], { signal: controller.signal })
    .catch(() => {});
  await swallowing;
  controller.abort();
  await call;

  expect(await session.call("stubborn", "is_alive")).toBe(false);
});
