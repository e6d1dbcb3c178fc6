import { OptionsError } from "../errors/options.js";
import { type PipePlan, type StagePlan, withOutputs } from "../plan/plan.js";
import { DEFAULT_ROUTE } from "../stage/item.js";
import { checkBranches, checkNames } from "./checks.js";

/** How a pipe becomes part of another. */
export interface GraftOptions {
  /** The output whose records it works on, as a branch; undefined: those of the main line. */
  readonly output?: string | undefined;
  /** Comes before the names of its stages. */
  readonly prefix?: string | undefined;
}

/**
 * A plan with the stages of another one at its end, which do what they did in their own pipe: their main line becomes the line that they are put on.
 *
 * @throws OptionsError for names that are taken, stores that are others, and outputs that the two cannot both have.
 */
export function grafted(
  where: string,
  plan: PipePlan,
  other: PipePlan,
  { output, prefix = "" }: GraftOptions,
): PipePlan {
  checkBranches(where, other, "all");
  const moved = other.stages.map((stage, index) => {
    const placed = { ...onLine(stage, output ?? DEFAULT_ROUTE), name: `${prefix}${stage.name}` };
    return output !== undefined && index === 0
      ? { ...placed, opens: [output], reach: plan.stages.length }
      : placed;
  });
  checkNames(
    where,
    plan,
    moved.map(({ name }) => name),
  );
  const joined = {
    ...plan,
    stages: [...plan.stages, ...moved],
    outputs: withOutputs(plan, other.outputs),
    stores: joinedStores(where, plan.stores, other.stores),
    policies: { ...plan.policies, ...ownPolicies(other, prefix) },
  };
  checkBranches(where, joined, "own");
  return joined;
}

/** The name `default` means the main line in every pipe, wherever it is put. */
function onLine(stage: StagePlan, line: string): StagePlan {
  const named = (output: string): string => (output === DEFAULT_ROUTE ? line : output);
  return { ...stage, line: named(stage.line), opens: [...new Set(stage.opens.map(named))] };
}

/** What `*` says holds for the stages of the pipe that it was said in, and for no others. */
function ownPolicies(other: PipePlan, prefix: string): PipePlan["policies"] {
  const policies = other.stages.map(({ name }) => {
    const policy = Object.hasOwn(other.policies, name) ? other.policies[name] : other.policies["*"];
    return [`${prefix}${name}`, policy] as const;
  });
  return Object.fromEntries(policies.filter(([, policy]) => policy !== undefined)) as PipePlan["policies"];
}

function joinedStores(
  where: string,
  stores: PipePlan["stores"],
  others: PipePlan["stores"],
): PipePlan["stores"] {
  const taken = Object.keys(others).find(
    (name) => Object.hasOwn(stores, name) && stores[name] !== others[name],
  );
  if (taken === undefined) return { ...stores, ...others };
  throw new OptionsError(where, [
    `expected the store \`${taken}\` to be the same object in both pipes, got two; give one of them another name`,
  ]);
}
