import { type Operator, reasonOf, type StageContext } from "./contract.js";
import type { Item } from "./item.js";
import { isThenable, itemOperator } from "./item-operator.js";
import { type NodeContext, nodeContext } from "./node-context.js";
import { NodeResult } from "./results.js";

/** The plan of a tap: a TypeScript function that is shown payloads and gives nothing back. */
export interface TapStage {
  readonly kind: "tap";
  readonly name: string;
  readonly run: (payload: unknown, context: NodeContext) => unknown;
  /** Which records it is shown; undefined: all. It does not know the payload, which may be in Python still. */
  readonly when?: ((context: NodeContext) => boolean) | undefined;
}

/** Shows records to a function, one after the other; they go on as they came. */
export function tapOperator(stage: TapStage, context: StageContext): Operator {
  return itemOperator<unknown>(
    {
      apply: (item) => (isShown(stage, item, context) ? show(stage, item, item.payload, context) : undefined),
      settle: (item, _, settlement) => settlement.done(item),
    },
    context,
  );
}

/** Whether a tap is to see the record. @throws what its function does, and TypeError when that gives back something else than true or false. */
export function isShown({ when, name }: TapStage, item: Item, context: StageContext): boolean {
  if (when === undefined) return true;
  const wanted: unknown = when(nodeContext(item, context));
  if (typeof wanted === "boolean") return wanted;
  throw new TypeError(`expected \`when\` of tap ${name} to return true or false, got ${typeof wanted}`);
}

/**
 * Shows what a record had become at this place to the tap. Gives back what is to be waited for, if anything.
 *
 * @throws what its function throws, as an Error; TypeError when that gives back what only a node stage can.
 */
export function show(
  stage: TapStage,
  item: Item,
  payload: unknown,
  context: StageContext,
): Promise<void> | undefined {
  const check = (result: unknown): void => {
    if (!(result instanceof NodeResult)) return;
    throw new TypeError(
      `expected tap ${stage.name} to give nothing back, got a ${result.constructor.name}; use node() to decide on records`,
    );
  };
  try {
    const result = stage.run(payload, nodeContext(item, context));
    if (isThenable(result)) return Promise.resolve(result).then(check).catch(rethrow);
    return check(result) as undefined;
  } catch (error) {
    return rethrow(error);
  }
}

/** @throws an Error: anything can be thrown, and what is none cannot be told whose it is. */
function rethrow(thrown: unknown): never {
  throw thrown instanceof Error ? thrown : new Error(reasonOf(thrown), { cause: thrown });
}
