// Checked by tsc alone: an error that is expected and does not come is an error itself.
import type { Engine, EngineEvents, Run, RunEvents, RunStatus, SessionEvents } from "slither-ts";
import { expectTypeOf } from "vitest";

declare const engine: Engine;
declare const run: Run;

interface Batch {
  run: string;
  pipe: string;
  session: string | undefined;
  stage: string;
  batch: number;
  size: number;
  probe: boolean;
}

// What a listener is given is known field by field.
expectTypeOf<RunEvents["batch-start"]>().toEqualTypeOf<Batch>();
expectTypeOf<RunEvents["batch-failure"]["error"]>().toEqualTypeOf<unknown>();
expectTypeOf<RunEvents["run-stop"]["status"]>().toEqualTypeOf<RunStatus>();
expectTypeOf<SessionEvents["session-start"]>().toEqualTypeOf<{
  session: string;
  pid: number | undefined;
  durationMs: number;
  forkOf: string | undefined;
}>();

engine.on("batch-stop", (event) => expectTypeOf(event).toEqualTypeOf<EngineEvents["batch-stop"]>());
engine.on("session-log", ({ stream }) => expectTypeOf(stream).toEqualTypeOf<"stdout" | "stderr">());

run.on("stage-start", ({ kind }) => expectTypeOf(kind).toEqualTypeOf<RunEvents["stage-start"]["kind"]>());
// @ts-expect-error: there is no such event.
run.on("batch-end", () => {});
// @ts-expect-error: a run does not tell of sessions.
run.on("session-start", () => {});
// @ts-expect-error: there is no such field.
run.on("run-start", ({ durationMs }) => durationMs);
