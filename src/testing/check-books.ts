import type { Ledger, LedgerEdge, StageLedger } from "../run/ledger.js";
import { counted } from "./describe.js";
import type { Observation } from "./trial.js";

/** Adds up the books of a run, and holds them against what came out. Nothing is taken from the ledger's own verdict. */
export function checkBooks({ summary, items, ids, inputIsAsync }: Observation): string[] {
  if (summary === undefined) return [];
  const { ledger, rejected } = summary;
  const stages = Object.entries(ledger.stages);
  const byRoute = (route: string): number => items.filter((item) => item.route === route).length;
  const byStage = (stage: string): number => rejected.filter((each) => each.stage === stage).length;
  const routes = new Set([...Object.keys(ledger.routes), ...items.map((item) => item.route)]);
  return [
    ...(ledger.balanced ? [] : ["the ledger says of itself that it does not balance"]),
    ...adds("the run", ledger),
    ...stages.flatMap(([name, book]) => adds(`stage ${name}`, book)),
    ...same("records taken from the input", taken(ledger, ids.length, inputIsAsync), ledger.in),
    ...same("items that came out", items.length, ledger.out),
    ...[...routes].flatMap((route) =>
      same(`items in output ${route}`, byRoute(route), ledger.routes[route] ?? 0),
    ),
    ...same("rejected records", rejected.length, ledger.rejected),
    ...stages.flatMap(([name, book]) =>
      same(`records rejected in stage ${name}`, byStage(name), book.rejected),
    ),
    ...between(ledger),
    ...unfinished(ledger),
  ];
}

/** A record of an asynchronous input may be on its way when the run ends: it was given, and not taken. */
function taken(ledger: Ledger, given: number, inputIsAsync: boolean): number {
  return inputIsAsync && given === ledger.in + 1 ? ledger.in : given;
}

function adds(whose: string, book: StageLedger): string[] {
  const into = book.in + book.expanded;
  const became = book.out + book.rejected + book.filtered + book.unfinished;
  if (into === became) return [];
  return [`the ledger of ${whose} has ${counted(into, "record")} in and ${became} accounted for`];
}

function same(what: string, seen: number, booked: number): string[] {
  return seen === booked ? [] : [`there were ${seen} ${what}; the ledger has ${booked}`];
}

/** What was given along the edges is what was taken at their ends, or is left over there. */
function between({ in: taken, stages, edges }: Ledger): string[] {
  const inputs = along(edges, ({ from }) => from === undefined);
  return [
    ...(inputs === taken
      ? []
      : [`the input gave ${counted(taken, "record")}, the ledger has ${inputs} on their way`]),
    ...Object.entries(stages).flatMap(([name, book]) => {
      const came = along(edges, ({ to }) => to === name);
      const went = along(edges, ({ from }) => from === name);
      return [
        ...(came >= book.in
          ? []
          : [`stage ${name} was given ${counted(came, "record")}, and took ${book.in}`]),
        ...(went === book.out
          ? []
          : [`stage ${name} passed ${counted(book.out, "record")} on, the ledger has ${went} on their way`]),
      ];
    }),
  ];
}

/** What is unfinished is what stages have not finished, and what was on its way and nobody took. */
function unfinished(ledger: Ledger): string[] {
  const books = Object.values(ledger.stages);
  const inside = books.reduce((sum, book) => sum + book.unfinished, 0);
  const came = books.reduce((sum, book) => sum + book.in, 0);
  const onTheWay = along(ledger.edges, () => true) - came - ledger.out;
  return same("records that the stages did not finish or nobody took", inside + onTheWay, ledger.unfinished);
}

function along(edges: Ledger["edges"], isWanted: (edge: LedgerEdge) => boolean): number {
  return edges.filter(isWanted).reduce((sum, { records }) => sum + records, 0);
}
