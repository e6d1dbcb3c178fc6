import type { PipeHaltedError, Session } from "slither-ts";
import { describe, expect, test } from "vitest";
import { sharedEngine } from "../helpers/engine.js";
import { printed } from "../helpers/events.js";
import { makeGate } from "../helpers/temporary.js";
import { type Fated, FUSED_STAGES, fatedUpTo, labelsOf, scoring } from "./fused-pipes.js";
import { upTo } from "./inputs.js";
import { consume, expectBalance, haltOf } from "./runs.js";

const engine = sharedEngine();

describe.each(FUSED_STAGES)("a run that is ended while $stage is at work on a batch", ({ stage, fate }) => {
  /** Hangs at 7, with five records answered before. */
  async function hanging(session: Session, signal?: AbortSignal) {
    const run = scoring().run(fatedUpTo(12, { 7: { [fate]: "hang" } }), { session, signal });
    return { run, hangs: printed(engine(), "hanging at 7") };
  }

  test("by an abort is told why, and what was answered is in the books", async () => {
    const session = await engine().session();
    const controller = new AbortController();
    const { run, hangs } = await hanging(session, controller.signal);
    const consumed = consume(run);
    await hangs;
    const reason = new Error("the client went away");
    controller.abort(reason);
    const { items, thrown } = await consumed;
    expect(items.map(({ payload }) => payload)).toEqual(labelsOf(upTo(5)));
    expect(thrown).toMatchObject({ status: "aborted", cause: reason });
    expectBalance((thrown as PipeHaltedError).ledger);
  });

  test("because its consumer leaves does not wait for it, and the session goes on", async () => {
    const session = await engine().session();
    const { run, hangs } = await hanging(session);
    for await (const item of run) {
      if (item.id !== 4) continue;
      await hangs;
      break;
    }
    const { status, ledger } = await run.done;
    expect(status).toBe("stopped");
    expect(ledger).toMatchObject({ out: 5, rejected: 0 });
    expectBalance(ledger);
    expect(await session.call("fused", "pid")).toBe(session.pid);
  });

  test("by a drain finishes the batch first", async () => {
    const session = await engine().session();
    const gate = makeGate();
    async function* input(): AsyncGenerator<Fated> {
      yield* fatedUpTo(5, { 3: { [fate]: `wait: ${gate.path}` } });
      await new Promise(() => {});
    }
    const waits = printed(engine(), "waiting at 3");
    const run = scoring().run(input(), { session });
    const collecting = run.collect();
    await waits;
    run.drain();
    await gate.open();
    const { outputs, status, ledger } = await collecting;
    expect(outputs.default.map(({ payload }) => payload)).toEqual(labelsOf(upTo(5)));
    expect(status).toBe("stopped");
    expectBalance(ledger);
  });

  test("by its deadline is halted in that stage", async () => {
    const session = await engine().session();
    const run = scoring({ timeouts: { [stage]: "300ms" } }).run(fatedUpTo(12, { 7: { [fate]: "hang" } }), {
      session,
    });
    const error = await haltOf(run);
    expect(error).toMatchObject({ stage, cause: { code: "SLITHER_CALL_TIMEOUT", timeoutMs: 300 } });
    expect(error.message).toContain(`fused.${stage} took longer than 300 ms`);
    expectBalance(error.ledger);
  });
});
