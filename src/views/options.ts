import { z } from "zod";
import { instance } from "../options/fields.js";
import { View, viewName } from "./view.js";

const VIEW_EXPECTED = "a view, made by view() or batchView()";

/** The views of a session, or of an engine: no two of them with the same name. */
export const viewList = z
  .array(instance(View, VIEW_EXPECTED), { error: "an array of views" })
  .superRefine(refuseTwins)
  .readonly();

/** The views of a stage, or their names. */
export const stageViewList = z
  .array(
    z.union([instance(View, VIEW_EXPECTED), viewName], { error: `${VIEW_EXPECTED}, or the name of one` }),
    {
      error: "an array of views, or of their names",
    },
  )
  .superRefine(refuseTwins)
  .readonly();

/** Which of two would answer nobody could tell. A view beside its own name is one view. */
function refuseTwins(views: readonly (View | string)[], context: z.RefinementCtx): void {
  const named = new Map<string, View>();
  for (const [index, view] of views.entries()) {
    if (!(view instanceof View)) continue;
    const twin = named.get(view.name);
    if (twin !== undefined && twin !== view) {
      const message = `a view with a name of its own (\`${view.name}\` is there twice)`;
      context.addIssue({ code: "custom", message, path: [index] });
    }
    named.set(view.name, view);
  }
}
