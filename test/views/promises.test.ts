import { type Session, view } from "slither-ts";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { askingSession } from "./sessions.js";

/** By then the storage of questions is switched off. */
const REST_MS = 1_000;

/** Whether Node carries storages through promises: it marks each of them then. */
function areCarried(): boolean {
  return Object.getOwnPropertySymbols(Promise.resolve()).length > 0;
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
});

afterEach(() => {
  vi.advanceTimersByTime(REST_MS);
  vi.useRealTimers();
});

test.each<[string, () => unknown]>([
  ["at once", () => 1],
  ["with a promise", async () => 1],
  [
    "with an error",
    () => {
      throw new Error("no");
    },
  ],
  ["too late", () => new Promise(() => {})],
])("promises cost no more, soon after a view has answered %s, than before", async (_, answer) => {
  let asked!: () => void;
  const isAsked = new Promise<void>((resolve) => {
    asked = resolve;
  });
  const asking = view(
    "asked",
    () => {
      setImmediate(asked);
      return answer();
    },
    { timeout: 20 },
  );
  const session = await askingSession([asking]);
  const before = areCarried();

  const call = session.call("m", "caught", ["asked"]);
  await isAsked;
  vi.advanceTimersByTime(20);
  await call;
  vi.advanceTimersByTime(REST_MS);
  // Node does so behind the promises that are under way.
  await new Promise((resolve) => setImmediate(resolve));

  expect({ before, after: areCarried() }).toEqual({ before: false, after: false });
});

test("a question that is answered while another is open leaves that one known to what it does", async () => {
  let asked!: () => void;
  const isAsked = new Promise<void>((resolve) => {
    asked = resolve;
  });
  let answerSlow!: () => void;
  const mayAnswer = new Promise<void>((resolve) => {
    answerSlow = resolve;
  });
  const slow = view("slow", async () => {
    asked();
    await mayAnswer;
    return session.call("m", "ask", ["quick"]);
  });
  const session: Session = await askingSession([slow, view("quick", () => 1)]);
  const other = await askingSession([view("quick", () => 1)]);

  const answer = session.call("m", "caught", ["slow"]);
  await isAsked;
  await other.call("m", "ask", ["quick"]);
  vi.advanceTimersByTime(REST_MS);
  answerSlow();

  expect(await answer).toMatch(/^ViewRefusedError: /);
});
