import fc from "fast-check";
import {
  BatchResultError,
  type Engine,
  PythonError,
  PythonFunctionError,
  PythonImportError,
  type Session,
  ValueNotSupportedError,
} from "slither-ts";
import { describe, expect, test } from "vitest";
import { stepOf } from "../../src/errors/failed-step.js";
import type { BatchReply } from "../../src/wire/batch-reply.js";
import type { Entry, Step, Tap } from "../../src/wire/request.js";
import { rejection } from "../helpers/rejection.js";

/** Takes payloads through functions of the module `conformance`. */
type Journey = (
  steps: readonly Step[],
  payloads: readonly unknown[],
  taps?: readonly Tap[],
  entries?: readonly Entry[],
) => Promise<BatchReply>;

const OPTIONS = { owner: "run", attempts: 1, changesState: false } as const;

function list(name: string): Step {
  return { stage: `stage ${name}`, module: "conformance", function: name, form: "list" };
}

function each(name: string): Step {
  return { ...list(name), form: "each" };
}

/** What holds on every engine for batches that go through several functions. */
export function testBatches(engine: () => Engine): void {
  let session: Promise<Session> | undefined;
  const travel: Journey = async (steps, payloads, taps = [], entries = undefined) => {
    session ??= engine().session();
    const request = { kind: "batch", steps, payloads, taps, entries } as const;
    const { batch } = await (await session).execute(request, { target: "first", stage: "first" }, OPTIONS);
    return batch as BatchReply;
  };

  describe("batches that go through several functions", () => {
    test("have the results of the last one, for each payload in order", async () => {
      const { results, left } = await travel([list("double"), each("echo"), list("double")], [1, 2, 3]);

      expect(results).toEqual([4, 8, 12]);
      expect(left).toEqual([]);
    });

    test("know of payloads that leave in any of them by their places at the start", async () => {
      const steps = [list("set_aside_negative"), each("judge"), list("double")];

      const { results, left } = await travel(steps, [1, -2, 3, -4, 5]);
      const judged = await travel([each("judge"), each("judge")], [1, "rejected", "bad", 2, "raised"]);

      expect(results).toEqual([2, 6, 10]);
      expect(left).toEqual([
        { index: 1, step: 0, why: "-2 is negative" },
        { index: 3, step: 0, why: "-4 is negative" },
      ]);
      expect(judged.results).toEqual([1, 2]);
      expect(judged.left).toEqual([
        { index: 1, step: 0, why: "too early" },
        { index: 2, step: 0, why: expect.any(PythonError) },
        { index: 4, step: 0, why: "too late" },
      ]);
    });

    test("name the stage of the function in which a payload has failed by itself", async () => {
      const { left } = await travel([list("echo"), each("judge"), list("echo")], [1, "bad"]);

      const { why, step } = left[0] as BatchReply["left"][number];
      expect((why as PythonError).message).toMatch(
        /: stage stage judge: conformance\.judge raised ValueError: no good$/,
      );
      expect([step, stepOf(why)]).toEqual([1, 1]);
    });

    test("bring home what taps ask for, of the payloads that have come so far", async () => {
      const taps = [
        { step: 0, indices: [2, 1, 0] },
        { step: 0, indices: [] },
        { step: 1, indices: [3] },
      ];

      const batch = await travel([list("set_aside_negative"), list("double")], [1, -2, 3, 4], taps);

      expect(batch.taps).toEqual([[1, 3], [], [8]]);
      expect(batch.results).toEqual([2, 6, 8]);
    });

    test("give payloads that come in later to the later functions alone, and show them to the later taps alone", async () => {
      const steps = [list("set_aside_negative"), list("double"), each("echo")];
      const taps = [
        { step: 0, indices: [0, 1, 2, 3] },
        { step: 1, indices: [0, 1, 2, 3] },
      ];
      const entries = [
        { step: 1, indices: [1] },
        { step: 2, indices: [3] },
      ];

      const batch = await travel(steps, [-1, -2, 3, -4], taps, entries);

      expect(batch.results).toEqual([-4, 6, -4]);
      expect(batch.left).toEqual([{ index: 0, step: 0, why: "-1 is negative" }]);
      expect(batch.taps).toEqual([[3], [-4, 6]]);
    });

    test("bring home what taps ask for as it was before the next function changed it", async () => {
      const taps = [{ step: 0, indices: [0, 1] }];

      const batch = await travel([each("echo"), each("set_first")], [[1], [2]], taps);

      expect(batch.taps).toEqual([[[1], [2]]]);
      expect(batch.results).toEqual([["changed"], ["changed"]]);
    });

    test("call no function for no payloads", async () => {
      const { results, left, taps } = await travel(
        [list("set_aside_negative"), list("no_list"), each("fail")],
        [-1],
        [{ step: 1, indices: [0] }],
      );

      expect([results, taps]).toEqual([[], [[]]]);
      expect(left).toEqual([{ index: 0, step: 0, why: "-1 is negative" }]);
      expect((await travel([list("no_list")], [])).results).toEqual([]);
    });

    test.each([
      ["raises", list("reject_negative"), PythonError],
      ["gives back too few", list("too_few"), BatchResultError],
      ["gives back no list", list("no_list"), BatchResultError],
      ["does not exist", each("no_such_function"), PythonFunctionError],
      ["is in no module", { ...each("echo"), module: "no_such_module" }, PythonImportError],
    ] as const)("fail in the function that %s", async (_, step, Class) => {
      const failing = travel([list("echo"), step, list("no_list")], [1, -2]);

      const error: Error = await rejection<Error>(failing, Class);

      expect(stepOf(error)).toBe(1);
      expect(error.message).toContain(
        step.module === "conformance" ? `conformance.${step.function}` : step.module,
      );
    });

    test("fail in the last function when its results cannot be carried, which are named by their places", async () => {
      const steps = [each("judge"), list("echo")];

      const error = await rejection(travel(steps, ["rejected", 1, "opaque"]), ValueNotSupportedError);

      expect(error).toMatchObject({ path: "result[1].box", direction: "result" });
      expect(error.message).toMatch(/: stage stage echo: conformance\.echo: /);
      expect(stepOf(error)).toBe(1);
    });

    test("fail in the function whose results cannot be carried for a tap, and only for that", async () => {
      const steps = [list("echo"), each("judge"), each("forget")];
      const payloads = ["rejected", 1, "opaque"];

      const error = await rejection(
        travel(steps, payloads, [{ step: 1, indices: [2] }]),
        ValueNotSupportedError,
      );
      const { results, taps } = await travel(steps, payloads, [{ step: 1, indices: [0, 1] }]);

      expect(error.path).toBe("result[2].box");
      expect(stepOf(error)).toBe(1);
      expect([results, taps]).toEqual([[null, null], [[1]]]);
    });

    test("lose a payload alone whose last result cannot be carried, where the function takes one", async () => {
      const { results, left } = await travel([list("set_aside_negative"), each("box_odd")], [-1, 1, 2]);

      expect(results).toEqual([2]);
      expect(left.map(({ index, step }) => [index, step])).toEqual([
        [0, 0],
        [1, 1],
      ]);
      expect(left[1]?.why).toBeInstanceOf(ValueNotSupportedError);
      expect(left[1]?.why).toMatchObject({ path: "result[0]" });
    });

    test("tell when each function began and was done", async () => {
      const began = performance.now();

      const { times } = await travel([list("double"), list("double"), list("double")], [1]);

      const { asked, encoded, begun, received, decoded, steps, answered, arrived, read } = times;
      const of = (each: typeof steps) => each.flatMap((step) => [step.began, step.done]);
      const all = [began, asked, encoded, begun, received, decoded, ...of(steps), answered, arrived, read];
      expect(all).toEqual([...all].sort((one, other) => one - other));
      expect(steps).toHaveLength(3);
    });

    const FATES = ["goes on", "goes on", "goes on", "is rejected", "raises"] as const;
    const journeys = fc
      .array(fc.constantFrom("list", "each"), { minLength: 1, maxLength: 4 })
      .chain((forms) => {
        // In a function that takes all payloads, one that raises would end the batch.
        const fate = (form: string) => fc.constantFrom(...FATES.slice(0, form === "list" ? 4 : 5));
        const tap = fc.record({
          step: fc.nat({ max: forms.length - 1 }),
          indices: fc.uniqueArray(fc.nat({ max: 19 })),
        });
        return fc.record({
          forms: fc.constant(forms),
          fates: fc.array(fc.tuple(...forms.map(fate)), { maxLength: 20 }),
          taps: fc
            .array(tap, { maxLength: 3 })
            .map((taps) => taps.sort((one, other) => one.step - other.step)),
        });
      });

    test("do with each payload what would be done with it alone", async () => {
      await fc.assert(
        fc.asyncProperty(journeys, async ({ forms, fates, taps }) => {
          const steps = forms.map((form) => (form === "list" ? list("meet_all") : each("meet")));
          const payloads = fates.map((all, index) => ({ index, step: 0, fates: all }));
          const ends = fates.map((all) => all.findIndex((fate) => fate !== "goes on"));
          const hasCome = (step: number, end: number): boolean => end === -1 || end > step;
          const at = (step: number): unknown[] => payloads.map((payload) => ({ ...payload, step: step + 1 }));

          const batch = await travel(steps, payloads, taps);

          const last = forms.length - 1;
          expect(batch.results).toEqual(at(last).filter((_, index) => hasCome(last, ends[index] as number)));
          expect(batch.taps).toEqual(
            taps.map(({ step, indices }) =>
              at(step).filter((_, index) => indices.includes(index) && hasCome(step, ends[index] as number)),
            ),
          );
          expect(batch.left).toEqual(
            ends.flatMap((step, index) => {
              if (step === -1) return [];
              const isRejected = fates[index]?.[step] === "is rejected";
              return [{ index, step, why: isRejected ? `in ${step}` : expect.any(PythonError) }];
            }),
          );
        }),
        { numRuns: 40 },
      );
    });
  });
}
