import { pipe, routeTo } from "slither-ts";

const same = <Payload>(payload: Payload): Payload => payload;

/** Stages one after the other. */
export const straight = pipe<number>("straight")
  .node("enrich", same)
  .python<number>("score", { module: "scores", function: "all", batch: { size: 100 } });

/** Ends in outputs, of which one has a branch with outputs of its own, of which one has a branch. */
export const nested = pipe<number>("nested")
  .route("split", [
    ["high", (n) => n > 5],
    ["low", (n) => n < 1],
  ])
  .branch("low", (low) =>
    low
      .node("explain", same)
      .route("again", [["deep", (n) => n < -5]])
      .branch("deep", (deep) => deep.node("dig", same)),
  );

/** Two branches that come together. */
export const merged = pipe<number>("merged")
  .route("split", [
    ["high", (n) => n > 5],
    ["low", (n) => n < 1],
  ])
  .branch("high", (high) => high.node("praise", same))
  .branch("low", (low) => low.node("explain", same))
  .merge("all")
  .node("write", same);

/** What fails goes to an output, which has a branch. */
export const failing = pipe<number>("failing")
  .node("check", same)
  .python<number>("predict", { module: "models", function: "predict" })
  .onError("*", routeTo("fallback"))
  .branch("fallback", (fallback) => fallback.node("guess", () => 0))
  .merge("all", ["fallback"]);

/** What a function decides leads to a branch. */
export const deciding = pipe<number>("deciding")
  .node("sort", (n) => (n > 5 ? routeTo("slow") : n))
  .branch("slow", (slow) => slow.node("wait", same));
