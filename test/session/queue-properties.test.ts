import fc from "fast-check";
import { expect, test } from "vitest";
import { type Job, JobQueue } from "../../src/session/queue.js";

/** A worker that answers in order, and can die: what the queue sends it, and what becomes of that. */
class Model {
  readonly queue = new JobQueue();
  /** What was answered, in that order, and what ended with its worker. */
  readonly answered: number[] = [];
  readonly lost: number[] = [];
  readonly withdrawn: number[] = [];
  #sent: number[] = [];
  readonly #jobs: Job[] = [];
  #running: number | undefined;

  get asked(): number {
    return this.#jobs.length;
  }

  add(owner: number, depth: number, lasting: boolean): void {
    const number = this.#jobs.length;
    const job: Job = {
      owner: `${owner}/${depth}`,
      depth,
      start: () => {
        this.#sent.push(number);
        // Never two owners, never more than the depth, always in the order of asking.
        expect(new Set(this.#sent.map((each) => this.#jobs[each]?.owner)).size).toBe(1);
        expect(this.#sent.length).toBeLessThanOrEqual(depth);
        expect([...this.#sent].sort((a, b) => a - b)).toEqual(this.#sent);
      },
      running: () => {
        expect(this.#sent[0]).toBe(number);
        this.#running = number;
      },
      workerGone: (_, ran) => {
        expect(ran).toBe(number === this.#running);
        if (lasting) return "again";
        this.lost.push(number);
        return "settled";
      },
    };
    this.#jobs.push(job);
    this.queue.add(job);
  }

  answer(): void {
    const number = this.#sent.shift();
    if (number === undefined) return;
    this.answered.push(number);
    this.queue.answered(this.#jobs[number] as Job);
  }

  withdraw(number: number): void {
    const job = this.#jobs[number];
    if (job !== undefined && this.queue.withdraw(job)) this.withdrawn.push(number);
  }

  die(): void {
    this.queue.hold();
    this.#sent = [];
    this.queue.workerGone(new Error("died"), true);
    this.#running = undefined;
    this.queue.resume();
  }
}

const step = fc.oneof(
  fc.record({
    kind: fc.constant("add" as const),
    owner: fc.nat(2),
    depth: fc.integer({ min: 1, max: 3 }),
    lasting: fc.boolean(),
  }),
  fc.record({ kind: fc.constantFrom("answer" as const, "die" as const) }),
  fc.record({ kind: fc.constant("withdraw" as const), number: fc.nat(20) }),
);

test("nothing that is asked for is lost, done twice, or overtaken, whatever happens to the worker", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const model = new Model();
      for (const each of steps) {
        if (each.kind === "add") model.add(each.owner, each.depth, each.lasting);
        else if (each.kind === "withdraw") model.withdraw(each.number);
        else model[each.kind]();
      }
      while (!model.queue.idle) model.answer();

      const all = [...model.answered, ...model.lost, ...model.withdrawn].sort((a, b) => a - b);
      expect(all).toEqual(Array.from({ length: model.asked }, (_, index) => index));
      expect([...model.answered].sort((a, b) => a - b)).toEqual(model.answered);
    }),
  );
});
