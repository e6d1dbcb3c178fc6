import { pipe } from "slither-ts";

const same = <Payload>(payload: Payload): Payload => payload;

/** Two python stages that make one trip, with a tap between them. */
export const scoring = pipe<number>("scoring")
  .node("enrich", same)
  .python<number>("featurize", {
    module: "scorer",
    function: "featurize",
    batch: { size: 100 },
    inFlight: { perProcess: 3, perStage: 4 },
    timeout: "30s",
  })
  .tap("remember", () => {}, { when: () => true })
  .python<number>("predict", { module: "scorer", function: "predict", each: true })
  .node("write", same)
  .onError("*", "reject");
