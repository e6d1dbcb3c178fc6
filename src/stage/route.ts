import { show } from "../options/parse.js";
import type { Operator, StageContext } from "./contract.js";
import { DEFAULT_ROUTE, type Item, withRoute } from "./item.js";
import { itemOperator } from "./item-operator.js";

/** A named output and the predicate of the records that go there. */
export type Route = readonly [name: string, predicate: (payload: unknown) => boolean];

/** The plan of a route stage: the first route that matches wins, no match goes to `default`. */
export interface RouteStage {
  readonly kind: "route";
  readonly name: string;
  readonly routes: readonly Route[];
}

/** Gives each record the name of its output. */
export function routeOperator(stage: RouteStage, context: StageContext): Operator {
  return itemOperator(
    {
      apply: (item) => firstMatch(item, stage.routes),
      settle: (item, route, settlement) => settlement.done(withRoute(item, route)),
    },
    context,
  );
}

function firstMatch(item: Item, routes: readonly Route[]): string {
  for (const [name, predicate] of routes) {
    const matches: unknown = predicate(item.payload);
    if (matches === true) return name;
    // A promise would count as true, and send every record here.
    if (matches !== false)
      throw new TypeError(
        `expected the predicate of route ${name} to return true or false, got ${show(matches)}`,
      );
  }
  return DEFAULT_ROUTE;
}
