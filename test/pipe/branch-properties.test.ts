import fc from "fast-check";
import { type Item, OptionsError } from "slither-ts";
import { expect, test } from "vitest";
import { inlineSession } from "./inline-session.js";
import { expectBalance } from "./runs.js";
import { pipeOf, type Step, shape, type Walker, walk } from "./shapes.js";

const NUMBERS = fc.array(fc.nat({ max: 50 }), { maxLength: 25, size: "max" });

/** Undefined for a shape whose outputs cannot go together. */
function built(body: readonly Step[]): ReturnType<typeof pipeOf> | undefined {
  try {
    return pipeOf(body);
  } catch (error) {
    if (error instanceof OptionsError) return undefined;
    throw error;
  }
}

function walkerOf({ id, payload, route, failure }: Item): Walker {
  return { id, payload: payload as number, at: route, failed: failure !== undefined };
}

test("any tree of routes, branches and merges gives for each record what working it out by hand gives, in order, with books that balance", async () => {
  const session = await inlineSession({ increase: (payloads: number[]) => payloads.map((n) => n + 1) });
  const kinds = new Set<string>();
  await fc.assert(
    fc.asyncProperty(shape, NUMBERS, async (body, numbers) => {
      const pipe = built(body);
      fc.pre(pipe !== undefined);
      for (const stage of pipe.plan.stages) kinds.add(`${stage.kind} ${stage.line === "default"}`);
      const taken = new Map<string, number>();
      const expected = numbers.flatMap((payload, id) =>
        walk(body, { id, payload, at: "default", failed: false }, taken),
      );
      const run = pipe.run(numbers, { session });
      const items: Item[] = [];
      for await (const item of run) items.push(item);
      const { ledger } = await run.done;
      expect(items.map(walkerOf)).toEqual(expected);
      expectBalance(ledger);
      for (const stage of Object.keys(ledger.stages))
        expect(ledger.stages[stage]?.in, stage).toBe(taken.get(stage) ?? 0);
    }),
    { numRuns: 400 },
  );
  expect([...kinds].sort()).toEqual([
    "merge false",
    "merge true",
    "node false",
    "node true",
    "python false",
    "python true",
    "route false",
    "route true",
  ]);
});

test("wherever a run over a tree of branches is left, its books balance", async () => {
  const session = await inlineSession({ increase: (payloads: number[]) => payloads.map((n) => n + 1) });
  await fc.assert(
    fc.asyncProperty(shape, NUMBERS, fc.nat({ max: 10 }), async (body, numbers, leaveAt) => {
      const pipe = built(body);
      fc.pre(pipe !== undefined);
      const run = pipe.run(numbers, { session });
      let seen = 0;
      for await (const _ of run) {
        if (seen === leaveAt) break;
        seen += 1;
      }
      expectBalance((await run.done).ledger);
    }),
    { numRuns: 100 },
  );
});
