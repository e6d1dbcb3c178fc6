import { pipe } from "slither-ts";
import { describe, expect, test } from "vitest";
import { exportedPipe } from "../../src/cli/graph-export.js";

const orders = pipe<number>("orders").node("check", (order) => order);
const others = pipe<number>("others");

/** The name of the pipe that is taken of such exports. */
function taken(exports: object, name?: string): string {
  return exportedPipe("/home/orders.js", exports as Record<string, unknown>, name).graph().name;
}

describe("the pipe of a module is", () => {
  test("the one that is named", () => {
    expect(taken({ default: others, orders }, "orders")).toBe("orders");
  });

  test("else the default export", () => {
    expect(taken({ orders, default: others })).toBe("others");
  });

  test("else the only one, whatever else is exported", () => {
    expect(taken({ size: 3, none: null, make: () => others, orders })).toBe("orders");
  });

  test("one pipe, also under two names", () => {
    expect(taken({ orders, same: orders })).toBe("orders");
  });

  test("what a CommonJS module exports, which comes as its default export", () => {
    expect(taken({ default: { orders } })).toBe("orders");
    expect(taken({ default: { orders, others } }, "others")).toBe("others");
    expect(taken({ default: { __esModule: true, orders, default: others } })).toBe("others");
  });

  test("known by what it has, so that one of another installed copy of the package is one", () => {
    const foreign = { plan: { stages: [] }, graph: () => others.graph() };
    expect(taken({ foreign, looks: { plan: { stages: [] } }, alike: { graph: () => orders.graph() } })).toBe(
      "others",
    );
  });
});

test.each<[string, object, string | undefined, string]>([
  [
    "without exports",
    {},
    undefined,
    "expected /home/orders.js to export a pipe, got no exports; of a function that makes one, export what it gives back",
  ],
  [
    "without a pipe",
    { make: () => orders, size: 3 },
    undefined,
    "expected /home/orders.js to export a pipe, got these, which are none: make, size; of a function that makes one, export what it gives back",
  ],
  [
    "with several pipes",
    { orders, size: 3, others },
    undefined,
    "expected --export to say which pipe of /home/orders.js is meant, got nothing; it exports orders, others",
  ],
  [
    "without the named export",
    { orders, others },
    "oders",
    "/home/orders.js: unknown export `oders`, did you mean `orders`?",
  ],
  [
    "whose named export is none",
    { orders, size: 3 },
    "size",
    "expected export size of /home/orders.js to be a pipe, got `3` (number)",
  ],
])("a module %s is an error that says so", (_, exports, name, message) => {
  expect(() => taken(exports, name)).toThrow(new Error(message));
});
