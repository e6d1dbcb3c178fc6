import fc from "fast-check";
import { expect, test } from "vitest";
import { Queue } from "../../../src/dispatch/strategies/queue.js";

const steps = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.constant("push" as const) },
    { weight: 1, arbitrary: fc.constant("shift" as const) },
    { weight: 1, arbitrary: fc.nat(9) },
  ),
  { maxLength: 200 },
);

test("it does what an array does", () => {
  fc.assert(
    fc.property(steps, (given) => {
      const queue = new Queue<number>();
      const array: number[] = [];
      for (const [n, step] of given.entries()) {
        if (step === "push") {
          queue.push(n);
          array.push(n);
        } else if (step === "shift") expect(queue.shift()).toBe(array.shift());
        else expect(queue.take(step)).toEqual(array.splice(0, step));
        expect([queue.length, queue.first]).toEqual([array.length, array[0]]);
      }
    }),
  );
});
