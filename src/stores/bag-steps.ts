import { isDeepStrictEqual } from "node:util";
import { type Values, withoutFirst } from "./bag-values.js";

/** A part of what a write makes of the values of a key. */
export type BagStep =
  /** Whatever there was. */
  | { readonly kind: "set"; readonly values: Values }
  | { readonly kind: "add"; readonly values: Values }
  /** Takes out the first that equals it, so many times. */
  | { readonly kind: "remove"; readonly value: unknown; readonly times: number };

/** What steps make of the values that are present: these themselves, where nothing is changed. */
export function stepped(present: Values, steps: readonly BagStep[]): Values {
  let values = present;
  for (const step of steps) values = afterStep(values, step);
  return values;
}

/** The steps of two writes, the one after the other, as few as can be: what is set makes those before it pointless. */
export function joined(before: readonly BagStep[], after: readonly BagStep[]): readonly BagStep[] {
  const steps = [...before];
  for (const step of after) {
    if (step.kind === "set") steps.length = 0;
    const last = steps.pop();
    if (last === undefined) steps.push(step);
    else steps.push(...joinedSteps(last, step));
  }
  return steps;
}

function joinedSteps(last: BagStep, step: BagStep): readonly BagStep[] {
  if (last.kind === "set") return [{ kind: "set", values: afterStep(last.values, step) }];
  if (last.kind === "add" && step.kind === "add")
    return [{ kind: "add", values: [...last.values, ...step.values] }];
  if (last.kind === "remove" && step.kind === "remove" && isDeepStrictEqual(last.value, step.value))
    return [{ ...last, times: last.times + step.times }];
  return [last, step];
}

function afterStep(values: Values, step: BagStep): Values {
  switch (step.kind) {
    case "set":
      return step.values;
    case "add":
      return [...values, ...step.values];
    case "remove":
      return withoutFirstOf(values, step);
  }
}

function withoutFirstOf(values: Values, { value, times }: { value: unknown; times: number }): Values {
  let left = values;
  for (let time = 0; time < times; time += 1) {
    const next = withoutFirst(left, value);
    if (next === left) return left;
    left = next;
  }
  return left;
}
