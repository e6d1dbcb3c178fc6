import { OptionsError } from "../errors/options.js";
import { show } from "../options/parse.js";
import { REJECTING } from "../wire/rejecting.js";

/** What a node stage's function may give back in place of a payload. */
export abstract class NodeResult {
  /** Without something private every object would count as one of these. */
  readonly #isNodeResult = true;

  protected constructor() {
    void this.#isNodeResult;
  }
}

/** The payload that goes on, by what a function gives back. */
export type PayloadOf<Result> =
  Result extends Many<infer Payload> ? Payload : Result extends NodeResult ? never : Result;

/** The outputs to which a function sends records early. */
export type RouteOf<Result> =
  // Of `any` nothing is known: it must not make every text an output.
  0 extends 1 & Result ? never : Result extends RouteTo<infer Route> ? Route : never;

/** Sets the record aside, with this reason, whatever the policy of its stage: a decision, not a failure. */
export class Reject extends NodeResult {
  /** For the engines, which know nothing of stages. */
  readonly [REJECTING] = true;
  readonly reason: string;

  constructor(reason: string) {
    super();
    this.reason = reason;
  }
}

/** Leaves the record out, on purpose; the ledger counts it, by reason. */
export class Filter extends NodeResult {
  readonly reason: string;

  constructor(reason: string) {
    super();
    this.reason = reason;
  }
}

/** Makes several records of one. */
export class Many<Payload> extends NodeResult {
  readonly payloads: readonly Payload[];

  constructor(payloads: readonly Payload[]) {
    super();
    this.payloads = payloads;
  }
}

/** Sends the record straight to an output, where a later branch or merge may take it up. As a policy: with its failure, and the payload that the stage was given. */
export class RouteTo<Route extends string = string> extends NodeResult {
  readonly route: Route;

  constructor(route: Route) {
    super();
    this.route = route;
  }
}

/**
 * In a node stage: leaves the record out. It is no failure; the ledger counts it as `filtered`, by reason.
 *
 * @param reason a few words that are the same for all such records, for example `"under age"`.
 * @throws OptionsError for a reason that is no text.
 */
export function filter(reason: string): Filter {
  return new Filter(requireText("filter()", "the reason", reason));
}

/**
 * In a node stage: makes several records of one. They go on in this order, with the ids `id/0`, `id/1`, …, the same `input` and copies of the notes.
 * An empty array leaves the record out.
 *
 * @throws OptionsError for what is no array.
 */
export function many<Payload>(payloads: readonly Payload[]): Many<Payload> {
  if (!Array.isArray(payloads))
    throw new OptionsError("many()", [`expected an array of payloads, got ${show(payloads)}`]);
  return new Many([...payloads]);
}

/**
 * In a node stage: sends the record straight to an output, past the stages that follow, but for a later branch or merge of that output. In `onError`: what fails goes to that output, with its
 * `failure` and the payload that the stage was given; what fails in a batch is searched for as with `reject`. The output need not be one of `route()`.
 *
 * @throws OptionsError for a name that is none.
 */
export function routeTo<const Route extends string>(route: Route): RouteTo<Route> {
  return new RouteTo(requireText("routeTo()", "the name of an output", route));
}

/** Also for what is not this library's business to name; empty text says nothing to anybody. */
export function requireText<Text extends string>(where: string, what: string, value: Text): Text {
  if (typeof value === "string" && value !== "") return value;
  throw new OptionsError(where, [`expected ${what} as text that is not empty, got ${show(value)}`]);
}
