import { pipe, type Session, ViewRefusedError } from "slither-ts";
import { expect, test } from "vitest";
import { rejection } from "../helpers/rejection.js";
import { Deeds, does, own } from "./deeds.js";

const copied = pipe<number>("copied").python("s", { module: "m", function: "ask_all" });

async function deedsOfA(): Promise<{ deeds: Deeds; session: Session }> {
  const deeds = new Deeds();
  return { deeds, session: await deeds.engine.session({ id: "a" }) };
}

test.each([
  ["halts", copied],
  ["rejects", copied.onError("*", "reject")],
])(
  "a run on the session that asks, whose pipe %s what fails, is told to Python as the refusal",
  async (_, run) => {
    const { deeds, session } = await deedsOfA();
    deeds.set("run", () => run.run([1], { session }).collect());

    expect(await does(session, "run")).toBe(own("a run"));
  },
);

test("a refusal that a handler wraps in an error of its own is told to Python as the refusal", async () => {
  const { deeds, session } = await deedsOfA();
  deeds.set("wrap", async () => {
    const cause = await rejection(session.call("m", "ask", ["do"]), ViewRefusedError);
    throw new Error("outer", { cause: new Error("inner", { cause }) });
  });

  expect(await does(session, "wrap")).toBe(own("m.ask"));
});

test("the refusal of an earlier question is no refusal of this one", async () => {
  const { deeds, session } = await deedsOfA();
  let earlier: unknown;
  deeds.set("keep", async () => {
    earlier = await rejection(session.call("m", "ask", ["do"]), ViewRefusedError);
  });
  deeds.set("throw", () => {
    throw new Error("because of then", { cause: earlier });
  });
  await does(session, "keep");

  expect(await does(session, "throw")).toBe("ViewError: because of then");
});

test("an error that is its own cause is told as it is", async () => {
  const { deeds, session } = await deedsOfA();
  deeds.set("throw", () => {
    const error = new Error("round and round");
    error.cause = error;
    throw error;
  });

  expect(await does(session, "throw")).toBe("ViewError: round and round");
});

test("a session that may not be closed in its own view stays open", async () => {
  const { deeds, session } = await deedsOfA();
  deeds.set("close", () => session.close());

  expect(await does(session, "close")).toBe(own("the end"));
  expect(session.state).toBe("ready");
  expect(await does(session, "nothing")).toBeNull();
});

test("a view may close another session", async () => {
  const { deeds, session } = await deedsOfA();
  const other = await deeds.engine.session({ id: "b" });
  deeds.set("close", () => other.close());

  expect(await does(session, "close")).toBeNull();
  expect(other.state).toBe("closed");
});

test("an engine that may not be drained in a view of one of its sessions goes on, and can be drained later", async () => {
  const deeds = new Deeds();
  await deeds.engine.session({ id: "first" });
  const session = await deeds.engine.session({ id: "a" });
  deeds.set("drain", () => deeds.engine.drain());

  expect(await does(session, "drain")).toBe(own("the last call"));
  expect(await does(session, "nothing")).toBeNull();
  await deeds.engine.drain();
  await expect(does(session, "nothing")).rejects.toThrow("it is draining");
});
