import { SessionRolledBackError } from "../errors/session.js";
import type { PipePlan } from "../plan/plan.js";
import type { Session } from "../session/session.js";
import { StageFailure } from "../stage/contract.js";
import type { Chain } from "./chain.js";

export interface StateWatch {
  /** Set when the state was lost. */
  readonly lost: StageFailure | undefined;
  end(): void;
}

/**
 * Stops a run with a stateful stage when its session went back to an earlier state between two of its batches: the next one must not be sent to that
 * state, whoever else is told of it, and also where nobody is to be told.
 */
export function watchState(
  session: Session | undefined,
  plan: PipePlan,
  chain: Pick<Chain, "stop">,
): StateWatch | undefined {
  const stateful = plan.stages.find((stage) => stage.kind === "python" && stage.stateful);
  if (session === undefined || stateful === undefined) return undefined;
  let lost: StageFailure | undefined;
  const end = session.events.on("session-recovery", (event) => {
    if (event.session !== session.id || event.lostCount === 0) return;
    const { lostCalls: calls, lostCount: count, from } = event;
    const cause = new SessionRolledBackError(session.id, { calls, count, from }, event.error);
    lost ??= new StageFailure(stateful.name, cause);
    chain.stop(lost);
  });
  return {
    get lost() {
      return lost;
    },
    end,
  };
}
