import type { PipePlan } from "../plan/plan.js";
import type { Session } from "../session/session.js";
import type { View } from "../views/view.js";

/**
 * What the Python of each stage may ask, by the name of the stage: those that list views.
 *
 * @throws OptionsError for a name that neither the session nor its engine knows.
 */
export function viewsOfStages(
  plan: PipePlan,
  session: Session | undefined,
): ReadonlyMap<string, ReadonlyMap<string, View>> {
  const found = new Map<string, ReadonlyMap<string, View>>();
  if (session === undefined) return found;
  for (const stage of plan.stages) {
    if (stage.kind !== "python" || stage.views === undefined) continue;
    const where = `pipe ${plan.name}: run()`;
    found.set(stage.name, session.lifecycle.views.listed(where, stage.name, stage.views));
  }
  return found;
}
