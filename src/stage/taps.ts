import { RecordFailure } from "../dispatch/judge.js";
import { untilStopped } from "../stopping.js";
import type { BatchReply } from "../wire/batch-reply.js";
import type { Tap } from "../wire/request.js";
import type { StageContext } from "./contract.js";
import type { Item } from "./item.js";
import { type PythonMember, thrownIn } from "./python-member.js";
import { isShown, show, type TapStage } from "./tap.js";

const NONE: ReadonlySet<number> = new Set();

/** A tap of a group. */
interface FusedTap {
  readonly stage: TapStage;
  readonly context: StageContext;
  readonly member: number;
  /** The step whose results it is shown. */
  readonly step: number;
}

/** The taps of a group: what they are to see comes home with the answer, and nothing else of what is between the stages. */
export class Taps {
  readonly #taps: readonly FusedTap[];

  constructor(members: readonly PythonMember[]) {
    let step = -1;
    this.#taps = members.flatMap(({ stage, context }, member) => {
      if (stage.kind === "tap") return [{ stage, context, member, step }];
      step += 1;
      return [];
    });
  }

  /** Which of the items each tap is to see. @param entering those that come in behind the first step: what they are there is in Node. */
  choose(items: readonly Item[], entering: ReadonlySet<number> = NONE): Chosen[] {
    return this.#taps.map((tap) => {
      const failed = new Map<number, unknown>();
      const wanted: number[] = [];
      for (const [index, item] of items.entries()) {
        try {
          if (isShown(tap.stage, item, tap.context)) wanted.push(index);
        } catch (error) {
          failed.set(index, error);
        }
      }
      const isHere = (index: number): boolean => tap.step === 0 && entering.has(index);
      const indices = entering.size === 0 ? wanted : wanted.filter((index) => !isHere(index));
      return { tap, failed, wanted, isHere, request: { step: tap.step, indices } };
    });
  }

  /** Shows to each tap what has come home for it, one item after the other; an item that it fails for fails there. */
  async show(items: readonly Item[], results: unknown[], { chosen, batch, stop }: Shown): Promise<void> {
    const leftAt = new Map(batch.left.map(({ index, step }) => [index, step]));
    for (const [place, each] of chosen.entries()) {
      const { books } = each.tap.context;
      const began = performance.now();
      try {
        await showTo(each, items, results, { payloads: batch.taps[place] ?? [], leftAt, stop });
      } finally {
        books.worked(performance.now() - began);
      }
    }
  }
}

/** What comes home for taps. */
interface Shown {
  readonly chosen: readonly Chosen[];
  readonly batch: Pick<BatchReply, "left" | "taps">;
  readonly stop: AbortSignal;
}

async function showTo(
  { tap, failed, wanted, isHere }: Chosen,
  items: readonly Item[],
  results: unknown[],
  came: {
    readonly payloads: readonly unknown[];
    readonly leftAt: ReadonlyMap<number, number>;
    readonly stop: AbortSignal;
  },
): Promise<void> {
  const { leftAt, stop } = came;
  const hasLeft = (index: number): boolean => (leftAt.get(index) ?? Number.POSITIVE_INFINITY) <= tap.step;
  const fail = (index: number, error: unknown): void => {
    if (!isOut(results[index], tap.member))
      results[index] = new RecordFailure(thrownIn(error, tap.member), tap.member);
  };
  for (const [index, error] of failed) if (!hasLeft(index)) fail(index, error);
  const payloads = came.payloads.values();
  for (const index of wanted) {
    if (hasLeft(index)) continue;
    const payload = isHere(index) ? items[index]?.payload : payloads.next().value;
    // An earlier tap has failed for it.
    if (isOut(results[index], tap.member)) continue;
    try {
      const shown = show(tap.stage, items[index] as Item, payload, tap.context);
      if (shown !== undefined) await untilStopped(shown, stop);
    } catch (error) {
      if (stop.aborted) throw error;
      fail(index, error);
    }
  }
}

/** What a tap asks for. */
export interface Chosen {
  readonly tap: FusedTap;
  /** The items for which it cannot be told. */
  readonly failed: ReadonlyMap<number, unknown>;
  readonly wanted: readonly number[];
  /** Whether what it is shown of an item need not come home. */
  readonly isHere: (index: number) => boolean;
  readonly request: Tap;
}

/** Whether an item failed in a tap before this one; of two ends, the earlier one holds. */
function isOut(result: unknown, member: number): boolean {
  return result instanceof RecordFailure && result.rank < member;
}
