import { OptionsError } from "../errors/options.js";
import { show } from "../options/parse.js";

/**
 * One record of a live source, with what the source is told of it: a message of a queue, an entry of a stream. Of `ack` and `nack` exactly one is called,
 * once. A run waits for what they return before it ends; what they throw halts it.
 */
export interface Delivery<Record> {
  readonly record: Record;
  /**
   * The outcome of the record is final: it was given out and the consumer has come back for more, it was rejected and handed to the dead-letter sink where
   * there is one, or it was left out. Of a record of which several were made: all of them.
   */
  ack(): void | PromiseLike<void>;
  /**
   * The record is not finished, because the run has ended before: to be delivered again.
   *
   * @param reason what the run has ended with; undefined for one that was left or drained.
   */
  nack(reason: unknown): void | PromiseLike<void>;
}

/** An input whose records are acknowledged. Made by `live()`. */
export class LiveSource<Record> {
  readonly deliveries: AsyncIterable<Delivery<Record>>;

  /** @internal */
  constructor(deliveries: AsyncIterable<Delivery<Record>>) {
    this.deliveries = deliveries;
  }
}

/**
 * An input for `pipe.run()` whose records are acknowledged one by one. A source that delivers again what was not acknowledged loses nothing: every record
 * comes to its outcome at least once. What may come twice is in `(await run.done).live`.
 *
 * @throws OptionsError for what is no async iterable.
 *
 * @example
 * async function* messages(): AsyncGenerator<Delivery<Order>> {
 *   for await (const message of queue.consume())
 *     yield { record: message.body, ack: () => queue.ack(message), nack: () => queue.requeue(message) };
 * }
 * for await (const item of orders.run(live(messages()), { session })) …
 */
export function live<Record>(deliveries: AsyncIterable<Delivery<Record>>): LiveSource<Record> {
  if (typeof deliveries !== "object" || deliveries === null || !(Symbol.asyncIterator in deliveries))
    throw new OptionsError("live()", [`expected an async iterable of deliveries, got ${show(deliveries)}`]);
  return new LiveSource(deliveries);
}

/** @throws TypeError for what is no delivery: it ends the input. */
export function requireDelivery(value: unknown): Delivery<unknown> {
  const delivery = value as Partial<Delivery<unknown>> | null | undefined;
  if (
    typeof delivery === "object" &&
    delivery !== null &&
    "record" in delivery &&
    typeof delivery.ack === "function" &&
    typeof delivery.nack === "function"
  )
    return delivery as Delivery<unknown>;
  throw new TypeError(
    `expected the live source to give { record, ack, nack }, got ${show(value)}; ack() and nack() are functions`,
  );
}
