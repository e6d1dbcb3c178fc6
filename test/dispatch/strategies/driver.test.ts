import fc from "fast-check";
import { expect, test } from "vitest";
import { FixedBatches } from "../../../src/dispatch/strategies/fixed.js";
import type { Waiting } from "../../../src/dispatch/strategy.js";
import { drive, LAWS, type Sample, steps } from "./driver.js";

type When = Parameters<FixedBatches<Sample>["next"]>[0];

class Losing extends FixedBatches<Sample> {
  override add(waiting: Waiting<Sample>): void {
    if (waiting.record.key !== 2) super.add(waiting);
  }
}

class Doubling extends FixedBatches<Sample> {
  override add(waiting: Waiting<Sample>): void {
    super.add(waiting);
    if (waiting.record.key === 2) super.add(waiting);
  }
}

class Copying extends FixedBatches<Sample> {
  override add(waiting: Waiting<Sample>): void {
    super.add({ ...waiting });
  }
}

class Keeping extends FixedBatches<Sample> {
  override next(): Waiting<Sample>[] | undefined {
    return super.next({ flush: false });
  }
}

class Empty extends FixedBatches<Sample> {
  override next({ flush }: When): Waiting<Sample>[] | undefined {
    return super.next({ flush }) ?? (flush ? undefined : []);
  }
}

class Late extends FixedBatches<Sample> {
  get dueAt(): number | undefined {
    return this.oldest?.since;
  }
}

test.each([
  ["every record that is taken", Losing],
  ["every record that is taken", Doubling],
  ["every record that is taken", Copying],
  ["a flush gives a batch", Keeping],
  ["no batch is empty", Empty],
  ["at `dueAt`", Late],
])("%s … finds what breaks it: %o", (start, Broken) => {
  const [, check] = Object.entries(LAWS).find(([law]) => law.startsWith(start)) ?? [];
  expect(() => fc.assert(fc.property(steps, (given) => check?.(drive(new Broken(3), given))))).toThrow(
    "Property failed",
  );
});
