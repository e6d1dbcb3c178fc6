import { setMaxListeners } from "node:events";
import { isAborted, untilStopped } from "../stopping.js";
import { Alarm } from "./alarm.js";
import { Changes } from "./changes.js";
import { Entry } from "./entry.js";
import { Gathering } from "./gathering.js";
import { InFlight } from "./in-flight.js";
import { Intake } from "./intake.js";
import { type Outcome, RecordFailure } from "./judge.js";
import type { DispatchOptions } from "./options.js";
import { type Order, orderOf } from "./order.js";
import { type Permits, RateLimit } from "./rate-limit.js";
import { search } from "./search.js";

/** The steps of `dispatch`, and what they share. */
export class Flow<Record, Result> {
  readonly #options: DispatchOptions<Record, Result>;
  readonly #intake: Intake<Record>;
  readonly #rateLimit: RateLimit<Record> | undefined;
  readonly #gathering: Gathering<Record, Result>;
  readonly #inFlight: InFlight;
  readonly #order: Order<Record, Result>;
  readonly #changes = new Changes();
  readonly #alarm: Alarm;
  readonly #ending = new AbortController();
  readonly #stop: AbortSignal;
  readonly #noteStopped = (): void => this.#changes.note();
  #failure: { readonly error: unknown } | undefined;

  constructor(upstream: AsyncIterable<readonly Record[]>, options: DispatchOptions<Record, Result>) {
    this.#options = options;
    this.#intake = new Intake(upstream);
    this.#rateLimit = options.rateLimit && new RateLimit(options.rateLimit);
    this.#gathering = new Gathering(options.strategy);
    this.#inFlight = new InFlight(options.maxInFlight);
    this.#order = orderOf(options.ordering);
    this.#alarm = new Alarm(options.clock, () => this.#changes.note());
    this.#stop = AbortSignal.any([this.#ending.signal, options.stopped]);
    // Everything that is in flight listens to it.
    setMaxListeners(0, this.#stop);
    options.stopped.addEventListener("abort", this.#noteStopped);
  }

  /** Sends what can be sent, and asks for more where there is room for it. */
  advance(): void {
    try {
      this.#send();
      if (this.#wantsMore) {
        this.#intake.take((chunk) => {
          const now = this.#options.clock.now();
          for (const record of chunk) this.#accept(record, now);
          this.#changes.note();
        });
      }
    } catch (error) {
      this.#failure ??= { error };
    }
  }

  /** The outcomes that are to be given out. */
  take(): Outcome<Record, Result>[] {
    return this.#order.take();
  }

  /** What ends the stream, when everything before it was given out. */
  get failure(): { readonly error: unknown } | undefined {
    const failure = this.#failure ?? this.#order.failure;
    const { stopped } = this.#options;
    if (failure !== undefined || !isAborted(stopped) || this.isDone) return failure;
    // What is worked on ends by itself when it is stopped, and an abort is not over before that.
    return this.#inFlight.isEmpty ? { error: stopped.reason } : undefined;
  }

  get isDone(): boolean {
    return this.#intake.hasEnded && !this.#intake.isTaking && this.#order.rows === 0;
  }

  async change(): Promise<void> {
    try {
      this.#alarm.set(this.#dueAt);
    } catch (error) {
      this.#failure ??= { error };
      return;
    }
    await this.#changes.next();
  }

  throwInputFailure(): void {
    if (this.#intake.failure) throw this.#intake.failure.error;
  }

  async end(): Promise<void> {
    this.#options.stopped.removeEventListener("abort", this.#noteStopped);
    this.#alarm.set(undefined);
    this.#ending.abort();
    try {
      await this.#intake.close();
    } finally {
      this.#options.onEnd(this.#order.held, this.#gathering.describe());
    }
  }

  #send(): void {
    if (this.failure !== undefined) return;
    const { clock } = this.#options;
    const now = clock.now();
    this.#rateLimit?.renew(now);
    while (this.#inFlight.hasRoom && !isAborted(this.#stop)) {
      const flush = this.#mustFlush;
      const batch = this.#gathering.waiting === 0 ? undefined : this.#gathering.next(now, flush);
      if (batch !== undefined) void this.#carryOut(batch);
      else if (flush && this.#inFlight.isEmpty && this.#gathering.waiting > 0) this.#gathering.stalls();
      else break;
    }
  }

  /** Whether nothing more can come before something was sent. */
  get #mustFlush(): boolean {
    return this.#intake.hasEnded || this.#order.isEnding || this.#isFull || this.#rateLimit?.isStuck === true;
  }

  get #isFull(): boolean {
    const { rows, bytes } = this.#options.buffer;
    return this.#order.rows >= rows || this.#order.bytes >= bytes;
  }

  get #wantsMore(): boolean {
    if (this.#intake.isTaking || this.#intake.hasEnded || this.failure !== undefined) return false;
    if (this.#order.isEnding || this.#isFull || this.#rateLimit?.isClosed) return false;
    const { batchRows = Number.POSITIVE_INFINITY } = this.#options;
    return this.#inFlight.hasRoom || (this.#gathering.gathersAhead && this.#gathering.waiting < batchRows);
  }

  get #dueAt(): number | undefined {
    // Nothing is sent any more, whatever is due.
    if (isAborted(this.#stop)) return undefined;
    const batch = this.#inFlight.hasRoom ? this.#gathering.dueAt : undefined;
    const permit = this.#rateLimit?.dueAt;
    return batch === undefined || permit === undefined ? (batch ?? permit) : Math.min(batch, permit);
  }

  #accept(record: Record, now: number): void {
    const { passes, sizeOf } = this.#options;
    const isPassing = passes(record);
    const entry = new Entry<Record, Result>(record, isPassing ? 0 : sizeOf(record), now);
    this.#order.add(entry);
    if (isPassing) this.#order.settle(entry, { kind: "passed", record });
    else if (this.#rateLimit === undefined) this.#gather(entry);
    else this.#askPermit(this.#rateLimit, entry);
  }

  #askPermit(rateLimit: RateLimit<Record>, entry: Entry<Record, Result>): void {
    try {
      rateLimit.ask(entry.record, (permits) => {
        entry.permits = permits;
        this.#gather(entry);
      });
    } catch (error) {
      void this.#failUnsent(entry, error);
    }
  }

  #gather(entry: Entry<Record, Result>): void {
    try {
      this.#gathering.add(entry);
    } catch (error) {
      void this.#failUnsent(entry, error);
    }
  }

  async #carryOut(batch: readonly Entry<Record, Result>[]): Promise<void> {
    const { clock, execute, judge, faultOf, suspectOf, divides, poison, wait } = this.#options;
    // The strategy may use its array again.
    const entries = [...batch];
    const began = clock.now();
    const departureOf = this.#rateLimit && this.#departures(this.#rateLimit, entries, began);
    let isInTrouble = false;
    // What parts have ended with that were stopped: any error, also that of the stage which has stopped this one.
    const ends: unknown[] = [];
    this.#inFlight.enter();
    const searching = search(
      entries.map(({ record }) => record),
      {
        judge,
        faultOf: (error) => (ends.includes(error) ? "everyone" : faultOf(error)),
        suspectOf,
        divides,
        poison,
        execute: async (part, place, sentBefore) => {
          const departure = departureOf?.(part);
          try {
            if (departure !== undefined) await untilStopped(departure, this.#stop);
            return await execute(part, { place, sentBefore, stop: this.#stop });
          } catch (error) {
            if (!isAborted(this.#stop)) throw error;
            const end = faultOf(error) === "everyone" ? error : this.#stop.reason;
            ends.push(end);
            throw end;
          }
        },
        wait: (ms) => wait(ms, this.#stop),
        onTrouble: () => {
          if (isInTrouble) return;
          isInTrouble = true;
          this.#inFlight.getsIntoTrouble();
          this.#changes.note();
        },
      },
    );
    await this.#settle(entries, searching);
    this.#inFlight.leave(isInTrouble);
    try {
      this.#gathering.completed(entries, { durationMs: clock.now() - began, ok: !isInTrouble });
    } catch (error) {
      this.#failure ??= { error };
    }
    this.#changes.note();
  }

  /** A record that cannot be batched fails by itself, like one that its batch function cannot take. */
  async #failUnsent(entry: Entry<Record, Result>, error: unknown): Promise<void> {
    if (entry.permits !== undefined) this.#rateLimit?.giveBack(entry.permits);
    const { judge, divides, poison } = this.#options;
    const failing = search<Record, Result>([entry.record], {
      judge,
      divides,
      poison,
      faultOf: () => "records",
      execute: async () => [new RecordFailure(error)],
      wait: (ms) => this.#options.wait(ms, this.#stop),
      onTrouble: () => {},
    });
    await this.#settle([entry], failing);
    this.#changes.note();
  }

  async #settle(
    batch: readonly Entry<Record, Result>[],
    searching: Promise<readonly Outcome<Record, Result>[]>,
  ): Promise<void> {
    try {
      const outcomes = await searching;
      if (outcomes.length !== batch.length)
        throw new Error(`expected ${batch.length} outcomes, got ${outcomes.length}`);
      for (let index = 0; index < batch.length; index++)
        this.#order.settle(batch[index] as Entry<Record, Result>, outcomes[index] as Outcome<Record, Result>);
    } catch (error) {
      this.#order.fail(batch, error);
    }
  }

  /** When a batch may be sent, and then the parts of it that are sent once more, which count once more. */
  #departures(
    rateLimit: RateLimit<Record>,
    batch: readonly Entry<Record, Result>[],
    now: number,
  ): (part: readonly Record[]) => Promise<void> | undefined {
    const permits = new Map(batch.map((entry) => [entry.record, entry.permits as Permits]));
    let first: { readonly departure: Promise<void> | undefined } | undefined = {
      departure: rateLimit.send(
        batch.map((entry) => entry.permits as Permits),
        now,
      ),
    };
    return (part) => {
      const again = part.map((record) => permits.get(record) as Permits);
      const { departure } = first ?? { departure: rateLimit.sendAgain(again, this.#options.clock.now()) };
      first = undefined;
      // There is a time to wait for now.
      if (departure !== undefined) this.#changes.note();
      return departure;
    };
  }
}
