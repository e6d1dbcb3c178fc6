/** What a record is known by: its position in the input, or what the pipe's `id` function gives; a record made of another has its id and a number, `7/0`. */
export type ItemId = string | number;

/** The envelope of one record on its way through a pipe. */
export interface Item<Payload = unknown, Route extends string = string> {
  readonly id: ItemId;
  /** What the last stage made of the record. */
  readonly payload: Payload;
  /** Notes that node stages keep with the record; Python does not see them. */
  readonly meta: Record<string, unknown>;
  /** The output that the record goes to; `default` until a route stage says otherwise. */
  readonly route: Route;
  /** The record as it came in. */
  readonly input: unknown;
  /** The id of the record of the input that this one was made of, by `many`. Else undefined. */
  readonly origin?: ItemId | undefined;
  /** Why the record goes to this output although it failed, by `routeTo`; its payload is what the stage was given. Else undefined. */
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
  /** How often the record was tried, alone or with others; 0 when an equal record had been found to kill or hang its process. */
  readonly attempts: number;
}

/** A record that failed, with everything that is known of why. */
export interface Rejection extends Failure {
  readonly id: ItemId;
  /** As in the item. */
  readonly origin?: ItemId | undefined;
  /** What the stage was given. */
  readonly payload: unknown;
  /** The record as it came in. */
  readonly input: unknown;
  readonly meta: Record<string, unknown>;
}

export const DEFAULT_ROUTE = "default";

export function withPayload(item: Item, payload: unknown): Item {
  return made(item, { payload, route: item.route });
}

export function withRoute(item: Item, route: string): Item {
  return made(item, { payload: item.payload, route });
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
  };
}

function made({ id, meta, input, origin }: Item, { payload, route }: Pick<Item, "payload" | "route">): Item {
  // Nearly no item has an origin, and those without need not know of it.
  return origin === undefined
    ? { id, payload, meta, route, input }
    : { id, payload, meta, route, input, origin };
}
