import { setTimeout as delay } from "node:timers/promises";
import { ForkRefusedError, type Session, SessionRolledBackError, WorkerDiedError } from "slither-ts";
import { describe, expect, test } from "vitest";
import { kill } from "../helpers/crash.js";
import { sharedEngine } from "../helpers/engine.js";
import { record } from "../helpers/events.js";

const engine = sharedEngine();

/** What the notes of a session must be, by what was answered and told. */
class Account {
  readonly #session: Session;
  #expected: number[] = [];
  #next = 0;
  told = 0;

  constructor(session: Session) {
    this.#session = session;
  }

  /** Requests that are made without waiting in between, and what comes of each, in their order. */
  async burst(kinds: readonly string[]): Promise<void> {
    const requests = kinds.map((kind) => this.#request(kind));
    for (const request of requests) {
      const { number, outcome } = await request;
      if (outcome === "done" && number !== undefined) this.#expected.push(number);
      else if (outcome !== "done") this.#failed(outcome);
    }
  }

  /** What the session has noted, and what it must have. */
  async compare(): Promise<[unknown, readonly number[]]> {
    for (;;) {
      try {
        return [await this.#session.call("order", "notes", [], { idempotent: true }), this.#expected];
      } catch (error) {
        this.#failed(error);
      }
    }
  }

  async #request(kind: string): Promise<{ number?: number; outcome: unknown }> {
    const settle = (work: Promise<unknown>): Promise<unknown> =>
      work.then(
        () => "done",
        (error: unknown) => error,
      );
    if (kind === "checkpoint") return { outcome: await settle(this.#session.checkpoint()) };
    if (kind === "fork") return { outcome: await settle(this.#session.fork().then((fork) => fork.close())) };
    const number = this.#next++;
    return { number, outcome: await settle(this.#session.call("order", "note", [number])) };
  }

  #failed(error: unknown): void {
    if (error instanceof SessionRolledBackError) {
      this.told += 1;
      this.#expected = this.#expected.slice(0, this.#expected.length - error.lostCount);
    } else if (!(error instanceof WorkerDiedError) && !(error instanceof ForkRefusedError)) throw error;
  }
}

/** The same steps in each run of the tests. */
function* pseudoRandom(seed: number): Generator<number> {
  for (let state = seed; ; ) {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    yield state / 2 ** 31;
  }
}

describe.each([1, 2, 3])("whenever the worker is killed (%i)", (seed) => {
  test("what is told to be lost is what is lost, and nothing else", async () => {
    const session = await engine().session({ checkpoint: seed === 3 ? "auto" : "manual" });
    const events = record(engine(), "session-recovery");
    const account = new Account(session);
    const numbers = pseudoRandom(seed);
    const random = (): number => numbers.next().value as number;
    await session.checkpoint();

    for (let time = 0; time < 25; time++) {
      const kinds = Array.from({ length: 2 + Math.floor(random() * 6) }, () => {
        const number = random();
        return number < 0.6 ? "note" : number < 0.85 ? "checkpoint" : "fork";
      });
      // Any moment will do: most fall into a call, a copy, or the return from the crash before.
      const killing = delay(random() * 25).then(() => {
        if (session.state === "ready") kill(session);
      });
      await account.burst(kinds);
      await killing;

      const [noted, expected] = await account.compare();
      expect(noted).toEqual(expected);
    }

    expect(session.state).toBe("ready");
    expect(account.told).toBeGreaterThan(3);
    expect(events.length).toBeGreaterThan(10);
  });
});
