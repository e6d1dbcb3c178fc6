import { type Session, ViewRefusedError } from "slither-ts";
import { expect, test } from "vitest";
import { rejection } from "../helpers/rejection.js";
import { Deeds, does, own } from "./deeds.js";

test.each<[string, string, (session: Session) => Promise<unknown>]>([
  ["a call", "m.ask", (session) => session.call("m", "ask", ["do", { key: "" }])],
  ["the making of an object", "m.Asker", (session) => session.create("m", "Asker")],
  ["a fork", "a fork", (session) => session.fork()],
  ["a checkpoint", "a checkpoint", (session) => session.checkpoint()],
  ["the end", "the end", (session) => session.close()],
])("%s of the session that asks is refused", async (_, what, deed) => {
  const deeds = new Deeds();
  const session = await deeds.engine.session({ id: "a" });
  deeds.set("deed", () => deed(session));

  expect(await does(session, "deed")).toBe(own(what));
  expect(await session.call("m", "ask", ["do", { key: "nothing" }])).toBeNull();
});

test("methods and attributes of its objects are refused, letting go of them is not", async () => {
  const deeds = new Deeds();
  const session = await deeds.engine.session({ id: "a" });
  const asker = await session.create("m", "Asker");
  deeds.set("method", () => asker.call("ask", ["do"]));
  deeds.set("attribute", () => asker.get("ask"));
  deeds.set("release", () => [asker.release(), session.id, session.state].length);

  expect(await does(session, "method")).toBe(own("Object.ask"));
  expect(await does(session, "attribute")).toBe(own("Object.ask"));
  expect(await does(session, "release")).toBe(3);
});

test("a session that refuses calls while it is busy says why this one would wait", async () => {
  const deeds = new Deeds();
  const session = await deeds.engine.session({ id: "a", busy: "fail" });
  deeds.set("call", () => session.call("m", "ask", ["do"]));

  expect(await does(session, "call")).toBe(own("m.ask"));
});

test("a handler may call another session, whose Python asks views in turn", async () => {
  const deeds = new Deeds();
  const [a, b] = (await Promise.all(["a", "b"].map((id) => deeds.engine.session({ id })))) as [
    Session,
    Session,
  ];
  deeds.set("ask b", () => does(b, "answer"));
  deeds.set("answer", () => 42);

  expect(await does(a, "ask b")).toBe(42);
});

test("a circle of two sessions is refused where it would close, with its way", async () => {
  const deeds = new Deeds();
  const [a, b] = (await Promise.all(["a", "b"].map((id) => deeds.engine.session({ id })))) as [
    Session,
    Session,
  ];
  deeds.set("ask b", () => does(b, "ask a"));
  deeds.set("ask a", () => does(a, "nothing"));

  expect(await does(a, "ask b")).toBe(
    'ViewRefusedError: view "do" cannot wait for m.caught of session a: session b waits for its answer, and session a, through "do", for session b; ask another session, or give what the view needs along with the question',
  );
});

test("a circle of calls that began apart is refused where it would close", async () => {
  const deeds = new Deeds();
  const [a, b] = (await Promise.all(["a", "b"].map((id) => deeds.engine.session({ id })))) as [
    Session,
    Session,
  ];
  let meet!: () => void;
  const bothAsk = new Promise<void>((resolve) => {
    meet = resolve;
  });
  let asking = 0;
  const whenBothAsk = async (): Promise<void> => {
    asking += 1;
    if (asking === 2) meet();
    await bothAsk;
  };
  deeds.set("a calls b", () => whenBothAsk().then(() => does(b, "nothing")));
  deeds.set("b calls a", () => whenBothAsk().then(() => does(a, "nothing")));

  const answers = await Promise.all([does(a, "a calls b"), does(b, "b calls a")]);

  // Whoever comes last is refused, and the other has its answer then.
  expect(answers.filter((answer) => answer === null)).toHaveLength(1);
  expect(answers.find((answer) => answer !== null)).toMatch(
    /^ViewRefusedError: .* cannot wait for m\.caught/,
  );
});

test("a session that is busy without a question is waited for", async () => {
  const deeds = new Deeds();
  const [a, b] = (await Promise.all(["a", "b"].map((id) => deeds.engine.session({ id })))) as [
    Session,
    Session,
  ];
  deeds.set("ask b", () => does(b, "nothing"));

  const [, answer] = await Promise.all([does(b, "nothing"), does(a, "ask b")]);

  expect(answer).toBeNull();
});

test("what a handler does after its answer may use the session", async () => {
  const deeds = new Deeds();
  const session = await deeds.engine.session({ id: "a" });
  let later!: Promise<unknown>;
  deeds.set("later", () => {
    later = new Promise((resolve) => setImmediate(resolve)).then(() => does(session, "nothing"));
    return "answered";
  });

  expect(await does(session, "later")).toBe("answered");
  expect(await later).toBeNull();
});

test("the refusal is a ViewRefusedError in the handler, which may go on without", async () => {
  const deeds = new Deeds();
  const session = await deeds.engine.session({ id: "a" });
  deeds.set("try", async () => {
    const error = await rejection(session.call("m", "ask", ["do"]), ViewRefusedError);
    return error.view;
  });

  expect(await does(session, "try")).toBe("do");
});

test("setup that runs again after a crash cannot be waited for by the view that it asks", async () => {
  const deeds = new Deeds();
  const seen: unknown[] = [];
  const session: Session = await deeds.engine.session({
    id: "a",
    setup: async (state) => {
      seen.push(await does(state, "call it"));
    },
  });
  deeds.set("call it", () => session.call("m", "ask", ["do"]));

  await session.call("signal", "raise_signal", [9]).catch(() => {});
  await does(session, "nothing");

  expect(seen).toEqual([null, own("m.ask")]);
});
