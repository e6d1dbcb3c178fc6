import { execFileSync } from "node:child_process";
import { pipe, retry } from "slither-ts";
import { inline, raise } from "slither-ts/testing";
import { expect, onTestFinished, test } from "vitest";
import { basesOfBuiltin } from "../../src/engines/inline/builtin-exceptions.js";
import { realPython } from "../environment/sandbox.js";

const HIERARCHY = `
import builtins, json
untold = (object, BaseException)
kinds = {name: kind for name, kind in vars(builtins).items() if isinstance(kind, type) and issubclass(kind, BaseException)}
print(json.dumps({
    kind.__name__: ["builtins." + base.__name__ for base in kind.__mro__[1:] if base not in untold]
    for kind in kinds.values() if not kind.__name__.startswith("_")
}))
`;

test("Python's own exceptions have the bases that they have in Python", () => {
  const hierarchy = JSON.parse(execFileSync(realPython, ["-c", HIERARCHY], { encoding: "utf8" }));

  const ours = Object.keys(hierarchy).map((name) => [name, basesOfBuiltin(name)]);

  expect(Object.fromEntries(ours)).toEqual(hierarchy);
});

test("what is no exception of Python's own has no bases that are known", () => {
  expect(["Timeout", "toString", "__proto__"].map(basesOfBuiltin)).toEqual([undefined, undefined, undefined]);
});

test.each([
  { type: "ConnectionResetError", on: "ConnectionError", retried: true },
  { type: "builtins.ConnectionResetError", on: "OSError", retried: true },
  { type: "requests.exceptions.Timeout", on: "Exception", retried: true },
  { type: "ConnectionResetError", on: "ValueError", retried: false },
  { type: "KeyboardInterrupt", on: "Exception", retried: false },
])("raise($type) under retry({ on: [$on] }) is tried again: $retried", async ({ type, on, retried }) => {
  const engine = inline({
    modules: { model: { same: (values: number[]) => values } },
    faults: ({ attempt }) => (attempt === 1 ? raise(type, "once") : undefined),
  });
  onTestFinished(() => engine.close());
  const session = await engine.session({ setup: () => {} });
  // biome-ignore lint/suspicious/noThenProperty: that is what the option of retry() is called.
  const policy = retry({ on: [on], backoff: 1, then: "reject" });
  const tried = pipe<number>("tried")
    .python<number>("same", { module: "model", function: "same" })
    .onError("same", policy);

  const { outputs, rejected } = await tried.run([1], { session }).collect();

  expect([outputs.default.length, rejected.length]).toEqual(retried ? [1, 0] : [0, 1]);
});
