/** What a record is known by: its position in the input, or what the pipe's `id` function gives; a record made of another has its id and a number, `7/0`. */
export type ItemId = string | number;

/** The envelope of one record on its way through a pipe. */
export interface Item<Payload = unknown, Route extends string = string> {
  readonly id: ItemId;
  /** What the last stage made of the record. */
  readonly payload: Payload;
  /** Notes that node stages keep with the record; Python does not see them. */
  readonly meta: Record<string, unknown>;
  /** The output that the record goes to, or whose branch it is in; `default` until a route stage or `routeTo` says otherwise, and after a merge. */
  readonly route: Route;
  /** The record as it came in. */
  readonly input: unknown;
  /** The id of the record of the input that this one was made of, by `many`. Else undefined. */
  readonly origin?: ItemId | undefined;
  /**
   * Why the record was sent to an output although it failed, by `routeTo`; its payload is what the stage was given, until a branch works on it. The record
   * keeps it, also through a merge. Else undefined.
   */
  readonly failure?: Failure | undefined;
}

/** How a record failed. */
export interface Failure {
  /** The stage that it failed in. */
  readonly stage: string;
  /** The message of `error`; what was given to `reject()` or `Rejected` where that is the cause. */
  readonly reason: string;
  readonly error: unknown;
  /** Python's traceback, when Python code raised. */
  readonly traceback: string | undefined;
  /** How often the record was tried, alone or with others; 0 when an equal record had been found before to kill or hang its process. */
  readonly attempts: number;
  /**
   * The stage that was given `payload`, where that is not the one that it failed in: both were carried out in one trip to Python, and what the later one was given
   * never was in Node. Else undefined.
   */
  readonly entry?: string | undefined;
  /** What the stage was given, or `entry`. */
  readonly payload: unknown;
}

/** A record that failed, with everything that is known of why. */
export interface Rejection extends Failure {
  readonly id: ItemId;
  /** As in the item. */
  readonly origin?: ItemId | undefined;
  /** The record as it came in. */
  readonly input: unknown;
  readonly meta: Record<string, unknown>;
}

export const DEFAULT_ROUTE = "default";

export function withPayload(item: Item, payload: unknown): Item {
  return made(item, { payload, route: item.route, failure: item.failure });
}

/** One of several records that were made of one. Each has notes of its own. */
export function childOf(item: Item, index: number, payload: unknown): Item {
  return {
    id: `${item.id}/${index}`,
    payload,
    meta: { ...item.meta },
    route: item.route,
    input: item.input,
    origin: item.origin ?? item.id,
    ...(item.failure === undefined ? {} : { failure: item.failure }),
  };
}

/** One like another, but for this. */
export function made(
  { id, meta, input, origin }: Item,
  { payload, route, failure }: Pick<Item, "payload" | "route" | "failure">,
): Item {
  // Nearly no item has an origin or a failure, and those without need not know of it.
  if (origin === undefined && failure === undefined) return { id, payload, meta, route, input };
  return {
    id,
    payload,
    meta,
    route,
    input,
    ...(origin === undefined ? {} : { origin }),
    ...(failure === undefined ? {} : { failure }),
  };
}
