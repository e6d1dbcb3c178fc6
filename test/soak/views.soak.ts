import { setTimeout as delay } from "node:timers/promises";
import { batchView, CallTimeoutError, pipe, type Session, view } from "slither-ts";
import { expect, onTestFinished, test } from "vitest";
import { testEngine } from "../helpers/engine.js";
import { printedRandom } from "./random.js";

const SESSIONS = 6;
const QUESTIONS_EACH = 2_000;
const RECORDS = 50_000;

test(`${SESSIONS} sessions with ${QUESTIONS_EACH} questions each, some of which are late, fail, are cancelled or cross: each answer is that of its question`, async () => {
  const random = printedRandom();
  const heard: unknown[] = [];
  const hear = (reason: unknown): void => void heard.push(reason);
  process.on("unhandledRejection", hear);
  onTestFinished(() => void process.off("unhandledRejection", hear));
  const sessions: Session[] = [];
  const engine = await testEngine({
    limits: { cancelGrace: "5s" },
    views: [
      view("own", async ({ key }: { key: number }, { session }) => {
        if (key % 2 === 0) await delay(key % 3);
        return `${session} ${key}`;
      }),
      batchView<number>("all", (keys, { session }) => keys.map((key) => `${session} ${key}`)),
      view("fails", ({ key }: { key: number }) => Promise.reject(new Error(`no ${key}`))),
      view(
        "late",
        ({ key }, { signal }) =>
          new Promise((resolve) => signal.addEventListener("abort", () => resolve(`late ${key}`))),
        { timeout: 5 },
      ),
      view("endless", () => new Promise(() => {})),
      view("crosses", ({ key, other }: { key: number; other: number }) =>
        (sessions[other] as Session).call("asking", "caught", ["own", { key }]),
      ),
    ],
  });
  for (let index = 0; index < SESSIONS; index++)
    sessions.push(await engine.session({ id: `s${index}`, setup: () => {} }));
  const counts: Record<string, number> = {};
  const ask = async (place: number, key: number): Promise<string> => {
    const session = sessions[place] as Session;
    const caught = (name: string, params: object, options = {}): Promise<unknown> =>
      session.call("asking", "caught", [name, params], options);
    const kind = random.below(100);
    if (kind < 50) {
      expect(await caught("own", { key })).toBe(`s${place} ${key}`);
      return "own";
    }
    if (kind < 75) {
      const keys = Array.from({ length: random.below(50) }, (_, index) => key + index);
      expect(await caught("all", { keys })).toEqual(keys.map((each) => `s${place} ${each}`));
      return "all";
    }
    if (kind < 85) {
      expect(await caught("fails", { key })).toBe(`ViewError: no ${key}`);
      return "fails";
    }
    if (kind < 90) {
      expect(await caught("late", { key })).toBe('ViewTimeoutError: view "late" took longer than 5 ms');
      return "late";
    }
    if (kind < 95) {
      const error = await caught("endless", {}, { timeout: 5 + random.below(20) }).catch((thrown) => thrown);
      expect(error).toBeInstanceOf(CallTimeoutError);
      return `endless, ${(error as CallTimeoutError).fate}`;
    }
    const other = random.below(SESSIONS);
    const answer = await caught("crosses", { key, other });
    if (answer === `s${other} ${key}`) return "crosses";
    // Its own session, or one that waits for it at this moment.
    expect(answer).toMatch(/^ViewRefusedError: view "crosses" cannot wait for/);
    return "crosses, refused";
  };

  await Promise.all(
    sessions.map(async (_, place) => {
      for (let key = 0; key < QUESTIONS_EACH; key++) {
        const fate = await ask(place, key);
        counts[fate] = (counts[fate] ?? 0) + 1;
      }
    }),
  );
  console.log(JSON.stringify(counts));

  expect(heard).toEqual([]);
  expect(counts["endless, killed"]).toBeUndefined();
});

test(`a run of ${RECORDS} records on replicas gives each record the answer to its question`, async () => {
  const engine = await testEngine();
  const session = await engine.session({ setup: () => {} });
  const doubled = batchView<number>("price", async (keys) => {
    await delay(keys.length % 3);
    return keys.map((key) => key * 2);
  });
  const priced = pipe<number>("priced").python<number>("price", {
    module: "asking",
    function: "ask_all",
    batch: { size: 97 },
    views: [doubled],
  });

  let position = 0;
  const run = priced.run(Array.from({ length: RECORDS }).keys(), { session, replicas: 2 });
  for await (const { payload } of run) {
    if (payload !== position * 2) expect.fail(`record ${position}: expected ${position * 2}, got ${payload}`);
    position += 1;
  }

  expect(position).toBe(RECORDS);
});
