import { ForkRefusedError, pipe, type Session, type SessionOptions } from "slither-ts";
import { describe, expect, test } from "vitest";
import { kept, recovered } from "../helpers/crash.js";
import { sharedEngine } from "../helpers/engine.js";
import { nextEvent, record } from "../helpers/events.js";
import { killed } from "./killed.js";
import { payloadsOf } from "./runs.js";

const engine = sharedEngine();

const doubling = pipe<number>("doubling").python<number>("double", {
  module: "batch_fate",
  function: "double",
  batch: { size: 2 },
});

/** Ends a session's process together with its checkpoint: what is left to it is its setup. */
function killWithCheckpoint(session: Session, checkpoint: number | undefined): void {
  process.kill(checkpoint as number, "SIGKILL");
  process.kill(session.pid as number, "SIGKILL");
}

describe("a setup that runs a pipe on its session", () => {
  test("brings it back, and has its state kept when it is over", async () => {
    const first = kept(engine(), "runs");
    const outputs: unknown[] = [];
    const session = await engine().session({
      id: "runs",
      setup: async (session) => {
        outputs.push(await payloadsOf(doubling.run([1, 2, 3], { session })));
      },
    });
    const { pid } = await first;
    const back = recovered(engine(), session);
    const again = kept(engine(), "runs");

    killWithCheckpoint(session, pid);

    expect((await back).from).toBe("setup");
    expect(await session.call("echo", "echo", [1])).toBe(1);
    expect(outputs).toEqual([
      [2, 4, 6],
      [2, 4, 6],
    ]);
    await again;
  });

  test("does not have it kept where that is not automatic", async () => {
    const checkpoints = record(engine(), "session-checkpoint");
    const session = await engine().session({
      id: "manual",
      checkpoint: "manual",
      setup: (session) => doubling.run([1], { session }).collect(),
    });

    await killed(engine(), session);
    await session.call("echo", "echo", [], { idempotent: true });

    expect(checkpoints.filter(({ event }) => event.session === "manual")).toEqual([]);
  });

  test("with replicas is refused when it runs again: they would have no state yet", async () => {
    let times = 0;
    const setup: SessionOptions["setup"] = async (session) => {
      times += 1;
      if (times > 1) await doubling.run([1, 2, 3], { session, replicas: 2 }).collect();
    };
    const session = await engine().session({ checkpoint: "manual", setup });
    const failure = nextEvent(engine(), "session-failure", (event) => event.session === session.id);

    process.kill(session.pid as number, "SIGKILL");

    const { error } = await failure;
    expect(error).toMatchObject({ cause: expect.any(ForkRefusedError) });
    expect(error).toMatchObject({ cause: { reason: "its setup is running again" } });
  });
});
