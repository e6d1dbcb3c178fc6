import { setTimeout as delay } from "node:timers/promises";
import { CallAbortedError, type Session } from "slither-ts";
import { expect, test } from "vitest";
import { testEngine } from "../helpers/engine.js";
import { printedRandom } from "./random.js";

const CANCELS = 200;
const KINDS = ["LogisticRegression", "RandomForest", "HistGradientBoosting"] as const;
const SEED = 42;

type Kind = (typeof KINDS)[number];

/** The digest of a fit. */
function fitted(session: Session, kind: Kind, signal?: AbortSignal): Promise<string> {
  return session.call("fits", "fit", [kind, SEED], { signal, idempotent: true });
}

test(`${CANCELS} cancels of scikit-learn at random moments: the next call is right, and the next fit is the same to the last bit`, async () => {
  const random = printedRandom();
  const engine = await testEngine({
    preload: ["sklearn.linear_model", "sklearn.ensemble"],
    limits: { cancelGrace: "50ms" },
  });
  const undisturbed = await engine.session();
  const expected = new Map<Kind, { digest: string; durationMs: number }>();
  for (const kind of KINDS) {
    await fitted(undisturbed, kind);
    const began = performance.now();
    const digest = await fitted(undisturbed, kind);
    expected.set(kind, { digest, durationMs: performance.now() - began });
  }
  const session = await engine.session();
  await session.checkpoint();
  const fates: Record<string, number> = {};
  let cancels = 0;
  for (let index = 0; cancels < CANCELS; index++) {
    const kind = random.of(KINDS);
    const { digest, durationMs } = expected.get(kind) as { digest: string; durationMs: number };
    const controller = new AbortController();
    const fitting = fitted(session, kind, controller.signal).catch((error: unknown) => error);
    // The moment is what is tested: nothing is waited for.
    await delay(random.next() * durationMs);
    controller.abort(new Error("cancelled by the test"));
    const outcome = await fitting;
    if (outcome instanceof CallAbortedError) {
      cancels += 1;
      fates[outcome.fate] = (fates[outcome.fate] ?? 0) + 1;
    } else expect(outcome, "a fit that was through before it was cancelled").toBe(digest);
    expect(await session.call("conformance", "double", [[index]], { idempotent: true })).toEqual([index * 2]);
    expect(await fitted(session, kind), `the ${kind} after cancel ${index}`).toBe(digest);
  }
  const durations = [...expected].map(([kind, { durationMs }]) => `${kind} ${Math.round(durationMs)} ms`);
  console.log(`fits: ${durations.join(", ")}; ${CANCELS} cancels: ${JSON.stringify(fates)}`);
});
