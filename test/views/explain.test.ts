import { explainText, graphText, pipe, view } from "slither-ts";
import { expect, test } from "vitest";

const price = view("price", () => 1);
const asking = pipe<number>("p")
  .python<number>("one", { module: "m", function: "f", views: [price, "stock", "price"] })
  .python<number>("two", { module: "m", function: "g" });

test("the explanation of a stage names the views that it may ask, and of others nothing", () => {
  const [operator] = asking.explain().operators;

  expect(operator?.stages[0]).toMatchObject({ name: "one", views: ["price", "stock"] });
  expect(operator?.stages[1]).not.toHaveProperty("views");
  expect(explainText(asking.explain())).toContain("asks price, stock");
});

test("the picture of a pipe names them too", () => {
  expect(asking.graph().nodes.find(({ name }) => name === "one")).toMatchObject({
    views: ["price", "stock"],
  });
  expect(graphText(asking.graph())).toContain("asks price, stock");
});
