import { show } from "../options/parse.js";
import type { Operator, StageContext } from "./contract.js";
import { DEFAULT_ROUTE, type Item } from "./item.js";
import { itemOperator } from "./item-operator.js";
import { withRoute } from "./routed-item.js";

/** A named output and the predicate of the records that go there. */
export type Route = readonly [name: string, predicate: (payload: unknown) => boolean];

/** The plan of a route stage: the first route that matches wins; no match goes to the output of the line, as `default` does. */
export interface RouteStage {
  readonly kind: "route";
  readonly name: string;
  readonly routes: readonly Route[];
}

/** Sends each record to its output. */
export function routeOperator(stage: RouteStage, context: StageContext): Operator {
  const { line } = context.directions;
  return itemOperator(
    {
      apply: (item) => firstMatch(item, stage.routes),
      settle: (item, route, settlement) => {
        if (route === DEFAULT_ROUTE) settlement.done(withRoute(item, line));
        else settlement.routed(item, route);
      },
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
